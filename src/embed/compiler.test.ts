import assert from "node:assert/strict";
import { once } from "node:events";
import test from "node:test";
import { startCompiler } from "./compiler.ts";

test("a thread that compiles and fails says so", async () => {
  const warned = once(process, "warning"), running = setInterval(() => {}, 1000); // nobody waits for that thread
  startCompiler(null as unknown as WebAssembly.Memory, 1)[0].close();
  const [{ name, message }] = await warned.finally(() => clearInterval(running)) as [Error];
  assert.equal(name, "NvlWarning");
  assert.match(message, /the thread that compiles has failed, and the interpreter goes on alone: /);
});
