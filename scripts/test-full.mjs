// `npm run test:full [-- seed]`: every row against the host's CPU with ten times the cases and other random numbers. Takes half an hour.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const seed = process.argv[2] ?? String(Date.now() % 1_000_000);
console.log(`seed ${seed}`);
const environment = { ...process.env, NVL_CASES: "3000", NVL_SEED: seed };
process.exit(spawnSync(process.execPath, [fileURLToPath(new URL("test.mjs", import.meta.url)), "src/conformance"], { stdio: "inherit", env: environment }).status ?? 1);
