// AES, SHA and carry-less multiplication.
import type { Instruction } from "../instruction.ts";
import { AES } from "./aes.ts";
import { CLMUL } from "./clmul.ts";
import { SHA } from "./sha.ts";

export const CRYPTO: readonly Instruction[] = [...AES, ...CLMUL, ...SHA];
