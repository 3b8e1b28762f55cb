// Values of the operands that are not general registers: memory, XMM, x87 and their control words.

import type { Form, OperandForm } from "../../isa/forms.ts";
import { float32, float64, float80, integer64, type Random } from "../random.ts";

const usesX87 = (form: Form) => form.attributes.has("x87") || form.attributes.has("mmx") || /^(f|mmx|emms|wait)/.test(form.mnemonic);
const usesXmm = (form: Form) => form.attributes.has("sse") || form.operands.some((operand) => operand.kind === "xmm") || /fx|mxcsr/.test(form.mnemonic);

type Flavour = "single" | "double" | "integer" | "any";

function flavourOf(form: Form, random: Random): Flavour {
  if (random.chance(15)) return "any";
  if (/^cvt(t)?(pd|sd)|^(.*)(pd|sd)$/.test(form.mnemonic)) return "double";
  if (/^cvt(t)?(ps|ss)|(ps|ss)$/.test(form.mnemonic)) return "single";
  return random.pick(["integer", "integer", "any"]);
}

function quadword(random: Random, flavour: Flavour): bigint {
  switch (flavour) {
    case "single": return (BigInt(float32(random)) << 32n) | BigInt(float32(random));
    case "double": return float64(random);
    case "integer": {
      if (random.chance(50)) return integer64(random);
      // bytes at their edges
      const mask = random.u64(), edge = random.pick([0x8080808080808080n, 0x7f7f7f7f7f7f7f7fn, 0n, 0xffffffffffffffffn, 0x80007fff80007fffn, 0x0101010101010101n]);
      return random.chance(50) ? edge : (edge & mask) | (random.u64() & ~mask);
    }
    default: return random.u64();
  }
}

/** A value for a memory operand; undefined: the random bytes will do. */
export function operandValue(random: Random, form: Form, operand: OperandForm): bigint | undefined {
  const x87 = form.attributes.has("x87"), integer = /^fi|^fbld/.test(form.mnemonic);
  if (x87 && integer && form.mnemonic === "fbld") return random.chance(70) ? packedDecimal(random) : undefined;
  switch (operand.width) {
    case 128: { const flavour = flavourOf(form, random); return (quadword(random, flavour) << 64n) | quadword(random, flavour); }
    case 80: return x87 && !integer ? float80(random) : undefined;
    case 64: return x87 && !integer && operand.memoryBytes !== 0 && form.opcode !== 0xdf ? float64(random) : usesXmm(form) || form.attributes.has("mmx") ? quadword(random, flavourOf(form, random)) : integer64(random);
    case 32: return x87 && !integer ? BigInt(float32(random)) : usesXmm(form) && flavourOf(form, random) === "single" ? BigInt(float32(random)) : integer64(random) & 0xffff_ffffn;
    default: return operand.memoryBytes === 0 ? undefined : integer64(random) & ((1n << BigInt(operand.width)) - 1n);
  }
}

function packedDecimal(random: Random): bigint {
  let value = BigInt(random.below(2)) << 7n;
  for (let digit = 0; digit < 18; digit++) value = (value << 4n) | BigInt(random.below(10));
  return value;
}

/** The FXSAVE image: registers that the form can see are interesting, others cheap. */
export function randomFx(random: Random, form: Form): Uint8Array {
  const fx = new Uint8Array(512), view = new DataView(fx.buffer);
  view.setUint16(0, 0x37f, true);
  view.setUint32(24, 0x1f80, true);
  if (usesX87(form)) {
    const masks = random.chance(70) ? 0x3f : random.below(64);
    const control = 0x40 | masks | (random.below(4) << 10) | (random.chance(70) ? 0x300 : random.pick([0, 0x200]));
    const top = random.below(8), conditions = random.below(16);
    let flags = random.chance(60) ? 0 : random.below(128);
    if (!random.chance(8)) flags &= masks | 0x40; // most without a pending exception
    const pending = (flags & ~masks & 0x3f) !== 0 ? 0x8080 : 0;
    view.setUint16(0, control, true);
    view.setUint16(2, flags | pending | (top << 11) | ((conditions & 7) << 8) | ((conditions >> 3) << 14), true);
    view.setUint8(4, random.chance(60) ? 0xff : random.chance(70) ? random.u32() & 0xff : 0);
    const mmx = form.attributes.has("mmx");
    for (let index = 0; index < 8; index++) {
      const value = mmx ? (0xffffn << 64n) | quadword(random, flavourOf(form, random)) : float80(random);
      view.setBigUint64(32 + 16 * index, value & 0xffff_ffff_ffff_ffffn, true);
      view.setUint16(40 + 16 * index, Number(value >> 64n), true);
    }
  }
  if (usesXmm(form)) {
    const masks = random.chance(80) ? 0x1f80 : random.below(64) << 7;
    const sticky = random.chance(30) ? random.below(64) : 0;
    view.setUint32(24, masks | (sticky & (masks >> 7)) | (random.chance(50) ? 0 : random.below(4) << 13) | (random.chance(10) ? 0x8000 : 0) | (random.chance(10) ? 0x40 : 0), true);
    const flavour = flavourOf(form, random);
    for (let at = 160; at < 416; at += 8) view.setBigUint64(at, quadword(random, flavour), true);
    // equal registers now and then, for comparisons
    if (random.chance(20)) fx.copyWithin(160 + 16 * random.below(16), 160 + 16 * random.below(16), 160 + 16 * 16);
  } else for (let at = 160; at < 416; at += 4) view.setUint32(at, 0x9e3779b1 * at, true);
  return fx;
}
