// Records what this host's CPU computes into vectors.txt.gz: `node dist/conformance/float/record.js [cases per instruction]`.

import { openHostCpu } from "../host/host.ts";
import { createRandom } from "../random.ts";
import { caseOf, GROUPS, randomInputs, resultOf } from "./cases.ts";
import { writeVectors } from "./vectors.ts";

const host = openHostCpu();
if (host === undefined) {
  console.error("needs x86-64 Linux with gcc");
  process.exit(2);
}
const count = Number(process.argv[2] ?? 60);
const vectors = GROUPS.flatMap((group) => {
  const random = createRandom(1, group.name), inputs = Array.from({ length: count }, () => randomInputs(random, group));
  const outcomes = host.run(inputs.map((one) => caseOf(group, one)));
  return inputs.map((one, index) => ({ group, inputs: one, result: resultOf(group, outcomes[index]!) }));
});
writeVectors(`computed by ${host.model}`, vectors);
console.log(`${vectors.length} cases of ${GROUPS.length} instructions by ${host.model}`);
