import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { supportTable } from "./support-table.ts";

test("docs/instruction-set.md is up to date (npm run docs)", () => {
  const written = readFileSync(new URL("../../docs/instruction-set.md", import.meta.url), "utf8");
  assert.ok(written === supportTable(), "run `npm run docs` and commit the result");
});
