// Helpers of SSE, AES, SHA and PCLMULQDQ. Notation: ../helpers.ts
export const SSE_HELPERS = {
  /** what every MMX instruction does to the x87 unit: TOP becomes 0 and all tags valid; `perform` sees to it */
  mmxTouch: ":",
  /** EMMS: TOP becomes 0 and all tags empty */
  emms: ":",
  getMxcsr: ":l",
  /** the caller has checked the reserved bits */
  setMxcsr: "l:",
  /** writes the bytes of a vector whose mask byte has its top bit set (linear address, number of bytes, value, mask) */
  storeMasked: "llvv:!",
  /** PCMPxSTRx (first, second, their lengths, control byte): bits 0..15 IntRes2, bit 16 ZF, bit 17 SF */
  compareStrings: "vvlll:l",
  /** length up to the first zero element, for the implicit forms (vector, control byte) */
  stringLength: "vl:l",
} as const satisfies Record<string, string>;
export const CRYPTO_HELPERS = {
  /** one AES round of a state with a round key */
  aesEncrypt: "vv:v", aesEncryptLast: "vv:v", aesDecrypt: "vv:v", aesDecryptLast: "vv:v",
  aesInverseMixColumns: "v:v",
  /** source, round constant */
  aesKeyAssist: "vl:v",
  /** carry-less product of two 64-bit numbers */
  carrylessMultiply: "ll:v",
  /** state, message, number of the round function */
  sha1Rounds4: "vvl:v", sha1Message2: "vv:v",
  /** CDGH, ABEF, two words of message plus constants */
  sha256Rounds2: "vvv:v", sha256Message2: "vv:v",
} as const satisfies Record<string, string>;
