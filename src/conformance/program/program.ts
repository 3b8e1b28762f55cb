// A random program: code with loops, calls, jumps and what else programs have, data, and registers to begin with; and what became of it.
// The host's CPU (host-program.c) and the engines (machine.ts) have the same bytes at the same linear addresses.

/** Code, which the program may write to; data, the last pages of which are the stack; then a page that is not there. */
export const CODE = 0x10000000, CODE_BYTES = 0x4000;
export const DATA = 0x20000000, DATA_BYTES = 0x6000;
/** Two pages, code or data, that change places when the program asks for it. */
export const SWAP = 0x30000000, SWAP_BYTES = 0x2000;
export const PAGE = 4096;
/** Where data has an address: RIP and RSP after a fault outside of the code. Behind it lie counters of loops, then what instructions work on. */
export const RECOVER = DATA, COUNTERS = DATA + 0x40, WORK = DATA + 0x100, WORK_BYTES = 0x3700, STACK_TOP = DATA + DATA_BYTES - 0x100;
/** Faults after which a program is over. */
export const MOST_FAULTS = 64;
/** UD2: the pages change places. */
export const SWAP_PAGES = [0x0f, 0x0b];

/** A fault in the code goes on at the next mark behind it, any other where RECOVER says. */
export const MOST_MARKS = 512;

export interface Program {
  /** offsets in the code, ascending */
  marks: readonly number[];
  code: Uint8Array;
  data: Uint8Array;
  swap: Uint8Array;
  gpr: BigUint64Array;
  rflags: bigint;
  mxcsr: number;
  fcw: number;
  xmm: BigUint64Array;
}

/** An exception: its vector, RIP, error code, and CR2 where it is a page fault. */
export interface Fault { vector: number; rip: bigint; errorCode: number; cr2: bigint }

export interface ProgramOutcome {
  /** the INT3 that ended it; 0: too many faults; -1: it did not end */
  end: bigint;
  /** an engine gave up, because it took too long */
  late: boolean;
  faults: Fault[];
  gpr: bigint[];
  rflags: bigint;
  mxcsr: number;
  fcw: number;
  fsw: number;
  /** tags as FXSAVE has them; ST(0) to ST(7) as 20 hexadecimal digits each where not empty */
  ftw: number;
  st: string[];
  xmm: string[];
  code: Uint8Array;
  data: Uint8Array;
  swap: Uint8Array;
}

/** CF PF AF ZF SF DF OF: what a program can see and no kernel has its own opinion about. */
const FLAGS = 0xcd5n;

/** What differs, in words. */
export function outcomeDifferences(expected: ProgramOutcome, found: ProgramOutcome): string[] {
  const lines: string[] = [];
  const one = (what: string, a: unknown, b: unknown) => { if (a !== b) lines.push(`${what}: ${String(a)} ≠ ${String(b)}`); };
  const hex = (value: bigint | number) => `0x${value.toString(16)}`;
  const faultText = (fault: Fault | undefined) => fault ? `#${fault.vector} at ${hex(fault.rip)} error ${hex(fault.errorCode)} cr2 ${hex(fault.cr2)}` : "none";
  for (let index = 0; index < Math.max(expected.faults.length, found.faults.length); index++) {
    one(`fault ${index}`, faultText(expected.faults[index]), faultText(found.faults[index]));
    if (lines.length > 0) break;
  }
  one("end", hex(expected.end), hex(found.end));
  expected.gpr.forEach((value, index) => one(`gpr ${index}`, hex(value), hex(found.gpr[index])));
  one("flags", hex(expected.rflags & FLAGS), hex(found.rflags & FLAGS));
  for (const name of ["mxcsr", "fcw", "fsw", "ftw"] as const) one(name, hex(expected[name]), hex(found[name]));
  expected.st.forEach((value, index) => one(`st${index}`, value, found.st[index]));
  expected.xmm.forEach((value, index) => one(`xmm${index}`, value, found.xmm[index]));
  for (const name of ["code", "data", "swap"] as const) {
    const at = expected[name].findIndex((byte, index) => byte !== found[name][index]);
    if (at >= 0) lines.push(`${name} +${hex(at)}: ${Buffer.from(expected[name].subarray(at, at + 8)).toString("hex")} ≠ ${Buffer.from(found[name].subarray(at, at + 8)).toString("hex")}`);
  }
  return lines;
}
