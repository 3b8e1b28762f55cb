// A difference as somebody who mends it wants to see it: row, bytes, disassembly, what went in, what came out.

import { createRequire } from "node:module";
import { hex } from "../../base/text.ts";
import { GPR_NAMES } from "../../hal/index.ts";
import type { Outcome } from "./case.ts";
import type { Generated } from "./generate.ts";

function disassemble({ one }: Generated): string {
  try {
    const { Decoder, DecoderOptions, Formatter, FormatterSyntax } = createRequire(import.meta.url)("iced-x86") as typeof import("iced-x86");
    const decoder = new Decoder(one.mode === "long" ? 64 : one.mode === "compatibility" ? 32 : 16, one.code, DecoderOptions.None), formatter = new Formatter(FormatterSyntax.Intel);
    decoder.ip = BigInt(one.rip);
    const instruction = decoder.decode();
    const text = formatter.format(instruction);
    instruction.free(); decoder.free(); formatter.free();
    return text;
  } catch {
    return "(iced-x86 is not installed)";
  }
}
const bytes = (data: Uint8Array) => Buffer.from(data).toString("hex").replace(/../g, "$& ").trim();
const lane = (data: Uint8Array, at: number, count: number) => `0x${Buffer.from(data.subarray(at, at + count)).reverse().toString("hex")}`;

/** One difference, several lines. */
export function report(engine: string, seed: number, number: number, generated: Generated, expected: Outcome, lines: readonly string[]): string {
  const { form, one, operandAt } = generated, { fx } = one;
  const inputs = one.gpr.reduce((text, value, index) => `${text}${index % 4 === 0 ? "\n      " : " "}${GPR_NAMES[index]}=${hex(value)}`, "");
  const vectors = form.attributes.has("sse") || /xmm/.test(form.row)
    ? `\n      mxcsr=${lane(fx, 24, 4)}${Array.from({ length: 16 }, (_, index) => `${index % 2 === 0 ? "\n      " : " "}xmm${index}=${lane(fx, 160 + 16 * index, 16)}`).join("")}` : "";
  const x87 = form.attributes.has("x87") || form.attributes.has("mmx")
    ? `\n      fcw=${lane(fx, 0, 2)} fsw=${lane(fx, 2, 2)} ftw=${lane(fx, 4, 1)}${Array.from({ length: 8 }, (_, index) => `${index % 3 === 0 ? "\n      " : " "}st${index}=${lane(fx, 32 + 16 * index, 10)}`).join("")}` : "";
  const memory = operandAt >= one.window && operandAt < one.window + one.bytes.length
    ? `\n      memory at ${hex(operandAt)}: ${bytes(one.bytes.subarray(operandAt - one.window, operandAt - one.window + 16))}` : "";
  return [
    `${engine}: ${form.name}    row "${form.row.trim()}"`,
    `    ${bytes(one.code)}    ${disassemble(generated)}    (${one.mode}, seed ${seed}, case ${number})`,
    `    in: rflags=${hex(one.rflags)} rip=${hex(one.rip)}${inputs}${vectors}${x87}${memory}`,
    `    out of the host: ${expected.status}`,
    ...lines.map((line) => `    differs: ${line}`),
  ].join("\n");
}
