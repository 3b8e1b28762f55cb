// A core whose thread cannot begin is an error that names it.

import assert from "node:assert/strict";
import test from "node:test";
import { NvlError } from "../base/error.ts";
import { createNodeMemory } from "../hal/memory.ts";
import { clockWords } from "./guest-clock.ts";
import { startCores } from "./kitten-cores.ts";
import { VCPU_OVERHEAD_BYTES } from "./protocol.ts";

test("a core whose thread fails is named", async () => {
  const broken = new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)); // nothing is in it
  const error = await new Promise<NvlError>((resolve) => {
    startCores(createNodeMemory(VCPU_OVERHEAD_BYTES + 2 ** 21), {
      count: 2, crowded: false, engine: "interp", engineOptions: {}, modules: { core: broken, interp: broken }, control: new SharedArrayBuffer(8), clock: clockWords(),
    }, [], resolve).workers[0].ref();
  });
  assert.ok(error instanceof NvlError);
  assert.match(error.message, /thread of core 1 failed/);
});
