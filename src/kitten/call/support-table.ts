// docs/system-calls.md, made from the table by `npm run docs`.

import { NR } from "../../abi/linux/system-calls.ts";
import { CALLS } from "./table.ts";

export function systemCallTable(): string {
  const rows = [...CALLS].sort((a, b) => a.number - b.number).map(({ number, name, support, note }) => `| ${number} | ${name} | ${support} | ${note} |`);
  const known = new Set(CALLS.map(({ name }) => name as string)), missing = Object.keys(NR).filter((name) => !known.has(name));
  return `# System calls of Kitten

Made from src/kitten/call/table.ts by \`npm run docs\`. *full*: as on Linux, as far as programs of one user can tell; *part*: see the note.

| number | name | support | note |
| --- | --- | --- | --- |
${rows.join("\n")}

All others answer ENOSYS: ${missing.join(", ")}.
`;
}
