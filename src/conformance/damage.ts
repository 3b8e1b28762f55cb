// Damages valid inputs of parsers: bytes and numbers changed to what is likely to be taken wrongly, parts lost, doubled or exchanged.

import type { Random } from "./random.ts";

const NUMBERS = [0n, 1n, 2n, 0x7fn, 0x80n, 0xffn, 0xfffn, 0x1000n, 0x7fffn, 0x8000n, 0xffffn, 0x10_0000n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_f000n, 0xffff_ffffn, 0x1_0000_0000n,
  1n << 40n, 1n << 52n, 1n << 53n, 0x7fff_ffff_ffff_ffffn, 0x8000_0000_0000_0000n, 0xffff_ffff_ffff_ffffn];

/** @param head most changes are among the first so many bytes, where headers are */
export function damage(random: Random, valid: Uint8Array, head = 4096): Uint8Array {
  let out = Uint8Array.from(valid);
  for (let changes = 1 + random.below(6); changes > 0 && out.length > 0; changes--) {
    const at = random.below(random.chance(80) ? Math.min(head, out.length) : out.length);
    switch (random.below(10)) {
      case 0: case 1: out[at] ^= 1 << random.below(8); break;
      case 2: out[at] = random.below(256); break;
      case 3: case 4: case 5: case 6: {
        const bytes = random.pick([1, 2, 4, 8]), value = random.pick(NUMBERS) + BigInt(random.below(3) - 1), start = random.chance(80) ? at & -bytes : at;
        for (let index = 0; index < bytes && start + index < out.length; index++) out[start + index] = Number(BigInt.asUintN(64, value) >> BigInt(8 * index) & 0xffn);
        break;
      }
      case 7: out = out.slice(0, random.chance(50) ? at : out.length - random.below(Math.min(64, out.length))); break;
      case 8: {
        const length = random.below(Math.min(256, out.length - at) + 1), from = random.below(out.length - length + 1);
        out.copyWithin(at, from, from + length);
        break;
      }
      default: {
        const length = random.below(64);
        out = Uint8Array.from([...out.subarray(0, at), ...Array.from({ length }, () => random.below(256)), ...out.subarray(at)]);
      }
    }
  }
  return out;
}

/** The same for text: lines and words lost, doubled and exchanged, and marks put where they mean something. */
export function damageText(random: Random, valid: string, marks: readonly string[]): string {
  let text = valid;
  for (let changes = 1 + random.below(5); changes > 0; changes--) {
    const lines = text.split("\n"), line = random.below(lines.length), at = random.below(text.length + 1);
    switch (random.below(7)) {
      case 0: lines.splice(line, 1); text = lines.join("\n"); break;
      case 1: lines.splice(random.below(lines.length), 0, lines[line]); text = lines.join("\n"); break;
      case 2: case 3: text = text.slice(0, at) + random.pick(marks) + text.slice(at); break;
      case 4: text = text.slice(0, at) + text.slice(at + 1 + random.below(8)); break;
      case 5: lines[line] = " ".repeat(random.below(8)) + lines[line].trim(); text = lines.join("\n"); break;
      default: lines[line] = lines[line].replace(/:.*/, `: ${random.pick(marks)}`); text = lines.join("\n");
    }
  }
  return text;
}
