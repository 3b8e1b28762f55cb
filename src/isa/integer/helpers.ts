// Helpers of the integer instructions. Notation: ../helpers.ts
export const INTEGER_HELPERS = {
  /** stack.ts: bytes of one value */
  pushAll: "i:!",
  popAll: "i:!",
  /** bytes of one value, size of the frame, nesting level */
  enterFrame: "iii:!",
  leaveFrame: "i:!",
  /** adds to the stack pointer in the width of the stack */
  releaseStack: "i:",
} as const satisfies Record<string, string>;
