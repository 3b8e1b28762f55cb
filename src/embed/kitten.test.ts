// Kittens in a node: what they print, how they end, stop, pause; that one which misbehaves or is ended leaves the others alone.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import test from "node:test";
import { oneZone, type PlannedKitten, type PlannedNode } from "../nvl/plan.ts";
import { startNode, type Ending, type VirtualNode } from "./node.ts";

const skip = process.platform === "linux" && process.arch === "x64" && existsSync("/bin/sh") ? false : "no x86-64 Linux";
const kitten = (name: string, run: string[], more: Partial<PlannedKitten> = {}, cores = 1): PlannedNode =>
  ({ name, zones: oneZone(Array.from({ length: cores }, (_, index) => index), 64 * 2 ** 20), kitten: { run, root: "/", mounts: [], environment: {}, cwd: "/", ...more } });

async function start(...virtualNodes: PlannedNode[]): Promise<{ nodes: VirtualNode[]; text: Record<string, string>; until(name: string, word: string): Promise<void> }> {
  const text: Record<string, string> = {}, decoder = new TextDecoder();
  let changed = () => {};
  const nodes = await startNode({ nodeName: "test", totalMemoryBytes: 64 * 2 ** 20 * virtualNodes.length, virtualNodes }, "interp", { output: (name, bytes) => {
    text[name] = (text[name] ?? "") + decoder.decode(bytes);
    changed();
  } });
  const until = async (name: string, word: string) => { while (!text[name]?.includes(word)) await new Promise<void>((resolve) => { changed = resolve; }); };
  return { nodes, text, until };
}
const outcomes = async (nodes: VirtualNode[]) => (await Promise.all(nodes.map(({ ended }) => ended))).map(({ outcome }: Ending) => outcome);

test("programs of several Kittens at once: output, environment, input, status, signal", { skip }, async () => {
  const { nodes, text } = await start(kitten("a", ["/bin/sh", "-c", "echo $WHO in $PWD; exit 3"], { environment: { WHO: "me" }, cwd: "/usr" }), kitten("b", ["sh", "-c", "read line; echo got $line; kill -9 $$"], {}, 2));
  nodes[1].write(new TextEncoder().encode("something\n"));
  assert.deepEqual(await outcomes(nodes), [{ kind: "exit", status: 3 }, { kind: "signal", signal: 9 }]);
  assert.deepEqual(text, { a: "me in /usr\n", b: "got something\n" });
});

test("stop, and pause: time stands still", { skip }, async () => {
  const { nodes: [node], text, until } = await start(kitten("k", ["/bin/sh", "-c", "echo ready; (while :; do :; done) & while :; do :; done"], {}, 2));
  await until("k", "ready");
  await node.pause();
  await node.resume();
  node.stop();
  const { outcome, statistics } = await node.ended;
  assert.deepEqual(outcome, { kind: "stopped" });
  assert.ok(statistics.instructions > 0);
  assert.equal(text.k, "ready\n");
});

test("a program that is not there fails its own virtual node only", { skip }, async () => {
  const { nodes } = await start(kitten("bad", ["/no/such/program"]), kitten("good", ["/bin/true"]));
  await assert.rejects(nodes[0].ended, /ENOENT/);
  assert.deepEqual((await nodes[1].ended).outcome, { kind: "exit", status: 0 });
});

test("cores are removed from a running Kitten and added again; tasks on them go elsewhere", { skip }, async () => {
  const script = `cd /sys/devices/system/cpu; (while :; do :; done) & spinner=$!; (while :; do :; done) & other=$!
    sleep 0.2; cat online; echo 0 > cpu1/online; cat online cpu1/online; grep Cpus_allowed_list /proc/self/status >/dev/null; echo 0 > cpu2/online; cat online
    (echo 0 > cpu0/online) 2>/dev/null || echo no; (echo 2 > cpu1/online) 2>/dev/null || echo no
    sleep 0.1; kill -0 $spinner && kill -0 $other && echo alive; echo 1 > cpu1/online; cat online; sleep 0.1; kill $spinner $other; wait; echo done`;
  const { nodes, text } = await start(kitten("k", ["/bin/sh", "-c", script], {}, 3));
  assert.deepEqual(await outcomes(nodes), [{ kind: "exit", status: 0 }]);
  assert.equal(text.k, "0-2\n0,2\n0\n0\nno\nno\nalive\n0-1\ndone\n");
});
