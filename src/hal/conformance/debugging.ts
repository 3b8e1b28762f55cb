// Breakpoints, watchpoints and single steps of a debugger: where they stop, and that the guest cannot tell.

import type { Stops, Watchpoint } from "../debug.ts";
import { STOPPED_BREAKPOINT, STOPPED_WATCHPOINT } from "../debug.ts";
import { createLongRig, createRealRig, equal, handlerOf, LONG_CODE, LONG_STACK, REAL_CODE, words, type ConformanceCase, type Rig } from "./rig.ts";

const HLT = 0xf4, STI = 0xfb, INC_AX = 0x40, INC_BX = 0x43, IRET = 0xcf;
const DATA = 0x60000;
const TF = 0x100, IF = 0x200;

/** Adds RCX to RAX until RCX is 0, keeps the sum at [RBX], then halts. */
const LOOP = [
  0x48, 0x01, 0xc8, //       add rax, rcx
  0x48, 0x89, 0x03, //       mov [rbx], rax
  0x48, 0xff, 0xc9, //       dec rcx
  0x75, 0xf5, //             jnz to the add
  HLT,
];
const STORE = 3, DECREMENT = 6, END = 11;

function loop(engine: Parameters<typeof createLongRig>[0], rounds: number): Rig {
  const rig = createLongRig(engine, LOOP);
  rig.set({ rax: 0, rbx: DATA, rcx: rounds });
  return rig;
}
const at = ({ state }: Rig) => Number(state.read("rip")) - LONG_CODE;
const stopped = ({ state }: Rig) => Number(state.readField("stopped"));
const stops = (breakpoints: readonly number[], watchpoints: readonly Watchpoint[] = []): Stops => ({ breakpoints: breakpoints.map(BigInt), watchpoints });
const watch = (address: number, bytes: number, access: Watchpoint["access"]) => stops([], [{ address: BigInt(address), bytes, access }]);
const MANY = 1_000_000;

export const DEBUGGING: readonly ConformanceCase[] = [
  { name: "a breakpoint stops before its instruction, each time, and a step gets over it", run: (engine) => {
    const rig = loop(engine, 5), { vcpu, state } = rig;
    vcpu.setStops(stops([LONG_CODE + DECREMENT]));
    for (let round = 5; round > 0; round--) {
      equal(vcpu.run(MANY).reason, "debug", "reason");
      equal([at(rig), stopped(rig), state.read("rcx"), vcpu.retired()], [DECREMENT, STOPPED_BREAKPOINT, BigInt(round), 4 * (5 - round) + 2], `round ${round}`);
      equal(vcpu.run(MANY).reason, "debug", "a run that begins there leaves at once");
      equal(vcpu.retired(), 4 * (5 - round) + 2, "nothing executed");
      equal([vcpu.step().reason, at(rig), vcpu.retired()], ["budget", DECREMENT + 3, 4 * (5 - round) + 3], "step");
    }
    equal([vcpu.run(MANY).reason, at(rig), state.read("rax")], ["hlt", END + 1, 15n], "end");
  } },
  { name: "breakpoints come and go in code that has run often", run: (engine) => {
    const rig = loop(engine, 3000), { vcpu, state } = rig;
    equal(vcpu.run(4 * 1000).reason, "budget", "hot");
    vcpu.setStops(stops([LONG_CODE + STORE]));
    equal([vcpu.run(MANY).reason, at(rig), state.read("rcx")], ["debug", STORE, 2000n], "stops");
    vcpu.setStops(stops([]));
    equal([vcpu.run(4 * 1000).reason, at(rig), state.read("rcx")], ["budget", STORE, 1000n], "runs on");
    vcpu.setStops(stops([LONG_CODE + STORE, LONG_CODE + END]));
    equal([vcpu.run(MANY).reason, at(rig)], ["debug", STORE], "stops again");
    vcpu.setStops(stops([LONG_CODE + END]));
    equal([vcpu.run(MANY).reason, at(rig), state.read("rcx")], ["debug", END, 0n], "at the end");
    equal([vcpu.step().reason, at(rig)], ["hlt", END + 1], "step of HLT");
  } },
  { name: "a breakpoint is a linear address: the same offset in another page, or in another mapping, is none", run: (engine) => {
    const rig = loop(engine, 2), other = LONG_CODE + 0x1000;
    rig.memory.write(other, Uint8Array.from(LOOP));
    rig.vcpu.setStops(stops([other + DECREMENT, LONG_CODE + DECREMENT + 0x200000]));
    equal([rig.vcpu.run(MANY).reason, at(rig)], ["hlt", END + 1], "not here");
    rig.set({ rip: other, rcx: 2 });
    rig.state.writeField("activity", 0n);
    equal([rig.vcpu.run(MANY).reason, rig.state.read("rip")], ["debug", BigInt(other + DECREMENT)], "there");
  } },
  { name: "a breakpoint on an instruction that crosses pages", run: (engine) => {
    const rig = createLongRig(engine, []), place = LONG_CODE + 0xffe;
    rig.code(place, [0x48, 0xff, 0xc0, 0x48, 0xff, 0xc3, HLT]); // inc rax; inc rbx
    rig.set({ rax: 0, rbx: 0 });
    rig.vcpu.setStops(stops([place, place + 3]));
    equal([rig.vcpu.run(MANY).reason, rig.state.read("rip"), rig.state.read("rax")], ["debug", BigInt(place), 0n], "before");
    equal([rig.vcpu.step().reason, rig.state.read("rip"), rig.state.read("rax")], ["budget", BigInt(place + 3), 1n], "step");
    equal([rig.vcpu.run(MANY).reason, rig.state.read("rbx")], ["debug", 0n], "behind");
  } },
  { name: "a breakpoint in real mode counts from the base of CS", run: (engine) => {
    const rig = createRealRig(engine, []);
    rig.code(0x2345, [INC_AX, INC_BX, HLT]);
    rig.state.writeSegment("cs", { selector: 0x200, base: 0x2000n, limit: 0xffff, attributes: 0x9b });
    rig.set({ rip: 0x345 });
    rig.vcpu.setStops(stops([0x2346]));
    equal([rig.vcpu.run(MANY).reason, rig.state.read("rip"), rig.state.read("rax"), rig.state.read("rbx")], ["debug", 0x346n, 1n, 0n], "there");
  } },
  { name: "a breakpoint behind STI keeps the interrupt waiting for that instruction", run: (engine) => {
    const rig = createRealRig(engine, [STI, INC_AX, INC_BX, HLT]);
    rig.memory.write(handlerOf(0x20), Uint8Array.of(HLT));
    rig.wires.vector = 0x20;
    rig.vcpu.setInterruptLine(true);
    rig.vcpu.setStops(stops([REAL_CODE + 1]));
    equal([rig.vcpu.run(MANY).reason, rig.state.read("rip")], ["debug", BigInt(REAL_CODE + 1)], "stop");
    equal([rig.vcpu.run(MANY).reason, rig.state.read("rip")], ["debug", BigInt(REAL_CODE + 1)], "still there");
    rig.vcpu.setStops(stops([]));
    equal(rig.vcpu.run(MANY).reason, "hlt", "in the handler");
    equal([rig.state.read("rax"), rig.state.read("rbx")], [1n, 0n], "one instruction behind STI");
  } },
  { name: "a breakpoint does not disturb a guest that single-steps itself", run: (engine) => {
    const rig = createRealRig(engine, [INC_AX, INC_AX, INC_AX, HLT]);
    rig.memory.write(handlerOf(1), Uint8Array.of(INC_BX, IRET));
    rig.set({ rflags: TF });
    rig.vcpu.setStops(stops([REAL_CODE + 1]));
    equal([rig.vcpu.run(MANY).reason, rig.state.read("rip"), rig.state.read("rbx")], ["debug", BigInt(REAL_CODE + 1), 1n], "stop");
    equal(rig.vcpu.run(MANY).reason, "debug", "still there");
    rig.vcpu.setStops(stops([]));
    equal(rig.vcpu.run(6).reason, "budget", "end");
    equal([rig.state.read("rax"), rig.state.read("rbx")], [3n, 3n], "a trap behind each instruction, and no other");
  } },
  { name: "a step executes its instruction though an interrupt waits, which comes next", run: (engine) => {
    const rig = createRealRig(engine, [INC_AX, INC_AX, HLT]);
    rig.memory.write(handlerOf(0x20), Uint8Array.of(HLT));
    rig.set({ rflags: IF });
    rig.wires.vector = 0x20;
    rig.vcpu.setInterruptLine(true);
    equal([rig.vcpu.step().reason, rig.state.read("rax"), rig.state.read("rip")], ["budget", 1n, BigInt(REAL_CODE + 1)], "step");
    equal([rig.vcpu.run(MANY).reason, rig.state.read("rax")], ["hlt", 1n], "the interrupt");
  } },
  { name: "a step of a fault ends in its handler", run: (engine) => {
    const rig = createLongRig(engine, [0x0f, 0x0b]); // ud2
    equal([rig.vcpu.step().reason, rig.state.read("rip"), rig.vcpu.retired()], ["budget", BigInt(handlerOf(6)), 1], "handler");
  } },
  { name: "a step of a repeated instruction is one iteration", run: (engine) => {
    const rig = createLongRig(engine, [0xf3, 0xa4, HLT]); // rep movsb
    rig.set({ rcx: 3, rsi: DATA, rdi: DATA + 0x100 });
    for (const left of [2n, 1n]) equal([rig.vcpu.step().reason, rig.state.read("rcx"), at(rig)], ["budget", left, 0], "iteration");
    equal([rig.vcpu.step().reason, rig.state.read("rcx"), at(rig)], ["budget", 0n, 2], "the last");
  } },
  { name: "a watchpoint on writes stops behind each of them", run: (engine) => {
    const rig = loop(engine, 2000), { vcpu, state } = rig;
    equal(vcpu.run(4 * 1000).reason, "budget", "hot");
    vcpu.setStops(watch(DATA + 2, 2, "write"));
    for (const left of [1000n, 999n, 998n]) {
      const exit = vcpu.run(MANY);
      equal([exit.reason, exit.detail, stopped(rig), at(rig), state.read("rcx")], ["debug", BigInt(DATA + 2), STOPPED_WATCHPOINT, DECREMENT, left], "stop");
      equal(words(rig, DATA, 1)[0], state.read("rax"), "written");
    }
    vcpu.setStops(stops([]));
    equal([vcpu.run(MANY).reason, state.read("rax")], ["hlt", 2001000n], "end");
  } },
  { name: "reads and writes are told apart, and what is beside a watchpoint is not it", run: (engine) => {
    const code = [0x8b, 0x06, 0x89, 0x06, 0x83, 0x06, 1, 0x8b, 0x46, 4, HLT]; // mov eax, [rsi]; mov [rsi], eax; add dword [rsi], 1; mov eax, [rsi + 4]
    for (const [access, places] of [["read", [2, 7]], ["write", [4, 7]], ["any", [2, 4, 7]]] as const) {
      const rig = createLongRig(engine, code);
      rig.set({ rsi: DATA });
      rig.vcpu.setStops(watch(DATA, 4, access));
      for (const place of places) equal([rig.vcpu.run(MANY).reason, at(rig)], ["debug", place], access);
      equal(rig.vcpu.run(MANY).reason, "hlt", "end");
    }
  } },
  { name: "a watchpoint in the middle of data that is read again and again", run: (engine) => {
    // mov ecx, 1024; loop: add rax, [rsi + rcx * 8 - 8]; dec ecx; jnz loop; dec edx; jnz begin; hlt
    const rig = createLongRig(engine, [0xb9, 0, 4, 0, 0, 0x48, 0x03, 0x44, 0xce, 0xf8, 0xff, 0xc9, 0x75, 0xf7, 0xff, 0xca, 0x75, 0xee, HLT]);
    rig.set({ rsi: DATA, rdx: 20 });
    const turn = 3 * 1024 + 3;
    equal(rig.vcpu.run(10 * turn).reason, "budget", "hot");
    rig.vcpu.setStops(watch(DATA + 0x1230, 8, "read"));
    for (const left of [10n, 9n, 8n]) equal([rig.vcpu.run(MANY).reason, rig.state.read("rcx"), rig.state.read("rdx"), at(rig)], ["debug", 0x1238n / 8n, left, 10], "stop");
    rig.vcpu.setStops(stops([]));
    equal([rig.vcpu.run(MANY).reason, rig.vcpu.retired()], ["hlt", 20 * turn + 1], "end");
  } },
  { name: "a watchpoint stops at a push, behind an element of a repeated move, and at what the processor pushes", run: (engine) => {
    const push = createLongRig(engine, [0x50, 0xe8, 1, 0, 0, 0, HLT, HLT]); // push rax; call +1
    push.vcpu.setStops(watch(LONG_STACK - 16, 16, "write"));
    equal([push.vcpu.run(MANY).reason, at(push)], ["debug", 1], "push");
    equal([push.vcpu.run(MANY).reason, at(push)], ["debug", 7], "call");

    const move = createLongRig(engine, [0xf3, 0xa4, HLT]);
    move.set({ rcx: 0x3000, rsi: DATA, rdi: DATA + 0x4000 });
    move.vcpu.setStops(watch(DATA + 0x5123, 1, "write"));
    equal([move.vcpu.run(MANY).reason, move.state.read("rdi"), at(move)], ["debug", BigInt(DATA + 0x5124), 0], "move");
    equal([move.vcpu.run(MANY).reason, move.state.read("rcx")], ["hlt", 0n], "end");

    const fault = createLongRig(engine, [0x0f, 0x0b]);
    fault.vcpu.setStops(watch(LONG_STACK - 8, 8, "write"));
    equal([fault.vcpu.run(MANY).reason, fault.state.read("rip")], ["debug", BigInt(handlerOf(6))], "exception");
  } },
  { name: "an access that faults meets no watchpoint", run: (engine) => {
    const rig = createLongRig(engine, [0x48, 0x89, 0x06, HLT]); // mov [rsi], rax
    rig.set({ rsi: 0x4000_0000 });
    rig.vcpu.setStops(watch(0x4000_0000, 8, "any"));
    equal([rig.vcpu.run(MANY).reason, rig.state.read("rip")], ["hlt", BigInt(handlerOf(14) + 1)], "#PF");
  } },
  { name: "nothing of a debugger is in the guest", run: (engine) => {
    const plain = loop(engine, 50), watched = loop(engine, 50);
    plain.vcpu.run(MANY);
    watched.vcpu.setStops({ breakpoints: [BigInt(LONG_CODE + STORE)], watchpoints: [{ address: BigInt(DATA), bytes: 8, access: "any" }] });
    for (let reason = ""; reason !== "hlt";) {
      reason = watched.vcpu.run(MANY).reason;
      if (reason === "debug" && stopped(watched) === STOPPED_BREAKPOINT) watched.vcpu.step();
    }
    const all = ({ state, vcpu, memory }: Rig) => [...["rip", "rax", "rbx", "rcx", "rsp", "rflags", "cr0", "cr3"].map((name) => state.read(name as "rax")),
      state.readField("dr", 6), state.readField("dr", 7), vcpu.retired(), ...memory.read(LONG_CODE, 16), ...memory.read(DATA, 16)];
    equal(all(watched), all(plain), "state");
  } },
];
