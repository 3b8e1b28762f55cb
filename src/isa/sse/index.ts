// MMX and SSE to SSE4.2, AES, PCLMULQDQ and SHA. Floating-point arithmetic is in the ../float/.
import { CRYPTO } from "../crypto/index.ts";
import type { Instruction } from "../instruction.ts";
import { PACKED_ARITHMETIC } from "./arithmetic.ts";
import { BLENDS } from "./blend.ts";
import { SSE_CONTROL } from "./control.ts";
import { FP } from "../float/index.ts";
import { HORIZONTALS } from "./horizontal.ts";
import { INSERTS } from "./insert.ts";
import { PACKED_LOGIC } from "./logic.ts";
import { MASKS } from "./mask.ts";
import { PARTIAL_MOVES } from "./move-part.ts";
import { MOVES } from "./move.ts";
import { PACKED_MULTIPLY } from "./multiply.ts";
import { PACKS } from "./pack.ts";
import { PACKED_SHIFTS } from "./shift.ts";
import { SHUFFLES } from "./shuffle.ts";
import { STRINGS } from "./strings.ts";

const SIMD: readonly Instruction[] = [
  ...MOVES, ...PARTIAL_MOVES, ...PACKED_LOGIC, ...PACKED_ARITHMETIC, ...PACKED_MULTIPLY, ...PACKED_SHIFTS, ...SHUFFLES, ...PACKS,
  ...HORIZONTALS, ...INSERTS, ...BLENDS, ...MASKS, ...STRINGS, ...SSE_CONTROL, ...CRYPTO,
];

export const SSE: readonly Instruction[] = [...SIMD, ...FP];
