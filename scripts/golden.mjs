// `npm run golden`: writes what the JIT makes of its patterns now, src/engine/jit/golden/*.wat. Look at the diff.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const test = fileURLToPath(new URL("../dist/engine/jit/golden.test.js", import.meta.url));
process.exit(spawnSync(process.execPath, ["--test", test], { stdio: "inherit", env: { ...process.env, NVL_GOLDEN: "write" } }).status ?? 1);
