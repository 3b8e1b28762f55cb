// What a processor tells about itself: CPUID, MSRs, time, random numbers.

import { instruction, type Instruction } from "../instruction.ts";
import { resume } from "./resume.ts";

const RAX = 0, RCX = 1, RDX = 2;
const CF = 1n, ARITHMETIC = 0x8d5n;

const cpuid = instruction("cpuid", "SDM 2A, CPUID", ["0F A2  ; x"], (e) => { e.call("cpuid"); });
const rdmsr = instruction("rdmsr", "SDM 2B, RDMSR", ["0F 32  ; cpl0"], (e) => { e.call("readMsr"); });
const wrmsr = instruction("wrmsr", "SDM 2D, WRMSR", ["0F 30  ; cpl0"], (e) => {
  e.call("writeMsr");
  resume(e);
});
/** There are no performance counters. */
const rdpmc = instruction("rdpmc", "SDM 2B, RDPMC", ["0F 33  ; x"], (e) => e.raise("#GP", e.int(0)));

const rdtsc = instruction("rdtsc", "SDM 2B, RDTSC", ["0F 31  ; x"], (e) => {
  const ticks = e.call("readTimeStamp");
  e.setReg(32, RAX, e.zeroExtend(32, ticks));
  e.setReg(32, RDX, e.shr(64, ticks, e.int(32)));
});
const rdtscp = instruction("rdtscp", "SDM 2B, RDTSCP", ["0F 01 F9  ; x"], (e) => {
  const ticks = e.call("readTimeStamp");
  e.setReg(32, RAX, e.zeroExtend(32, ticks));
  e.setReg(32, RDX, e.shr(64, ticks, e.int(32)));
  e.setReg(32, RCX, e.call("timeStampAux"));
});

const chance = (mnemonic: string, digit: number) => instruction(mnemonic, `SDM 2B, ${mnemonic.toUpperCase()}`, [
  `NP 0F C7 /${digit}  rm*  ; x`,
], (e, { width, dst }) => {
  e.store(width, dst, e.zeroExtend(width, e.call("random")));
  e.setFlagBits(e.int(CF), ARITHMETIC);
});

const xgetbv = instruction("xgetbv", "SDM 2D, XGETBV", ["NP 0F 01 D0  ; x"], (e) => {
  const value = e.call("readExtendedControl");
  e.setReg(32, RAX, e.zeroExtend(32, value));
  e.setReg(32, RDX, e.shr(64, value, e.int(32)));
});
const xsetbv = instruction("xsetbv", "SDM 2D, XSETBV", ["NP 0F 01 D1  ; cpl0"], (e) => {
  e.call("writeExtendedControl");
  resume(e);
});

export const PROCESSOR: readonly Instruction[] = [cpuid, rdmsr, wrmsr, rdpmc, rdtsc, rdtscp, chance("rdrand", 6), chance("rdseed", 7), xgetbv, xsetbv];
