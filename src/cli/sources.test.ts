// Spec files as people may write them, damaged from fixed seeds: a plan or reasons, never an exception. `npm run fuzz` has more.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { damageText } from "../conformance/damage.ts";
import { createRandom } from "../conformance/random.ts";
import { planText } from "./sources.ts";

const valid = readFileSync(new URL("../../specs/two-linux.yaml", import.meta.url), "utf8");
const MARKS = [": ", "- ", "[", "]", "{", "}", "&a ", "*a", "<<: *a", "!!binary ", "| ", "> ", "'", "\"", "# ", "\t", "\n", "---\n", "null", "-1", "1e999", "0x7fffffffffffffff", ".nan", "512G", "99999999999999999999G", "\u0000", "\ud800", "__proto__: ", "constructor: "];

for (const [what, text, message] of [
  ["an alias of nothing", "node: *nothing", /Unresolved alias/],
  ["aliases that multiply", "a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c]\n", /alias/],
  ["a list within itself", "virtualNodes: &a [*a]", /./],
  ["brackets without end", "[".repeat(50_000), /./],
  ["nothing", "", /./],
] as const) test(`a spec of ${what} is refused with a reason`, () => {
  const planned = planText(text, "spec.yaml");
  assert.ok("issues" in planned);
  assert.match(planned.issues[0].message, message);
});

test("damaged specs are planned or refused, never thrown over", () => {
  for (let seed = 1; seed <= 800; seed++) {
    const text = damageText(createRandom(seed, "spec"), valid, MARKS), planned = planText(text, "spec.yaml");
    assert.ok("plan" in planned || planned.issues.length > 0, `seed ${seed}`);
  }
});
