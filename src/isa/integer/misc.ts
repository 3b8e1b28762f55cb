// What does nothing, what always faults, and leftovers.

import { instruction, type Instruction } from "../instruction.ts";

const nop = instruction("nop", "SDM 2B, NOP", ["90", "0F 1F /0  r/m*"], () => {});
const pause = instruction("pause", "SDM 2B, PAUSE", ["F3 90"], (e) => e.spin());
const endbr64 = instruction("endbr64", "SDM 2A, ENDBR64", ["F3 0F 1E FA"], () => {});
const endbr32 = instruction("endbr32", "SDM 2A, ENDBR32", ["F3 0F 1E FB"], () => {});
/** Hints of processors to come (MPX, CET and others), and NOP on those without them; what has a name of its own is left out. */
const digits = (opcode: string, first: number, last: number, operand: string) =>
  Array.from({ length: last - first + 1 }, (_, index) => `${opcode} /${first + index}  ${operand}`);
const hints = instruction("reservednop", "SDM 2D, Opcode Map, Two-byte Opcodes", [
  ...digits("0F 18", 0, 3, "rm*"), ...digits("0F 18", 4, 7, "r/m*"),
  ...["19", "1A", "1B", "1C", "1D", "1E"].map((opcode) => `0F ${opcode} /r  r/m*`),
  ...digits("0F 1F", 1, 7, "r/m*"),
], () => {});

const prefetches = ([
  ["prefetchnta", "0F 18 /0"], ["prefetcht0", "0F 18 /1"], ["prefetcht1", "0F 18 /2"], ["prefetcht2", "0F 18 /3"],
  ["prefetch", "0F 0D /0"], ["prefetchw", "0F 0D /1"], ["prefetchwt1", "0F 0D /2"], ["prefetchw", "0F 0D /3"],
  ["prefetch", "0F 0D /4"], ["prefetch", "0F 0D /5"], ["prefetch", "0F 0D /6"], ["prefetch", "0F 0D /7"],
] as const).map(([mnemonic, opcode]) => instruction(mnemonic, "SDM 2B, PREFETCHh", [`${opcode}  m8`], () => {}));

/** Memory needs no ordering from us but this one: later loads must not pass earlier stores. */
const mfence = instruction("mfence", "SDM 2B, MFENCE", ["NP 0F AE F0 +r"], (e) => { e.call("memoryFence"); });
const lfence = instruction("lfence", "SDM 2A, LFENCE", ["NP 0F AE E8 +r"], () => {});
const sfence = instruction("sfence", "SDM 2B, SFENCE", ["NP 0F AE F8 +r"], () => {});
/** Faults as a load of one byte does. */
const clflush = instruction("clflush", "SDM 2A, CLFLUSH", ["NP 0F AE /7  m8"], (e, { dst }) => { e.load(8, dst); });

/** UD0 and UD1 have a ModRM byte as on Intel's processors; AMD's do not look at it. */
const invalid = [["ud2", "0F 0B"], ["ud1", "0F B9 /r  r*  r/m*"], ["ud0", "0F FF /r  r*  r/m*"]].map(([mnemonic, row]) =>
  instruction(mnemonic, "SDM 2D, UD", [row], (e) => e.raise("#UD")));

/** Compares signed; the bounds lie one after the other. */
const bound = instruction("bound", "SDM 2A, BOUND", ["62 /r  r*  m  ; no64"], (e, { width, dst, src }) => {
  const index = e.load(width, dst);
  const bounds = e.linearAddress(src, width / 4, "read");
  const lower = e.loadLinear(width, bounds), upper = e.loadLinear(width, e.zeroExtend(32, e.add(64, bounds, e.int(width / 8))));
  e.when(e.or(e.ltS(width, index, lower), e.ltS(width, upper, index)), () => e.raise("#BR"));
});

export const MISC: readonly Instruction[] = [nop, pause, endbr64, endbr32, hints, ...prefetches, mfence, lfence, sfence, clflush, ...invalid, bound];
