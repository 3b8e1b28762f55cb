// Capabilities of our engines are what CPUID tells guests: everything of x86-64-v2, nothing beyond.
import assert from "node:assert/strict";
import test from "node:test";
import { CAPABILITIES, probeCapabilities } from "../hal/capabilities.ts";
import { openEngines } from "./engines.ts";

const ABSENT = ["avx2", "bmi2"];
for (const engine of openEngines())
  test(`${engine.name}: capabilities`, () => {
    const found = probeCapabilities(engine);
    assert.deepEqual(CAPABILITIES.filter((name) => !found[name]), ABSENT);
  });
