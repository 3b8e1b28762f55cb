// Random guest code: noise, or instructions that exist with random operands, with few of those that would end the run at once.

import { encode } from "../../isa/encode.ts";
import { FORMS, validIn, type Form } from "../../isa/forms.ts";
import { sampleValues } from "../../isa/sample.ts";
import type { CodeSize } from "../../isa/decode.ts";
import type { Value } from "../../isa/registers.ts";
import type { Random } from "../random.ts";

/** They replace what a guest stands on: tables, modes, its code's place. */
const VIOLENT = new Set(["lgdt", "lidt", "lldt", "ltr", "lmsw", "wrmsr", "hlt", "retf", "iret", "iretd", "iretq", "syscall", "sysret", "sysexit", "sysenter", "ljmp", "lcall",
  "cli", "ud2", "ud1", "ud0", "int3", "into", "xsetbv"]);
const isViolent = (form: Form) => VIOLENT.has(form.mnemonic) || form.operands.some(({ kind }) => kind === "creg" || kind === "dreg" || kind === "sreg")
  || /jmp|call|ret|iret|sys/.test(form.mnemonic) && form.operands.every(({ kind }) => kind !== "rel");

const bySize = new Map<CodeSize, { calm: Form[]; violent: Form[] }>();
function formsFor(size: CodeSize): { calm: Form[]; violent: Form[] } {
  let forms = bySize.get(size);
  if (!forms) {
    const valid = FORMS.filter((form) => validIn(form, size));
    forms = { calm: valid.filter((form) => !isViolent(form)), violent: valid.filter(isViolent) };
    bySize.set(size, forms);
  }
  return forms;
}

/** One random instruction, undefined when the operands that came up cannot be encoded together. */
export function randomInstruction(random: Random, size: CodeSize, violentPercent: number): Uint8Array | undefined {
  const { calm, violent } = formsFor(size);
  const form = random.pick(random.chance(violentPercent) ? violent : calm);
  const values = sampleValues(form, size, random.below).map((value, slot): Value | undefined => {
    if (value === undefined) return value;
    if (form.operands[slot].kind === "rel") return random.below(80) - 30; // stay near: what lies far is seldom code
    if (typeof value === "object" && value.kind === "mem" && value.base === undefined && value.index === undefined) return { ...value, disp: random.below(0x8000) };
    return value;
  });
  try {
    const code = encode(form, values, { mode: size, lock: form.attributes.has("lock") && random.chance(10) });
    const repeats = /^(movs|stos|lods|scas|cmps|ins|outs)[bwdq]?$/.test(form.mnemonic) && random.chance(50);
    return repeats ? Uint8Array.of(random.pick([0xf2, 0xf3]), ...code) : code;
  } catch {
    return undefined;
  }
}

export interface CodeStyle {
  /** of 100 pieces, how many are noise */
  noise: number;
  /** of 100 instructions, how many may be of the kind that ends runs */
  violent: number;
}

/** Fills `into` with code. */
export function fillCode(random: Random, into: Uint8Array, size: CodeSize, { noise, violent }: CodeStyle): void {
  for (let at = 0; at < into.length;) {
    if (random.chance(noise)) {
      for (let left = 1 + random.below(12); left > 0 && at < into.length; left--) into[at++] = random.below(256);
      continue;
    }
    const code = randomInstruction(random, size, violent);
    if (!code) continue;
    into.set(code.subarray(0, into.length - at), at);
    at += code.length;
  }
}
