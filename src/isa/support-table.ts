// The table of what NVL supports, as text: docs/instruction-set.md is made from the rows by `npm run docs`.

import { FORMS, validIn, type Form } from "./forms.ts";
import type { Instruction } from "./instruction.ts";
import { INTEGER } from "./integer/index.ts";
import { SSE } from "./sse/index.ts";
import { SYSTEM } from "./system/index.ts";
import { X87 } from "./x87/index.ts";

const FAMILIES: readonly (readonly [string, readonly Instruction[]])[] = [
  ["General-purpose", INTEGER], ["System", SYSTEM], ["SSE to SSE4.2, MMX integer, AES, PCLMULQDQ, SHA", SSE], ["x87", X87],
];

const CHECKS: readonly (readonly [string, string])[] = [["cpl0", "CPL 0"], ["protected", "protected mode"], ["lock", "LOCK"]];

/** A line of the table: one instruction, its rows one below the other. */
function line(instruction: Instruction, forms: readonly Form[]): string {
  const cells = instruction.rows.map((row) => {
    const mine = forms.filter((form) => form.row === row);
    const modes = ([16, 32, 64] as const).filter((mode) => mine.some((form) => validIn(form, mode)));
    const attributes = mine[0].attributes as ReadonlySet<string>;
    return {
      row: `\`${row.split(";")[0].trim().replace(/\s+/g, " ")}\``,
      modes: modes.length === 3 ? "all" : modes.join(" "),
      needs: CHECKS.filter(([attribute]) => attributes.has(attribute)).map(([, words]) => words).join(", "),
    };
  });
  const column = (values: readonly string[]) => (values.every((value) => value === values[0]) ? values[0] : values.join("<br>"));
  return `| ${instruction.mnemonic.toUpperCase()} | ${cells.map((cell) => cell.row).join("<br>")} | ${column(cells.map((cell) => cell.modes))} | ${column(cells.map((cell) => cell.needs))} | ${instruction.source} |`;
}

/** docs/instruction-set.md */
export function supportTable(): string {
  const byInstruction = new Map<Instruction, Form[]>();
  for (const form of FORMS) byInstruction.set(form.instruction, [...(byInstruction.get(form.instruction) ?? []), form]);
  const sections = FAMILIES.map(([title, instructions]) => {
    const sorted = [...instructions].sort((a, b) => a.mnemonic.toLowerCase() < b.mnemonic.toLowerCase() ? -1 : 1);
    return [`## ${title}`, "", "| instruction | opcode and operands | code size | needs or allows | manual |", "| --- | --- | --- | --- | --- |",
      ...sorted.map((instruction) => line(instruction, byInstruction.get(instruction) ?? [])), ""].join("\n");
  });
  const mnemonics = new Set(FORMS.map((form) => form.mnemonic)).size;
  return [
    "# Instruction set", "",
    "Made from the rows in `src/isa/` by `npm run docs`: do not edit. What is not here is #UD, as on a processor that lacks it.", "",
    `${mnemonics} mnemonics, ${byInstruction.size} instructions, ${FORMS.length} forms. The notation is explained in \`src/isa/instruction.ts\`; \`*\` stands for 16, 32 and 64 by operand size.`, "",
    ...sections,
  ].join("\n");
}
