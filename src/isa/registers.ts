// Operand values for the encoder: registers by their manual names, memory, immediates.

import type { AnyWidth, Operand } from "./emit.ts";
import { NvlError } from "../base/error.ts";

export interface Register {
  readonly kind: Exclude<Operand["kind"], "mem" | "imm" | "rel">;
  readonly width: AnyWidth;
  /** as encoded; 16..19 are AH CH DH BH */
  readonly number: number;
}

/** A memory operand. Without base and index it is an absolute address; `base: "rip"` is relative to the next instruction. */
export interface Memory {
  readonly kind: "mem";
  readonly base?: Register | "rip";
  readonly index?: Register;
  readonly scale?: 1 | 2 | 4 | 8;
  readonly disp?: number | bigint;
  /** segment override by number: ES CS SS DS FS GS */
  readonly segment?: number;
  /** bits of the access, where no register operand says it */
  readonly width?: number;
  /** bits of the address, where neither base nor index says it and it is not the mode's own */
  readonly addressWidth?: 16 | 32 | 64;
}

export type Value = Register | Memory | number | bigint;

const LEGACY = ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"];
const BYTES = ["al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil"];

function names(): Record<string, Register> {
  const out: Record<string, Register> = {};
  const add = (name: string, kind: Register["kind"], width: AnyWidth, number: number) => { out[name] = { kind, width, number }; };
  for (let number = 0; number < 16; number++) {
    const legacy = LEGACY[number];
    add(legacy ? `r${legacy}` : `r${number}`, "reg", 64, number);
    add(legacy ? `e${legacy}` : `r${number}d`, "reg", 32, number);
    add(legacy ?? `r${number}w`, "reg", 16, number);
    add(BYTES[number] ?? `r${number}b`, "reg", 8, number);
    add(`xmm${number}`, "xmm", 128, number);
    add(`cr${number}`, "creg", 64, number);
    if (number < 8) {
      add(`mm${number}`, "mm", 64, number);
      add(`st${number}`, "st", 80, number);
      add(`dr${number}`, "dreg", 64, number);
    }
  }
  ["ah", "ch", "dh", "bh"].forEach((name, index) => add(name, "reg", 8, 16 + index));
  ["es", "cs", "ss", "ds", "fs", "gs"].forEach((name, index) => add(name, "sreg", 16, index));
  return out;
}

/** Every register by its name: rax, r8d, spl, ah, xmm3, mm0, st1, cr4, dr7, gs … */
export const REGISTERS: Readonly<Record<string, Register>> = names();

/** @throws isa/register when there is none of that name */
export function register(name: string): Register {
  return REGISTERS[name] ?? (() => { throw new NvlError("isa/register", `no register is called ${name}`); })();
}

/** A memory operand. */
export const mem = (parts: Omit<Memory, "kind">): Memory => ({ kind: "mem", ...parts });
