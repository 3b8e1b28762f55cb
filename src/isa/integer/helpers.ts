// Helpers of the integer instructions. Notation: ../helpers.ts
export const INTEGER_HELPERS = {
  /** string instructions: see engine/core/assembly/string.ts */
} as const satisfies Record<string, string>;
