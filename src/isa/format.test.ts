// What we print against what iced-x86 prints, for every form of 64-bit code with random operands.
import assert from "node:assert/strict";
import test from "node:test";
import { Decoder, DecoderOptions, Formatter, FormatterSyntax, MemorySizeOptions } from "iced-x86";
import { createDecoded, decode } from "./decode.ts";
import { encode } from "./encode.ts";
import { formatInstruction } from "./format.ts";
import { FORMS, validIn } from "./forms.ts";
import { sampleValues, seeded } from "./sample.ts";

const ADDRESS = 0x7fff_1234_5000n, ROUNDS = 8;

function iced(): (bytes: Uint8Array) => string {
  const formatter = new Formatter(FormatterSyntax.Intel);
  formatter.hexPrefix = "0x";
  formatter.hexSuffix = "";
  formatter.uppercaseHex = false;
  formatter.smallHexNumbersInDecimal = false;
  formatter.spaceAfterOperandSeparator = true;
  formatter.memorySizeOptions = MemorySizeOptions.Always;
  formatter.usePseudoOps = false;
  formatter.ripRelativeAddresses = false;
  formatter.branchLeadingZeros = formatter.leadingZeros = formatter.displacementLeadingZeros = false;
  formatter.showBranchSize = false;
  formatter.signedImmediateOperands = false;
  formatter.scaleBeforeIndex = false;
  return (bytes) => {
    const decoder = new Decoder(64, bytes, DecoderOptions.NoMPFX_0FBC | DecoderOptions.NoMPFX_0FBD | DecoderOptions.NoWbnoinvd);
    decoder.ip = ADDRESS;
    const instruction = decoder.decode(), text = formatter.format(instruction);
    instruction.free();
    decoder.free();
    return text;
  };
}

/** Other words for the same, and registers of 16 bits of which all that the operand size says is named. */
const WORDS = new Set(["xlatb", "pushf", "popf", "prefetch", "lldt", "ltr", "verr", "verw", "retf", "lmsw", "wait", "pblendvb", "sha256rnds2", "pcmpestri", "pcmpestrm", "blendvps", "blendvpd"]);

/** What iced writes more: operands that no byte names, prefixes that say what the operands say too, sizes of what is no number, hints. */
const STRINGS = /^((?:rep\w* )?(?:movs|cmps|stos|lods|scas|ins|outs)[bwdq]|xlatb|(?:rep\w* )?maskmov\w+)\b.*/;
const normal = (text: string) => text.replace(/^(addr32|notrack|bnd|data16|[defgs]s) /, "").replace(STRINGS, "$1")
  .replaceAll(/\bst\((\d)\)/g, "st$1").replaceAll(/\b(st0|st)(, | *$)/g, "").replace(/^(f\w+) ?(.*?),? *$/, "$1 $2").replace(/, xmm0$/, "")
  .replace(/ far /, " ").trim();

test("agrees with iced-x86 on every form", () => {
  const random = seeded(11), decoded = createDecoded(), theirsOf = iced(), wrong: string[] = [];
  let count = 0;
  for (const form of FORMS) {
    if (!validIn(form, 64) || form.mnemonic === "reservednop" || WORDS.has(form.mnemonic) || (form.mnemonic === "mov" && form.operands[0].kind === "sreg")) continue;
    for (let round = 0; round < (form.operands.length === 0 ? 1 : ROUNDS); round++) {
      const bytes = encode(form, sampleValues(form, 64, random), { mode: 64 });
      decode(bytes, 0, bytes.length, 64, decoded);
      if (decoded.form !== form.id) continue;
      count++;
      const ours = normal(formatInstruction(decoded, ADDRESS)), full = normal(theirsOf(bytes));
      // iced has names for what is no number too: a descriptor table, the state of the FPU
      const theirs = ours.includes(" ptr ") ? full : full.replace(/\w+ ptr /, "");
      if (ours !== theirs) { wrong.push(`${form.name}: ours ${ours} | iced ${theirs}`); break; }
    }
  }
  assert.deepEqual(wrong, []);
  assert.ok(count > 5000);
});
