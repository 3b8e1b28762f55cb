import assert from "node:assert/strict";
import test from "node:test";
import { createEscape } from "./escape.ts";

const typed = (...pieces: string[]) => {
  const calls: string[] = [];
  const escape = createEscape({ quit: () => calls.push("quit"), pause: () => calls.push("pause"), help: () => calls.push("help") });
  const passed = pieces.map((piece) => new TextDecoder().decode(escape(new TextEncoder().encode(piece)))).join("");
  return { passed, calls };
};

for (const [what, pieces, passed, calls] of [
  ["plain text and Ctrl-C pass", ["ls\r\x03"], "ls\r\x03", []],
  ["Ctrl-] q leaves", ["a\x1dq"], "a", ["quit"]],
  ["Ctrl-] p pauses, and goes on", ["a\x1dpb\x1dP"], "ab", ["pause", "pause"]],
  ["the key may come in two reads", ["a\x1d", "qb"], "ab", ["quit"]],
  ["Ctrl-] twice sends one", ["\x1d\x1d"], "\x1d", []],
  ["anything else explains", ["\x1dx"], "", ["help"]],
] as const) test(what, () => assert.deepEqual(typed(...pieces), { passed, calls: [...calls] }));
