// Build step: writes interp.wasm to the path given (scripts/build.mjs).
import { writeFileSync } from "node:fs";
import { buildInterpreter } from "./run.ts";

writeFileSync(process.argv[2], buildInterpreter());
