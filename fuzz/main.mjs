// `npm run fuzz [-- seconds [name…]]`: every other file of this folder is one fuzzer, with `fuzz(seconds)` that throws when it finds something.
import { readdirSync } from "node:fs";

const [seconds = "60", ...names] = process.argv.slice(2);
const fuzzers = readdirSync(new URL(".", import.meta.url)).filter((file) => file.endsWith(".mjs") && file !== "main.mjs")
  .map((file) => file.replace(/\.mjs$/, "")).filter((name) => names.length === 0 || names.includes(name));
let failed = 0;
for (const name of fuzzers) {
  console.log(`${name}: ${seconds} s …`);
  try {
    const { fuzz } = await import(`./${name}.mjs`);
    console.log(`${name}: ${await fuzz(Number(seconds))}`);
  } catch (error) {
    failed++;
    console.error(`${name}: FOUND\n`, error);
  }
}
process.exit(failed === 0 ? 0 : 1);
