// Every engine keeps the contract of hal/vcpu.ts.

import test from "node:test";
import { CONFORMANCE } from "../hal/conformance/index.ts";
import { openEngines } from "./engines.ts";

for (const engine of openEngines())
  for (const { name, run } of CONFORMANCE) test(`${engine.name}: ${name}`, () => run(engine));
