// HLT, interrupts, NMI, the interrupt shadow.

import { createLongRig, createRealRig, equal, handlerOf, LONG_CODE, LONG_STACK, REAL_CODE, REAL_STACK, words, type ConformanceCase, type Rig } from "./rig.ts";

const NOP = 0x90, HLT = 0xf4, STI = 0xfb, CLI = 0xfa, INC_AX = 0x40, INC_BX = 0x43, IRET = 0xcf;
const IF = 0x200;

/** Makes an interrupt wait on the line; acknowledging it takes it away. */
function interrupt(rig: Rig, vector: number): void {
  rig.wires.vector = vector;
  rig.wires.onAccess = (entry) => { if (entry === "acknowledge") rig.vcpu.setInterruptLine(false); };
  rig.vcpu.setInterruptLine(true);
}
const savedIp = ({ memory, state }: Rig) => { const [low, high] = memory.read(Number(state.read("rsp") & 0xffffn), 2); return low! | (high! << 8); };
const acknowledged = (rig: Rig) => rig.log.filter((entry) => entry === "acknowledge").length;

export const EVENTS: readonly ConformanceCase[] = [
  { name: "HLT exits, and keeps doing so until something comes", run: (engine) => {
    const { vcpu, state } = createRealRig(engine, [HLT, INC_AX]);
    equal(vcpu.run(10).reason, "hlt", "first");
    equal([vcpu.retired(), state.read("rip")], [1, BigInt(REAL_CODE + 1)], "behind HLT");
    equal(vcpu.run(10).reason, "hlt", "again");
    equal([vcpu.retired(), state.read("rax")], [1, 0n], "nothing executed");
  } },
  { name: "a kick gets through to a halted vCPU and does not wake it", run: (engine) => {
    const { vcpu, state } = createRealRig(engine, [HLT, INC_AX]);
    vcpu.run(10);
    vcpu.kick();
    equal(vcpu.run(10).reason, "kick", "reason");
    equal(vcpu.run(10).reason, "hlt", "still halted");
    equal(state.read("rax"), 0n, "rax");
  } },
  { name: "an interrupt wakes from HLT, and returns behind it", run: (engine) => {
    const rig = createRealRig(engine, [HLT, INC_AX, HLT]);
    rig.set({ rflags: IF });
    rig.vcpu.run(10);
    interrupt(rig, 0x20);
    rig.memory.write(handlerOf(0x20), Uint8Array.of(NOP, IRET));
    equal(rig.vcpu.run(1).reason, "budget", "delivered on entry");
    equal(rig.state.read("rip") + rig.state.readSegment("cs").base, BigInt(handlerOf(0x20) + 1), "in the handler");
    equal(savedIp(rig), REAL_CODE + 1, "saved IP");
    equal(rig.vcpu.run(10).reason, "hlt", "second HLT");
    equal([rig.state.read("rax"), acknowledged(rig)], [1n, 1], "went on once");
  } },
  { name: "with IF clear an interrupt neither wakes nor is acknowledged", run: (engine) => {
    const rig = createRealRig(engine, [HLT, INC_AX]);
    rig.vcpu.run(10);
    interrupt(rig, 0x20);
    equal(rig.vcpu.run(10).reason, "hlt", "reason");
    equal(acknowledged(rig), 0, "acknowledged");
  } },
  { name: "an interrupt that has gone away when it is acknowledged is none", run: (engine) => {
    const rig = createRealRig(engine, [NOP, NOP, HLT]);
    rig.set({ rflags: IF });
    interrupt(rig, -1);
    equal(rig.vcpu.run(2).reason, "budget", "reason");
    equal(rig.state.read("rip"), BigInt(REAL_CODE + 2), "rip");
    rig.vcpu.setInterruptLine(true);
    rig.wires.vector = 0x21;
    rig.vcpu.setInterruptLine(false);
    equal(rig.vcpu.run(5).reason, "hlt", "a withdrawn line");
  } },
  { name: "an interrupt waits for STI and the instruction behind it", run: (engine) => {
    const rig = createRealRig(engine, [NOP, STI, INC_AX, INC_BX, HLT]);
    interrupt(rig, 0x20);
    rig.memory.write(handlerOf(0x20), Uint8Array.of(HLT));
    equal(rig.vcpu.run(20).reason, "hlt", "in the handler");
    equal(rig.state.read("rip") + rig.state.readSegment("cs").base, BigInt(handlerOf(0x20) + 1), "handler");
    equal([savedIp(rig), rig.state.read("rax"), rig.state.read("rbx")], [REAL_CODE + 3, 1n, 0n], "one instruction behind STI");
  } },
  { name: "STI; HLT cannot miss an interrupt", run: (engine) => {
    const rig = createRealRig(engine, [STI, HLT, INC_AX, CLI, HLT]);
    interrupt(rig, 0x20);
    equal(rig.vcpu.run(20).reason, "hlt", "first");
    equal(rig.vcpu.run(20).reason, "hlt", "second");
    equal(rig.state.read("rax"), 1n, "woken");
    equal(rig.state.read("rip"), BigInt(REAL_CODE + 5), "rip");
  } },
  { name: "STI; CLI lets nothing in", run: (engine) => {
    const rig = createRealRig(engine, [STI, CLI, INC_AX, HLT]);
    interrupt(rig, 0x20);
    equal(rig.vcpu.run(20).reason, "hlt", "reason");
    equal([acknowledged(rig), rig.state.read("rax")], [0, 1n], "acknowledged");
  } },
  { name: "MOV SS and POP SS keep interrupts out for one instruction", run: (engine) => {
    for (const load of [[0x8e, 0xd1], [0x17]]) { // mov ss, cx; pop ss
      const rig = createRealRig(engine, [STI, 0xe6, 0x10, ...load, INC_AX, INC_BX, HLT]); // out 0x10, al
      rig.memory.write(REAL_STACK, Uint8Array.of(0, 0));
      rig.memory.write(handlerOf(0x20), Uint8Array.of(HLT));
      const behind = REAL_CODE + 3 + load.length;
      // raised before the load: it comes between STI's shadow and here, so raise it by hand when RIP is at the load
      rig.vcpu.run(2);
      interrupt(rig, 0x20);
      rig.state.write("rflags", 2n);
      rig.vcpu.run(1);
      rig.state.write("rflags", BigInt(IF | 2));
      equal(rig.state.read("rip"), BigInt(behind), "behind the load");
      equal(rig.vcpu.run(20).reason, "hlt", "in the handler");
      equal([savedIp(rig), rig.state.read("rax"), rig.state.read("rbx")], [behind + 1, 1n, 0n], `shadow of ${load.join(" ")}`);
    }
  } },
  { name: "a device's interrupt is taken at the next branch at the latest", run: (engine) => {
    const rig = createRealRig(engine, [0xe6, 0x10, NOP, 0xeb, 0, INC_AX, HLT]); // out 0x10, al; nop; jmp
    rig.set({ rflags: IF });
    rig.memory.write(handlerOf(0x33), Uint8Array.of(HLT));
    rig.wires.vector = 0x33;
    rig.wires.onAccess = (entry) => rig.vcpu.setInterruptLine(entry !== "acknowledge");
    equal(rig.vcpu.run(20).reason, "hlt", "in the handler");
    equal(rig.state.read("rax"), 0n, "not beyond the branch");
  } },
  { name: "a loop without exits takes interrupts", run: (engine) => {
    const rig = createRealRig(engine, [0xe6, 0x10, INC_AX, 0x75, 0xfd, INC_BX, 0xeb, 0xfa]); // out; 1: inc ax; jnz 1b; inc bx; jmp 1b
    rig.set({ rflags: IF });
    rig.memory.write(handlerOf(0x20), Uint8Array.of(HLT));
    rig.vcpu.run(5000);
    interrupt(rig, 0x20);
    equal(rig.vcpu.run(1000).reason, "hlt", "reason");
  } },
  { name: "in long mode the frame has SS, RSP, RFLAGS, CS and RIP, on an aligned stack", run: (engine) => {
    const rig = createLongRig(engine, [NOP]);
    rig.set({ rflags: IF | 0x8d7, rsp: LONG_STACK - 3 });
    interrupt(rig, 0x40);
    equal(rig.vcpu.run(5).reason, "hlt", "in the handler");
    equal(rig.state.read("rsp"), BigInt(LONG_STACK - 16 - 40), "rsp");
    equal(words(rig, rig.state.read("rsp"), 5), [BigInt(LONG_CODE), 8n, BigInt(IF | 0x8d7), BigInt(LONG_STACK - 3), 16n], "frame");
    equal(rig.state.read("rflags"), 0x8d7n, "IF is clear");
  } },
  { name: "an NMI comes whatever IF says, and the next one only after IRET", run: (engine) => {
    const rig = createRealRig(engine, [NOP, INC_AX, HLT]);
    rig.memory.write(handlerOf(2), Uint8Array.of(INC_BX, NOP, IRET));
    rig.vcpu.injectNmi();
    equal(rig.vcpu.run(1).reason, "budget", "first instruction of the handler");
    equal(rig.state.read("rbx"), 1n, "in the handler");
    rig.vcpu.injectNmi();
    rig.vcpu.run(1);
    equal(rig.state.read("rip") + rig.state.readSegment("cs").base, BigInt(handlerOf(2) + 2), "not interrupted");
    rig.vcpu.run(2); // IRET, then the second NMI's INC
    equal(rig.state.read("rbx"), 2n, "the second");
    equal(rig.vcpu.run(20).reason, "hlt", "the end");
    equal([rig.state.read("rax"), rig.state.read("rbx")], [1n, 2n], "both have returned");
  } },
  { name: "an NMI wakes from HLT", run: (engine) => {
    const rig = createRealRig(engine, [HLT, INC_AX, HLT]);
    rig.vcpu.run(5);
    rig.vcpu.injectNmi();
    equal(rig.vcpu.run(20).reason, "hlt", "reason");
    equal(rig.state.read("rax"), 1n, "rax");
  } },
];
