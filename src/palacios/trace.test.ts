import assert from "node:assert/strict";
import test from "node:test";
import type { TraceEvent } from "../hal/trace.ts";
import { traceLine } from "./trace.ts";

const names = { device: () => "com1", interrupt: (_: number, vector: number) => vector === 0xec ? "LAPIC timer" : "" };

test("lines have columns, and numbers the names of the manuals", () => {
  for (const [event, text] of [
    [{ topic: "exits", reason: "hlt", instructions: 12 }, "exits      ffffffff81000000 hlt        after 12 instructions"],
    [{ topic: "interrupts", vector: 0xec, software: false }, "interrupts ffffffff81000000 vector 0xec LAPIC timer"],
    [{ topic: "interrupts", vector: 0x80, software: true }, "interrupts ffffffff81000000 int 0x80"],
    [{ topic: "exceptions", vector: 14, code: 6, address: 0x7fff00001000n }, "exceptions ffffffff81000000 #PF code 0x6 at 0x00007fff00001000 (user write, not present)"],
    [{ topic: "exceptions", vector: 13, code: 0, address: 0n }, "exceptions ffffffff81000000 #GP code 0x0"],
    [{ topic: "exceptions", vector: 3, code: 0, address: 0n }, "exceptions ffffffff81000000 #BP"],
    [{ topic: "msrs", msr: 0xc000_0082, value: 0xffffffff81c00080n, write: true }, "msrs       ffffffff81000000 wrmsr 0xc0000082 IA32_LSTAR = 0xffffffff81c00080"],
    [{ topic: "msrs", msr: 0x203, value: 0n, write: false }, "msrs       ffffffff81000000 rdmsr 0x203      IA32_MTRR_PHYSMASK1 = 0x0"],
    [{ topic: "ports", address: 0x3f8, bytes: 1, value: 0x41, write: true }, "ports      ffffffff81000000 out 8  0x3f8 com1 = 0x41"],
    [{ topic: "mmio", address: 0xfec00010, bytes: 4, value: 0x10000, write: false }, "mmio       ffffffff81000000 read  32 0xfec00010 com1 = 0x10000"],
  ] as [TraceEvent, string][])
    assert.equal(traceLine(1_234_567, 3, 0xffffffff81000000n, event, names), `   0.001234567  3 ${text}`);
});
