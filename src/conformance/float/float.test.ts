// Floating point against what a CPU has computed: recorded, and on this host where it has gcc.
import assert from "node:assert/strict";
import test from "node:test";
import { openEngines } from "../engines.ts";
import { openHostCpu } from "../host/host.ts";
import { createCaseMachine } from "../rows/machine.ts";
import { createRandom } from "../random.ts";
import { caseOf, GROUPS, randomInputs, resultOf, type Group } from "./cases.ts";
import { readVectors, type Vector } from "./vectors.ts";

const machine = createCaseMachine((await openEngines(["oracle"]))[0]!);

/** Transcendental results may differ by one unit in the last place, and in C1 with it. */
function agrees(group: Group, expected: string, actual: string): boolean {
  if (expected === actual) return true;
  if (group.kind !== "transcendental") return false;
  const [status, ...values] = expected.split(" ").map((text) => BigInt(`0x${text}`)), [ourStatus, ...ours] = actual.split(" ").map((text) => BigInt(`0x${text}`));
  const order = (value: bigint) => (((value >> 64n) & 0x7fffn) << 63n) | (value & 0x7fff_ffff_ffff_ffffn);
  return ((status! ^ ourStatus!) & ~0x200n) === 0n && values.every((value, index) =>
    value >> 79n === ours[index]! >> 79n && [-1n, 0n, 1n].includes(order(value) - order(ours[index]!)));
}

function checkAll(group: Group, vectors: readonly Vector[]): void {
  const wrong = vectors.flatMap(({ inputs, result }) => {
    const actual = resultOf(group, machine.run(caseOf(group, inputs)));
    return agrees(group, result, actual) ? [] : [`${[inputs.control, inputs.a, inputs.b, inputs.memory].map((value) => value.toString(16)).join(" ")}\n  expected ${result}\n  got      ${actual}`];
  });
  assert.equal(wrong.length, 0, `${wrong.length} of ${vectors.length} differ\n${wrong.slice(0, 3).join("\n")}`);
}

const recorded = readVectors();
for (const group of GROUPS) {
  test(`${group.name}, recorded`, () => checkAll(group, recorded.filter((vector) => vector.group === group)));
}

test("vectors of every instruction are there", () => {
  for (const group of GROUPS) assert.ok(recorded.some((vector) => vector.group === group), group.name);
});

const host = openHostCpu();
/** NVL_CASES: cases per instruction; NVL_SEED: other random numbers. */
const CASES = Number(process.env.NVL_CASES ?? 300), SEED = Number(process.env.NVL_SEED ?? 2);
test("the same on this host", { skip: host ? false : "needs x86-64 Linux with gcc" }, async (t) => {
  for (const group of GROUPS) await t.test(`${group.name}, ${CASES} cases, seed ${SEED}`, () => {
    const random = createRandom(SEED, group.name), inputs = Array.from({ length: CASES }, () => randomInputs(random, group));
    const outcomes = host!.run(inputs.map((one) => caseOf(group, one)));
    checkAll(group, inputs.map((one, index) => ({ group, inputs: one, result: resultOf(group, outcomes[index]!) })));
  });
});
