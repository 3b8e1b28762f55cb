// Damaged specs, kernel images and compressed files: refused or accepted within a time, never an exception. `node fuzz/parsers.mjs --seed N` repeats one.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { planText } from "../dist/cli/sources.js";
import { damageText } from "../dist/conformance/damage.js";
import { createWatchdog } from "../dist/conformance/guest/watchdog.js";
import { compressedSamples, fuzzImages, kernelSamples } from "../dist/conformance/images.js";
import { createRandom } from "../dist/conformance/random.js";
import { findImage } from "../dist/host/nodejs/images.js";

const SECONDS_PER_INPUT = 30;
const spec = fileURLToPath(new URL("../specs/two-linux.yaml", import.meta.url));
const MARKS = [": ", "- ", "[", "]", "{", "}", "&a ", "*a", "<<: *a", "!!binary ", "| ", "> ", "'", "\"", "# ", "\t", "\n", "---\n", "null", "-1", "1e999", "0x7fffffffffffffff", ".nan", "512G", "\u0000", "__proto__: "];

/** The headers and the end of a real kernel: what lies between is too long to be damaged often. */
function realKernel() {
  const image = findImage("debian"), file = image && path.join(image.folder, image.kernel);
  if (!file || !existsSync(file)) return [];
  const bytes = readFileSync(file);
  return [{ name: "Debian's kernel", bytes: Uint8Array.from([...bytes.subarray(0, 65536), ...bytes.subarray(-4096)]) }];
}

const kernels = [...kernelSamples(), ...realKernel()], compressed = compressedSamples(), text = readFileSync(spec, "utf8");

function attempt(seed, watchdog) {
  try {
    watchdog.watch(seed, SECONDS_PER_INPUT, () => fuzzImages(createRandom(seed, "images"), kernels, compressed));
    watchdog.watch(seed, SECONDS_PER_INPUT, () => planText(damageText(createRandom(seed, "spec"), text, MARKS), spec));
  } catch (cause) {
    throw new Error(`node fuzz/parsers.mjs --seed ${seed}`, { cause });
  }
}

export async function fuzz(seconds, firstSeed = Date.now() % 1_000_000_000) {
  const watchdog = createWatchdog("parsing of damaged input"), end = Date.now() + seconds * 1000;
  let count = 0;
  for (; Date.now() < end; count++) attempt(firstSeed + count, watchdog);
  watchdog.stop();
  return `${count} damaged specs, images and compressed files from seed ${firstSeed} were refused or accepted`;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({ options: { seed: { type: "string" }, seconds: { type: "string", default: "60" } } });
  if (values.seed === undefined) console.log(await fuzz(Number(values.seconds)));
  else attempt(Number(values.seed), createWatchdog("parsing of damaged input"));
}
