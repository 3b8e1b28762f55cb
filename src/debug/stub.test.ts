import assert from "node:assert/strict";
import test from "node:test";
import { openEngines } from "../conformance/engines.ts";
import { createRandom } from "../conformance/random.ts";
import { createLongRig, LONG_CODE, LONG_PAGE_TABLES } from "../hal/conformance/rig.ts";
import { linearMemory } from "./linear.ts";
import { bytesOf, createPacketReader, latin1, packet } from "./packet.ts";
import { REGISTERS, TARGET_XML } from "./registers.ts";
import { createStub } from "./stub.ts";
import type { DebugTarget } from "./target.ts";

/** add rax, rcx; mov [rbx], rax; dec rcx; jnz; hlt */
const LOOP = [0x48, 0x01, 0xc8, 0x48, 0x89, 0x03, 0x48, 0xff, 0xc9, 0x75, 0xf5, 0xf4];
const DATA = 0x60000;

function session(engine = openEngines(["interp"])[0]) {
  const rig = createLongRig(engine, LOOP), { vcpu, state, memory } = rig;
  rig.set({ rax: 0, rbx: DATA, rcx: 10 });
  const log: string[] = [];
  const target: DebugTarget = {
    states: [state], memory, setStops: vcpu.setStops, wrote: vcpu.invalidateCode,
    step: (index) => vcpu.step().reason === "debug" ? { stopped: index } : "executed",
    freeze: (frozen) => { log.push(frozen ? "freeze" : "thaw"); }, reset: () => { log.push("reset"); }, end: () => { log.push("end"); },
  };
  let sent: number[] = [];
  const stub = createStub(target, (bytes) => { sent.push(...bytes); });
  /** Sends packets and lets the guest run as it shall. @returns what came back, without acknowledgements */
  const ask = (...texts: string[]): string[] => {
    for (const text of texts) {
      stub.receive(packet(text));
      for (let left = 1000; left > 0 && stub.state === "stepping"; left--) stub.proceed();
      if (stub.state === "running" && vcpu.run(1_000_000).reason === "debug") stub.stopped(0);
    }
    const events = createPacketReader()(Uint8Array.from(sent));
    sent = [];
    return events.map((event) => event.kind === "packet" ? event.text : event.kind);
  };
  stub.connected();
  return { ...rig, stub, ask, log, target };
}
const le = (value: bigint | number, bytes: number) => { let text = ""; for (let i = 0; i < bytes; i++) text += Number((BigInt(value) >> BigInt(8 * i)) & 0xffn).toString(16).padStart(2, "0"); return text; };
const number = (name: string) => REGISTERS.findIndex((register) => register.name === name).toString(16);

test("registers, memory, breakpoints, steps", () => {
  const { ask, state } = session();
  assert.match(ask("?")[0], /^T05thread:1;/);
  assert.deepEqual(ask(`p${number("rcx")}`), [le(10, 8)]);
  assert.deepEqual(ask(`P${number("rcx")}=${le(3, 8)}`), ["OK"]);
  assert.deepEqual(ask(`m${LONG_CODE.toString(16)},3`), ["4801c8"]);
  assert.deepEqual(ask(`Z0,${(LONG_CODE + 6).toString(16)},1`), ["OK"]);
  assert.match(ask("vCont;c")[0], /^T05thread:1;swbreak:;/);
  assert.deepEqual([state.read("rip"), state.read("rax"), state.read("rcx")], [BigInt(LONG_CODE + 6), 3n, 3n]);
  assert.match(ask("vCont;s:1")[0], /^T05thread:1;0/);
  assert.equal(state.read("rip"), BigInt(LONG_CODE + 9));
  assert.match(ask("c")[0], /swbreak/);
  assert.match(ask("c")[0], /swbreak/, "it gets over the breakpoint that it stands at");
  assert.deepEqual([state.read("rcx"), state.read("rax")], [1n, 6n]);
  assert.deepEqual(ask(`z0,${(LONG_CODE + 6).toString(16)},1`, `Z2,${DATA.toString(16)},8`, `P${number("rcx")}=${le(5, 8)}`), ["OK", "OK", "OK"]);
  assert.match(ask("c")[0], new RegExp(`watch:${DATA.toString(16)};`));
  assert.match(ask(`vCont;r${LONG_CODE.toString(16)},${(LONG_CODE + 3).toString(16)}:1`)[0], /^T05/);
  assert.equal(ask("D")[0], "OK");
  assert.equal(state.read("rip"), BigInt(LONG_CODE + 12), "it ran on to its end");
});

test("writes to memory reach code, and nothing but RAM", () => {
  const { ask, state } = session();
  assert.deepEqual(ask(`M${LONG_CODE.toString(16)},1:f4`, `X${(LONG_CODE + 1).toString(16)},2:\xf4}`, `m${LONG_CODE.toString(16)},3`), ["OK", "OK", "f4f47d"]);
  ask("c");
  assert.equal(state.read("rip"), BigInt(LONG_CODE + 1));
  assert.deepEqual(ask("m400000,4", "Mfee00000,1:00", "m7fffffff0000,1", "M3ffffe,4:01020304"), ["E0e", "E0e", "E0e", "E0e"]);
  assert.deepEqual(ask("m3ffffe,4"), ["0000"], "up to the end of memory");
});

test("looking at memory leaves no trace in the page tables, and finds what the processor finds", () => {
  const { memory, state } = session();
  const before = memory.read(LONG_PAGE_TABLES.pml4, 0x3000), linear = linearMemory(state, memory);
  assert.deepEqual(linear.read(BigInt(LONG_CODE), 12), Uint8Array.from(LOOP));
  assert.equal(linear.translate(0x654321n)?.gpa, 0x600000n);
  assert.equal(linear.translate(0x8000_0000_0000n), undefined);
  assert.deepEqual([...linear.mappings()].map((page) => [page.linear, page.gpa, page.bytes]), [0n, 1n, 2n, 3n].map((page) => [page << 21n, page << 21n, 1n << 21n]).concat([[0xfee00000n, 0xfee00000n, 1n << 21n]]));
  assert.deepEqual(memory.read(LONG_PAGE_TABLES.pml4, 0x3000), before);
});

test("the description has every register once, in the order of their numbers", () => {
  const numbers = [...TARGET_XML.matchAll(/<reg name="(\w+)" bitsize="(\d+)".*? regnum="(\d+)"/g)].map(([, name, bits, at]) => [name, Number(bits), Number(at)]);
  assert.deepEqual(numbers, REGISTERS.map(({ name, bytes }, index) => [name, 8 * bytes, index]));
  const { ask, state } = session();
  let text = "";
  for (let offset = 0; !text.endsWith("</target>\n"); offset += 100) text += ask(`qXfer:features:read:target.xml:${offset.toString(16)},64`)[0].slice(1);
  assert.equal(text, TARGET_XML);
  assert.equal(ask("g")[0].length, 2 * REGISTERS.reduce((sum, { bytes }) => sum + bytes, 0));
  state.writeXmm(3, 0x1234n << 100n);
  const all = ask("g")[0];
  assert.deepEqual(ask(`G${all}`, "g"), ["OK", all]);
});

test("a lost checksum is asked for again, and acknowledgements end when the debugger wants it", () => {
  const { stub, ask } = session();
  stub.receive(latin1("$?#00"));
  assert.deepEqual(ask("QStartNoAckMode", "qC"), ["refused", "OK", "QC1"]);
});

test("monitor commands", () => {
  const { ask, log } = session(), text = (command: string) => ask(`qRcmd,${[...command].map((one) => one.charCodeAt(0).toString(16)).join("")}`).map((part) => part === "OK" ? "" : String.fromCharCode(...bytesOf(part.slice(1))!)).join("");
  assert.match(text("help"), /info tlb/);
  assert.match(text("info registers"), /^RAX 0{16} {2}RCX 000000000000000a/);
  assert.match(text("info mem"), /^0{16}-0000000000800000 0000000000800000 urwx\n00000000fee00000/);
  assert.equal(text("info tlb").split("\n").length, 6);
  text("system_reset");
  assert.ok(log.includes("reset"));
  assert.match(text("nonsense"), /no such command/);
});

test("Ctrl-C holds a guest that runs, and a debugger that goes lets it go", () => {
  const { stub, ask } = session();
  stub.receive(packet("c"));
  assert.equal(stub.state, "running");
  stub.receive(Uint8Array.of(3));
  assert.equal(stub.state, "held");
  assert.match(ask().at(-1)!, /^T02/);
  stub.disconnected();
  assert.equal(stub.state, "running");
});

test("nonsense gets an answer or none, never an exception, and no answer is endless", () => {
  const words = ["g", "G", "p", "P", "m", "M", "X", "z0", "Z0", "Z2", "Z4", "c", "s", "C05", "S05", "H", "T", "vCont;", "vCont?", "vKill", "qXfer:features:read:", "qXfer:threads:read::", "qRcmd,", "qSupported:", "qThreadExtraInfo,", "QStartNoAckMode", "Qqemu.PhyMemMode:1", "D", "?", "!", "target.xml", "r", ":", ",", ";", "=", "ffffffffffffffff", "ffffffff80000000", "30000", "1", "0", "-1", "p1.1"];
  for (let seed = 0; seed < 3000; seed++) {
    const random = createRandom(seed, "stub"), { stub } = random.below(50) === 0 || seed === 0 ? (last = session()) : last!;
    const text = Array.from({ length: 1 + random.below(6) }, () => random.below(4) === 0 ? String.fromCharCode(random.below(256)) : words[random.below(words.length)]).join("");
    if (stub.state !== "held") stub.connected();
    stub.receive(random.below(10) === 0 ? latin1(text) : packet(text));
    if (stub.state === "stepping") stub.proceed();
  }
});
let last: ReturnType<typeof session> | undefined;
