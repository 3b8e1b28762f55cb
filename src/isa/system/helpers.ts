// Helpers of system and control instructions: bodies in engine/core/assembly. Notation: ../helpers.ts
// `bytes` is the operand size in bytes, `segment` a segment's number. Those that write RIP end with `leave()` in the meaning.
export const CONTROL_HELPERS = {
  /** goes on at the next instruction after something that later ones depend on (nextRip): writes RIP */
  resume: "l:",
  // segment.ts
  loadSegmentRegister: "ii:!", popSegment: "ii:!", readSelector: "i:i", // segment, selector; segment, bytes
  loadLdt: "i:!", loadTask: "i:!",
  accessRights: "i:l!", segmentLimit: "i:l!", // bit 32 set: the selector may be looked at
  verifySegment: "ii:i!", // selector, 1 to write
  // far.ts, iret.ts: selector, offset, bytes, next RIP; they write RIP
  farJump: "ili:!", farCall: "ilil:!",
  farReturn: "ii:!", // bytes, bytes of parameters to release
  interruptReturn: "i:!",
  // exception.ts: vector, next RIP; they write RIP
  softwareInterrupt: "il:!", interrupt1: "l:!",
  // syscall.ts: write RIP
  systemCall: "l:!", systemReturn: "i:!", systemEnter: ":!", systemExit: "i:!", swapGs: ":",
  // control.ts, debug.ts
  readControl: "i:l!", writeControl: "il:!", readDebug: "i:l!", writeDebug: "il:!",
  loadStatusWord: "l:!", clearTaskSwitched: ":", readExtendedControl: ":l!", writeExtendedControl: ":!",
  // tables.ts: linear address, bytes; 1 for the IDT
  loadTable: "lii:!", storeTable: "li:!", checkUserMode: ":!",
  // invalidate.ts: segment, offset; type, linear address of the descriptor
  invalidatePage: "il:", invalidateContext: "ll:!",
  // privilege.ts
  enableInterrupts: "li:i!", // next RIP, the fact `last`; 1: it is in RIP, and the border behind must be looked at
  accessControl: "i:", checkFsGsBase: ":!", readBase: "i:l", writeBase: "il:!",
  // attend.ts: next RIP; writes RIP
  halt: "l:",
  // msr.ts, cpuid.ts, time.ts: registers by themselves
  readMsr: ":!", writeMsr: ":!", cpuid: ":", readTimeStamp: ":l!", timeStampAux: ":l", random: ":l",
  // xsave.ts: linear address, 1 for 64-bit pointers; 1 for the compacted form, or for XRSTORS
  saveLegacy: "li:!", restoreLegacy: "li:!", saveExtended: "lii:!", restoreExtended: "lii:!",
} as const satisfies Record<string, string>;
