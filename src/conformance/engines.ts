// The engines that are built, for tests and tools.

import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createInterpreter } from "../engine/interp/index.ts";
import { createOracle } from "../engine/oracle/vcpu.ts";
import type { Engine } from "../hal/index.ts";

const compile = (path: string) => new WebAssembly.Module(readFileSync(new URL(`../engine/${path}`, import.meta.url)));
