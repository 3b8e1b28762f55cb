import assert from "node:assert/strict";
import test from "node:test";
import { createPrefixer } from "./prefix.ts";

const shown = (...pieces: string[]) => {
  let text = "";
  const prefixer = createPrefixer("a |", (more) => { text += more; });
  for (const piece of pieces) prefixer.write(piece);
  prefixer.end();
  return text;
};

for (const [what, pieces, expected] of [
  ["lines in pieces are put together", ["he", "llo\r\nwor", "ld\r\n"], "a | hello\na | world\n"],
  ["the last line needs no end", ["# "], "a | # \n"],
  ["nothing gives nothing", ["\r"], ""],
  ["escape sequences and bells do not reach a shared terminal", ["\x1b[31mred\x1b[0m\x07\x1b[2J!\n"], "a | red!\n"],
] as const) test(what, () => assert.equal(shown(...pieces), expected));

test("an endless line is cut", () => assert.ok(shown("x".repeat(5000)).split("\n").length > 1));
