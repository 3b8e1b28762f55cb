// One instruction with everything that it can see, and what became of it: the records that the host's CPU (host/host-cpu.c) and the
// engines (machine.ts) exchange with the comparison. Both put the same bytes at the same linear addresses, so that results are equal bit by bit.

/** Two pages of code, filled with INT3, then one that is not present. */
export const CODE = 0x10000000;
/** Two pages of data, filled with `pristineByte`, then one that is not present. */
export const DATA = 0x20000000;
export const PAGE = 4096;
export const CODE_PAGES = 2;
export const DATA_PAGES = 2;
/** Segment bases in long mode. */
export const FS_BASE = 0x1fff0000n;
export const GS_BASE = 0x20001000n;
/** Selectors as Linux has them: 32-bit code, data, 64-bit code, all of privilege 3. */
export const USER_CODE32 = 0x23, USER_DATA = 0x2b, USER_CODE64 = 0x33;
export const WINDOW_MAX = 1024;

export const pristineByte = (index: number) => Math.imul(index, 0x9e3779b1) >>> 24;

/** 64-bit mode, and compatibility mode with 32-bit code in flat segments or with 16-bit code in those of SEGMENTS16. */
export type Mode = "long" | "compatibility" | "sixteen";
const MODES: readonly Mode[] = ["long", "compatibility", "sixteen"];

export interface Segment16 { selector: number; base: number; limit: number; attributes: number }
/** The LDT for 16-bit code: stack and data have a limit at and behind the end of the data pages, FS expands down, GS cannot be written. */
export const SEGMENTS16 = {
  cs: { selector: 0x07, base: CODE, limit: CODE_PAGES * PAGE - 1, attributes: 0x10fb },
  ds: { selector: 0x0f, base: DATA, limit: 3 * PAGE - 1, attributes: 0x10f3 },
  ss: { selector: 0x17, base: DATA, limit: DATA_PAGES * PAGE - 1, attributes: 0x10f3 },
  fs: { selector: 0x1f, base: DATA, limit: 0x7ff, attributes: 0x10f7 },
  gs: { selector: 0x27, base: DATA, limit: 0xffff, attributes: 0x10f1 },
} as const satisfies Record<string, Segment16>;
/** Selectors that a case begins with: ES CS SS DS FS GS. */
export function initialSelectors(mode: Mode): number[] {
  if (mode === "long") return [0, USER_CODE64, USER_DATA, 0, 0, 0];
  if (mode === "compatibility") return [USER_DATA, USER_CODE32, USER_DATA, USER_DATA, USER_DATA, USER_DATA];
  const { cs, ds, ss, fs, gs } = SEGMENTS16;
  return [ds, cs, ss, ds, fs, gs].map(({ selector }) => selector);
}
/** What offsets in code and data are relative to. */
export const codeBase = (mode: Mode) => mode === "sixteen" ? CODE : 0;
export const dataBase = (mode: Mode) => mode === "sixteen" ? DATA : 0;

export interface Case {
  mode: Mode;
  /** the instruction; `rip` is its offset in CS, in the code pages */
  code: Uint8Array;
  rip: number;
  gpr: BigUint64Array;
  rflags: bigint;
  /** XMM, MXCSR and x87 as FXSAVE writes them */
  fx: Uint8Array;
  /** a part of the data pages, and its bytes */
  window: number;
  bytes: Uint8Array;
}

/** - reached: the instruction has completed, and RIP is where it leads
 * - fault: an exception, with registers as the handler finds them
 * - endless: it did not come to an end */
export type Status = "reached" | "fault" | "endless";
const STATUSES: readonly Status[] = ["reached", "fault", "endless"];

export interface Outcome {
  status: Status;
  vector: number;
  errorCode: number;
  cr2: bigint;
  rip: bigint;
  gpr: BigUint64Array;
  rflags: bigint;
  fx: Uint8Array;
  bytes: Uint8Array;
  /** ES CS SS DS FS GS */
  selectors: readonly number[];
  fsBase: bigint;
  gsBase: bigint;
  /** a data byte outside of the window that was written, or 0 */
  stray: number;
  /** the engine has left `run` for this reason instead */
  left?: string;
}

const REQUEST_BYTES = 144 + 512 + 32, ANSWER_BYTES = 144 + 512 + 16 + 24 + 32;

/** Cases as host-cpu.c reads them. */
export function encodeCases(cases: readonly Case[]): Uint8Array {
  const out = new Uint8Array(cases.reduce((sum, one) => sum + REQUEST_BYTES + one.bytes.length, 0));
  const view = new DataView(out.buffer);
  let at = 0;
  for (const { mode, code, rip, gpr, rflags, fx, window, bytes } of cases) {
    out.set(new Uint8Array(gpr.buffer, gpr.byteOffset, 128), at);
    view.setBigUint64(at + 128, rflags, true);
    view.setBigUint64(at + 136, BigInt(rip), true);
    out.set(fx, at + 144);
    out.fill(0xcc, at + 656, at + 672);
    out.set(code, at + 656);
    view.setUint32(at + 672, MODES.indexOf(mode), true);
    view.setUint32(at + 676, window, true);
    view.setUint32(at + 680, bytes.length, true);
    out.set(bytes, at + REQUEST_BYTES);
    at += REQUEST_BYTES + bytes.length;
  }
  return out;
}

/** What host-cpu.c writes for these cases. */
export function decodeOutcomes(cases: readonly Case[], answer: Uint8Array): Outcome[] {
  const view = new DataView(answer.buffer, answer.byteOffset, answer.byteLength);
  let at = 0;
  return cases.map(({ bytes }) => {
    const u32 = (offset: number) => view.getUint32(at + offset, true), u64 = (offset: number) => view.getBigUint64(at + offset, true);
    const outcome: Outcome = {
      gpr: BigUint64Array.from({ length: 16 }, (_, index) => u64(index * 8)),
      rflags: u64(128), rip: u64(136), fx: answer.slice(at + 144, at + 656),
      status: STATUSES[u32(656)]!, vector: u32(660), errorCode: u32(664), stray: u32(668),
      cr2: u64(672), fsBase: u64(680), gsBase: u64(688), selectors: [0, 1, 2, 3, 4, 5].map((index) => u32(696 + 4 * index)),
      bytes: answer.slice(at + ANSWER_BYTES, at + ANSWER_BYTES + bytes.length),
    };
    at += ANSWER_BYTES + bytes.length;
    return outcome;
  });
}
