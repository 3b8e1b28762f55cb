// Helpers of x87 and MMX. Notation: ../helpers.ts
export const X87_HELPERS = {
} as const satisfies Record<string, string>;
