// The file of recorded cases: text, compressed with gzip. Notation: cases.ts

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { GROUPS, type Group, type Inputs } from "./cases.ts";

const FILE = fileURLToPath(new URL("../../../src/conformance/float/vectors.txt.gz", import.meta.url));

export interface Vector { group: Group; inputs: Inputs; result: string }

export function readVectors(): Vector[] {
  const vectors: Vector[] = [];
  let group: Group | undefined;
  for (const line of gunzipSync(readFileSync(FILE)).toString("utf8").split("\n")) {
    if (line.startsWith("#") || line === "") continue;
    if (line.startsWith("> ")) {
      group = GROUPS.find(({ name }) => name === line.slice(2));
      continue;
    }
    const [left, result] = line.split(" = ") as [string, string];
    const [control, a, b, memory] = left.split(" ").map((text) => BigInt(`0x${text}`));
    if (group !== undefined) vectors.push({ group, inputs: { control: Number(control), a: a!, b: b!, memory: memory! }, result });
  }
  return vectors;
}

export function writeVectors(heading: string, vectors: readonly Vector[]): void {
  const lines = [`# ${heading}`];
  let last: Group | undefined;
  for (const { group, inputs, result } of vectors) {
    if (group !== last) lines.push(`> ${group.name}`);
    last = group;
    lines.push(`${[inputs.control, inputs.a, inputs.b, inputs.memory].map((value) => value.toString(16)).join(" ")} = ${result}`);
  }
  writeFileSync(FILE, gzipSync(lines.join("\n"), { level: 9 }));
}
