// Two Kittens of a node work on one segment of memory; when they have ended there is room for as much again.

import assert from "node:assert/strict";
import path from "node:path";
import test from "node:test";
import { oneZone, type PlannedNode } from "../nvl/plan.ts";
import { programRunner, skip } from "../kitten/programs/testing.ts";
import { startNode } from "./node.ts";

const { compile } = programRunner(60_000);

test("a segment made in one Kitten and attached in another, by name", { skip }, async () => {
  const program = compile("own/xemem", "static", ["-static"]), text: Record<string, string> = {}, decoder = new TextDecoder();
  const kitten = (name: string): PlannedNode =>
    ({ name, zones: oneZone([0], 64 * 2 ** 20), kitten: { run: [`/${path.basename(program)}`, name], root: path.dirname(program), mounts: [], environment: {}, cwd: "/" } });
  const nodes = await startNode({ nodeName: "test", totalMemoryBytes: 0, virtualNodes: [kitten("producer"), kitten("consumer")] }, "jit", { output: (name, bytes) => { text[name] = (text[name] ?? "") + decoder.decode(bytes); } });
  for (const { outcome } of await Promise.all(nodes.map(({ ended }) => ended))) assert.deepEqual(outcome, { kind: "exit", status: 0 });
  assert.deepEqual(text, { producer: `sum ${7 * 999_999 * 1_000_000 / 2}\n`, consumer: "not mine: -1 EPERM\n" });
});
