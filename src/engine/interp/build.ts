// Build step: writes interp.wasm, or with `--regions` the variant that engine/jit extends, to the path given (scripts/build.mjs).
import { writeFileSync } from "node:fs";
import { buildInterpreter } from "./run.ts";

writeFileSync(process.argv[2], buildInterpreter(process.argv.includes("--regions")));
