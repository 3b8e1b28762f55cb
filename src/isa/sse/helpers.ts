// Helpers of SSE, AES, SHA and PCLMULQDQ. Notation: ../helpers.ts
export const SSE_HELPERS = {
} as const satisfies Record<string, string>;
export const CRYPTO_HELPERS = {
} as const satisfies Record<string, string>;
