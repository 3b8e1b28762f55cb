// Helpers of system and control instructions. Notation: ../helpers.ts
export const CONTROL_HELPERS = {
} as const satisfies Record<string, string>;
