// Helpers of the integer instructions. Notation: ../helpers.ts
export const INTEGER_HELPERS = {
  /** frame.ts: bytes of one value */
  pushAll: "i:!",
  popAll: "i:!",
  /** bytes of one value, size of the frame, nesting level */
  enterFrame: "iii:!",
  leaveFrame: "i:!",
  /** 1 if an offset in CS is beyond its limit */
  beyondCode: "l:i?",
  /** adds to the stack pointer in the width of the stack */
  releaseStack: "i:",
  /** POPF (value, its bits, RIP of the next instruction): writes the flags that the privilege level may write.
   * @returns 1 when what follows must be looked at anew (TF, IF or AC): `rip` is written then */
  popFlags: "lil:i!",
  /** arithmetic.ts: quotient of 128 bits (high, low) by 64; the caller has excluded zero and overflow */
  divideWide: "lll:l",
  /** CRC-32C of a register continued with a value of so many bytes */
  crc32: "lli:l",
  /** CMPXCHG16B at a linear address; 1: as one access. @returns ZF */
  compareExchange16: "li:i!",
  memoryFence: ":",
  /** string.ts: bytes of an element, address width in bits, segment of the source, rep (0, 1 REP or REPE, 2 REPNE). @returns 1: more to do */
  moveString: "iiii:i!",
  compareString: "iiii:i!",
  scanString: "iiii:i!",
  loadString: "iiii:i!",
  storeString: "iiii:i!",
  /** port.ts: port, bytes */
  portIn: "ii:l!",
  /** port, bytes, value */
  portOut: "iil:!",
  /** bytes, address width, rep; and with the segment of the source before rep */
  portInString: "iii:i!",
  portOutString: "iiii:i!",
} as const satisfies Record<string, string>;
