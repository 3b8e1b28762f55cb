// Exceptions by vector (SDM 3A, Exceptions and Interrupts).

const MNEMONICS = ["#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", "", "#TS", "#NP", "#SS", "#GP", "#PF", "", "#MF", "#AC", "#MC", "#XM", "#VE", "#CP"] as const;
const WITH_CODE: ReadonlySet<number> = new Set([8, 10, 11, 12, 13, 14, 17, 21]);
const PRESENT = 1, WRITE = 2, USER = 4, RESERVED = 8, FETCH = 16;

export const PAGE_FAULT = 14;

export function exceptionName(vector: number): string {
  return MNEMONICS[vector] || `vector ${vector}`;
}
export function hasErrorCode(vector: number): boolean {
  return WITH_CODE.has(vector);
}
/** The error code of a page fault in words (SDM 3A, Page-Fault Exceptions). */
export function pageFaultText(code: number): string {
  const access = code & FETCH ? "fetch" : code & WRITE ? "write" : "read";
  return `${code & USER ? "user" : "kernel"} ${access}, ${code & RESERVED ? "reserved bit" : code & PRESENT ? "not allowed" : "not present"}`;
}
