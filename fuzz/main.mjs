// `npm run fuzz [-- --seconds N] [name…]`: every other file of this folder is one fuzzer, with `fuzz(seconds)` that throws when it finds something.
import { readdirSync } from "node:fs";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { seconds: { type: "string", default: "60" } } });
const seconds = Number(values.seconds);
const known = readdirSync(new URL(".", import.meta.url)).filter((file) => file.endsWith(".mjs") && file !== "main.mjs").map((file) => file.replace(/\.mjs$/, ""));
const wrong = positionals.filter((name) => !known.includes(name));
if (wrong.length > 0 || !(seconds > 0)) {
  console.error(wrong.length > 0 ? `no fuzzer is called ${wrong.join(", ")}; there are ${known.join(", ")}` : "--seconds is a number above 0: the time of each fuzzer");
  process.exit(2);
}
let failed = 0;
for (const name of positionals.length > 0 ? positionals : known) {
  console.log(`${name}: ${seconds} s …`);
  try {
    const { fuzz } = await import(`./${name}.mjs`);
    console.log(`${name}: ${await fuzz(seconds)}`);
  } catch (error) {
    failed++;
    console.error(`${name}: FOUND\n`, error);
  }
}
process.exit(failed === 0 ? 0 : 1);
