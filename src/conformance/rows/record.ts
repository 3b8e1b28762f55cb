// Records what this host's CPU makes of every form: `npm run vectors`. The file is what hosts without gcc, or with another CPU, compare with.

import { readFileSync, writeFileSync } from "node:fs";
import { COMPARABLE_FORMS, generateCase } from "./generate.ts";
import { openHostCpu } from "../host/host.ts";
import { encodeVectors } from "./vectors.ts";

const SEED = 1000, CASES = 40;
const FILE = new URL("../../../src/conformance/vectors/recorded.bin", import.meta.url);

const host = openHostCpu();
if (host === undefined) {
  console.error("recording needs x86-64 Linux with gcc");
  process.exit(2);
}
/** Family, model and stepping say more than a name that a hypervisor may have chosen. */
function cpuName(model: string): string {
  const fact = (name: string) => new RegExp(`^${name}\\s*: (.*)$`, "m").exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? "?";
  return `${fact("vendor_id")} ${model}, family ${fact("cpu family")}, model ${fact("model")}, stepping ${fact("stepping")}`;
}
const forms = COMPARABLE_FORMS.map((form) => {
  const cases = Array.from({ length: CASES }, (_, number) => generateCase(form, SEED, number).one);
  return { form, cases, outcomes: host.run(cases) };
});
const header = { cpu: cpuName(host.model), seed: SEED, casesPerForm: CASES };
const file = encodeVectors(header, forms);
writeFileSync(FILE, file);
console.log(`${forms.length} forms, ${CASES} cases each, ${file.length} bytes, recorded on ${header.cpu}`);
