// Our local APIC and I/O APIC beside QEMU's. QEMU's local APIC can only be reached by a CPU, so a small guest performs a script of accesses there and writes what it reads
// to the debug console. Skipped where there is no qemu-system-x86_64.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import test from "node:test";
import { LAPIC_REGISTER as R } from "../../abi/apic.ts";
import { createTestPc } from "../testing.ts";

/** Multiboot header and 32-bit code, loaded at 1 MiB. It loads a flat GDT and an IDT, then performs records of (operation, address, value) from
 * 0x140000: 1 OUT, 2 IN, 3 store, 4 load, 5 take at most one interrupt (STI, a few NOPs, CLI), 0 end. Operations 2, 4 and 5 write 32 bits to
 * port 0xe9. Every interrupt stub pushes its vector and jumps to 0x1000ac, which keeps it at 0x13fff0 and returns with interrupts off. */
const CODE = Buffer.from(`02b0ad1b00000100fe4f51e40000100000001000000000000000000020001000fa0f0115d80010000f011dde001000ea
360010000800b8100000008ed88ec08ed0bc00001800be000014008b068b56048b5e0883c60c48784874344874364874
38487439c705f0ff1300fffffffffb90eb0090eb0090faa1f0ff1300bae9000000b904000000eec1e8084975f9ebbc89
d8eeebb731c0ecebe3891aebae8b02ebdbbaf400000031c0eef4ebf558a3f0ff130081642408fffdffffcf8d74260090
0000000000000000ffff0000009bcf00ffff00000093cf001700c0001000ff0700001300`.replace(/\s/g, ""), "hex");
const LOAD = 0x100000, COMMON = LOAD + 0xac, STUBS = 0x120000, IDT = 0x130000, SCRIPT = 0x140000;
const END = 0, OUT = 1, IN = 2, STORE = 3, READ = 4, TAKE = 5;

function image(script: readonly number[][]): Buffer {
  const bytes = Buffer.alloc(SCRIPT - LOAD + 12 * (script.length + 1));
  CODE.copy(bytes);
  for (let vector = 0; vector < 256; vector++) {
    const stub = STUBS + 16 * vector, at = stub - LOAD, gate = IDT - LOAD + 8 * vector;
    bytes[at] = 0x68; // push imm32
    bytes.writeUInt32LE(vector, at + 1);
    bytes[at + 5] = 0xe9; // jmp rel32
    bytes.writeInt32LE(COMMON - (stub + 10), at + 6);
    bytes.writeUInt16LE(stub & 0xffff, gate);
    bytes.writeUInt16LE(8, gate + 2);
    bytes.writeUInt16LE(0x8e00, gate + 4);
    bytes.writeUInt16LE(stub >>> 16, gate + 6);
  }
  [...script, [END, 0, 0]].forEach((record, index) => record.forEach((value, part) => bytes.writeUInt32LE(value >>> 0, SCRIPT - LOAD + 12 * index + 4 * part)));
  return bytes;
}

/** What QEMU answers to the script. */
function runQemu(script: readonly number[][]): number[] {
  const folder = mkdtempSync(path.join(tmpdir(), "nvl-lapic-"));
  try {
    const file = path.join(folder, "script.bin");
    writeFileSync(file, image(script));
    const { stdout } = spawnSync("qemu-system-x86_64", ["-accel", "tcg", "-nodefaults", "-display", "none", "-serial", "null", "-global", "apic-common.vapic=off", "-kernel", file,
      "-chardev", "stdio,id=out", "-device", "isa-debugcon,iobase=0xe9,chardev=out", "-device", "isa-debug-exit,iobase=0xf4"],
      { timeout: 60_000, stdio: ["ignore", "pipe", "ignore"], maxBuffer: 1 << 26 });
    return Array.from({ length: stdout.length >> 2 }, (_, index) => stdout.readUInt32LE(4 * index));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The same of ours. */
function runOurs(script: readonly number[][]): number[] {
  const { bus, intr } = createTestPc();
  const answers: number[] = [];
  for (const [operation, address, value] of script) switch (operation) {
    case OUT: bus.pioWrite(address, 1, value); break;
    case IN: answers.push(bus.pioRead(address, 1)); break;
    case STORE: bus.mmioWrite(address, 4, value); break;
    case READ: answers.push(bus.mmioRead(address, 4)); break;
    default: answers.push((intr[0] ? bus.acknowledge() : -1) >>> 0);
  }
  return answers;
}

const skip = spawnSync("qemu-system-x86_64", ["--version"]).status === 0 ? false : "no qemu-system-x86_64";

const at = (register: number) => 0xfee0_0000 + 16 * register;

function random(seed: number) {
  let state = Math.imul(seed, 0x9e3779b1) | 1;
  return (limit: number) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

/** `masks`: by address, the bits that count. */
function compare(script: readonly number[][], masks: ReadonlyMap<number, number> = new Map()) {
  const reads = script.filter(([operation]) => operation === READ || operation === TAKE || operation === IN);
  const theirs = runQemu(script), ours = runOurs(script);
  assert.equal(theirs.length, reads.length, "QEMU performed the whole script");
  ours.forEach((value, index) => {
    const [operation, address] = reads[index], mask = masks.get(address) ?? -1;
    assert.equal((value & mask) >>> 0, (theirs[index] & mask) >>> 0, `answer ${index} (operation ${operation} at 0x${address.toString(16)})`);
  });
}

test("priorities, service, EOI, destinations and local vectors as in QEMU", { skip, timeout: 200_000 }, () => {
  for (const seed of [1, 2, 3]) {
    const next = random(seed);
    const script: number[][] = [[OUT, 0x21, 0xff], [OUT, 0xa1, 0xff]];
    const write = (register: number, value: number) => script.push([STORE, at(register), value]);
    const read = (register: number) => script.push([READ, at(register), 0]);
    for (const [register, value] of [[R.svr, 0x1ff], [R.tpr, 0], [R.lvtLint0, 0x10000], [R.lvtLint1, 0x10000], [R.lvtTimer, 0x10000], [R.lvtError, 0x10000],
      [R.dfr, 0xffff_ffff], [R.ldr, 0x0100_0000], [R.icrHigh, 0]]) write(register, value);
    for (const register of [R.id, R.version]) read(register);
    const vector = () => 16 + next(240);
    for (let count = 0; count < 3000; count++) {
      switch (next(12)) {
        case 0: case 1: write(R.icr, 0x40000 | vector()); break; // to self
        case 2: write(R.icrHigh, next(3) << 24); write(R.icr, vector()); break; // physical
        case 3: write(R.icrHigh, next(0xf0) << 24); write(R.icr, 0x800 | vector()); break; // logical; cluster 15 is every cluster, but not in QEMU
        case 4: write(R.icr, 0x80000 | vector()); break; // all
        case 5: write(R.tpr, next(2) ? next(256) : next(64)); read(R.ppr); read(R.tpr); break;
        case 6: case 7: script.push([TAKE, 0, 0]); read(R.ppr); break;
        case 8: write(R.eoi, 0); read(R.ppr); break;
        case 9: for (let word = 0; word < 8; word++) for (const bank of [R.irr, R.isr, R.tmr]) read(bank + word); break;
        case 10: write(R.ldr, next(256) << 24); write(R.dfr, [0xffff_ffff, 0x0fff_ffff][next(2)]); read(R.ldr); read(R.dfr); break;
        default: {
          const register = [R.lvtThermal, R.lvtPerformance, R.lvtLint1, R.lvtError][next(4)];
          write(register, 0x10000 | vector());
          read(register);
          read(R.icr);
          read(R.svr);
        }
      }
    }
    compare(script);
  }
});

test("edges and levels through the I/O APIC as in QEMU", { skip, timeout: 200_000 }, () => {
  const IOAPIC = 0xfec0_0000, PIN = 4, IER = 0x3f9, IIR = 0x3fa, LEVEL = 0x8000, MASKED = 0x10000;
  for (const seed of [4, 5, 6]) {
    const next = random(seed);
    // the serial port holds its line while a THR-empty interrupt is due: that is our device
    const script: number[][] = [[OUT, 0x21, 0xff], [OUT, 0xa1, 0xff], [OUT, 0x3fb, 3], [OUT, 0x3fc, 8], [OUT, IER, 0], [STORE, at(R.svr), 0x1ff], [STORE, at(R.tpr), 0]];
    const setLine = (level: boolean) => script.push([OUT, IER, 0], [IN, IIR, 0], ...(level ? [[OUT, IER, 2]] : []));
    const access = (register: number, operation: number, value = 0) => script.push([STORE, IOAPIC, register], [operation, IOAPIC + 0x10, value]);
    access(0x10 + 2 * PIN, STORE, MASKED);
    access(0x11 + 2 * PIN, STORE, 0);
    for (let count = 0; count < 2000; count++) switch (next(8)) {
      case 0: case 1: {
        const level = next(2) ? LEVEL : 0, masked = next(4) ? 0 : MASKED;
        setLine(false); // what an edge under a mask does differs: here it is lost (82093AA), there it waits
        access(0x10 + 2 * PIN, STORE, level | masked | (16 + next(240)));
        if (level || !masked) setLine(next(2) === 1);
        break;
      }
      case 2: script.push([IN, IIR, 0]); break; // served: the line falls
      case 3: script.push([STORE, at(R.eoi), 0]); break;
      case 4: case 5: script.push([TAKE, 0, 0]); break;
      case 6: access(0x10 + 2 * PIN, READ); break;
      default: for (let word = 0; word < 8; word++) for (const bank of [R.irr, R.isr, R.tmr]) script.push([READ, at(bank + word), 0]);
    }
    compare(script, new Map([[IIR, 0x0f]]));
  }
});
