// Random sequences of SSE instructions, with conditional jumps, go alike on all engines: what is known of a register behind one instruction
// is used by the next.
import assert from "node:assert/strict";
import test from "node:test";
import { createBare } from "../bare.ts";
import { openEngines } from "../engines.ts";
import { createRandom } from "../random.ts";

const DATA = 0x40000, SEQUENCES = 150, LENGTH = 24, ROUNDS = 4;
/** prefix and opcode of `xmm, xmm/m` */
const SCALAR = [0x58, 0x59, 0x5c, 0x5d, 0x5e, 0x5f, 0x51, 0x10, 0x5a], PACKED = [0x58, 0x59, 0x5c, 0x5d, 0x5e, 0x5f, 0x28, 0x57, 0x54, 0x14, 0x5b, 0x2e, 0x2f, 0xc6];
const INTEGER = [0xef, 0xfe, 0xd4, 0x6f, 0x6c, 0x70];
const NUMBERS = [0n, 0x3ff0000000000000n, 0xbff8000000000000n, 0x4008000000000000n, 0x3f8000003f800000n, 0x40400000bfc00000n, 0x7ff0000000000000n, 0x0010000000000000n, 1n, 0x3e00000012345678n];

function program(pick: (below: number) => number): number[] {
  const instruction = (): number[] => {
    const reg = pick(4), rm = pick(3) === 0 ? undefined : pick(4);
    const operands = rm === undefined ? [0x47 | reg << 3, pick(4) * 16] : [0xc0 | reg << 3 | rm]; // [r15 + n]
    const rex = rm === undefined ? [0x41] : [];
    const row = (prefix: number[], opcode: number) => [...prefix, ...rex, 0x0f, opcode, ...operands, ...(opcode === 0xc6 || opcode === 0x70 ? [pick(256)] : opcode === 0xc2 ? [pick(8)] : [])];
    switch (pick(9)) {
      case 0: case 1: return row([0xf2], SCALAR[pick(SCALAR.length)]);
      case 2: return row([0xf3], SCALAR[pick(SCALAR.length)]);
      case 3: return row(pick(2) ? [0x66] : [], PACKED[pick(PACKED.length)]);
      case 4: return row([0x66], INTEGER[pick(INTEGER.length)]);
      case 5: return row([[0xf2], [0xf3], [0x66], []][pick(4)], 0xc2);
      case 6: return row([pick(2) ? 0xf2 : 0xf3], pick(2) ? 0x11 : 0x10);
      case 7: return [pick(2) ? 0xf2 : 0xf3, 0x48, 0x0f, pick(2) ? 0x2a : 0x2c, 0xc0 | reg << 3]; // with RAX, or from XMM0 to a register that is no other's
      default: return [0x66, 0x48, 0x0f, pick(2) ? 0x6e : 0x7e, 0xc0 | reg << 3]; // RAX
    }
  };
  const code: number[] = [];
  for (let index = 0; index < LENGTH; index++) {
    if (pick(5) === 0) { // over one instruction, behind a comparison or not
      const skipped = instruction();
      if (pick(2)) code.push(...(pick(2) ? [0x66] : []), 0x0f, pick(2) ? 0x2e : 0x2f, 0xc0 | pick(4) << 3 | pick(4));
      code.push(0x70 + [2, 3, 4, 5, 6, 7, 10, 11, 12, 15][pick(10)], skipped.length, ...skipped);
    } else code.push(...instruction());
  }
  // several rounds, so that compiled code is entered; RSI counts
  code.push(0x48, 0xff, 0xce, 0x0f, 0x85);
  const back = -(code.length + 4);
  return [...code, back & 0xff, back >> 8 & 0xff, back >> 16 & 0xff, back >> 24 & 0xff, 0xf4];
}

test("random sequences of SSE instructions", () => {
  const machines = openEngines(["oracle", "interp", "jit"]).map((engine) => ({ name: engine.name, bare: createBare(engine, "long") }));
  for (let seed = 0; seed < SEQUENCES; seed++) {
    const pick = createRandom(seed, "float sequence").below, code = program(pick);
    const numbers = Array.from({ length: 16 }, () => NUMBERS[pick(NUMBERS.length)]), mxcsr = [0x1f80n, 0x1fa0n, 0x1fa0n, 0x9fe0n][pick(4)];
    const outcomes = machines.map(({ bare }) => {
      const view = new DataView(bare.ram.buffer, bare.ram.byteOffset);
      bare.load(code);
      bare.vcpu.invalidateCode(0x8000, 0x1000);
      numbers.forEach((number, index) => view.setBigUint64(DATA + 8 * index, number, true));
      bare.set({ rax: 5, rcx: 0, rdx: 0, rbx: 0, rsi: ROUNDS, r15: DATA, rflags: 2 });
      bare.vcpu.state.writeField("activity", 0n);
      bare.vcpu.state.writeField("mxcsr", mxcsr);
      for (let index = 0; index < 4; index++) bare.vcpu.state.writeField("xmm", numbers[index] << 64n | numbers[index + 4], index);
      const { reason } = bare.vcpu.run(10_000);
      return { reason, rflags: bare.get("rflags"), rax: bare.get("rax"), rcx: bare.get("rcx"), rdx: bare.get("rdx"), rbx: bare.get("rbx"), rsi: bare.get("rsi"), mxcsr: bare.vcpu.state.readField("mxcsr"),
        xmm: [0, 1, 2, 3].map((index) => bare.vcpu.state.readField("xmm", index)), memory: Buffer.from(bare.ram.subarray(DATA, DATA + 128)).toString("hex") };
    });
    outcomes.forEach((outcome, index) => assert.deepEqual(outcome, outcomes[0], `${machines[index].name}, sequence ${seed}: ${code.map((byte) => byte.toString(16).padStart(2, "0")).join(" ")}`));
    assert.equal(outcomes[0].reason, "hlt");
  }
});
