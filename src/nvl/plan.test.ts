import assert from "node:assert/strict";
import test from "node:test";
import { parseSpec } from "../api/spec.ts";
import { planNode, type Sources } from "./plan.ts";

const sources: Sources = {
  findPath: (name) => name.startsWith("missing") ? undefined : `/folders/${name}`,
  findFile: (name) => name.startsWith("missing") ? undefined : `/files/${name}`,
  findImage: (name) => name === "debian" ? { kernel: "/images/vmlinuz", initrds: ["/images/root.cpio"], commandLine: "console=ttyS0" } : undefined,
};
const node = (name: string, more: object = {}) => ({ name, memory: "256M", stack: { vm: { image: "debian" } }, ...more });
const plan = (zones: object[], virtualNodes: object[]) => {
  const parsed = parseSpec({ node: { zones }, virtualNodes });
  assert.ok("spec" in parsed, JSON.stringify(parsed));
  return planNode(parsed.spec, sources);
};

test("cores and memory of a zone are given out once", () => {
  const result = plan([{ cores: 2, memory: "512M" }], [node("a"), node("b", { stack: { vm: { kernel: "vmlinux", append: "quiet" } } })]);
  assert.ok("plan" in result);
  assert.deepEqual(result.plan.virtualNodes.map(({ name, zones: [{ zone, cores }], boot }) => ({ name, zone, cores, kernel: boot?.kernel, commandLine: boot?.commandLine })), [
    { name: "a", zone: 0, cores: [0], kernel: "/images/vmlinuz", commandLine: "console=ttyS0" },
    { name: "b", zone: 0, cores: [1], kernel: "/files/vmlinux", commandLine: "quiet" },
  ]);
});

test("a virtual node goes to the first zone with room, or to the zone it names", () => {
  const result = plan([{ cores: 1, memory: "256M" }, { cores: 4, memory: "1G" }], [node("a", { zone: 1, cores: 2 }), node("b"), node("c")]);
  assert.ok("plan" in result);
  assert.deepEqual(result.plan.virtualNodes.map(({ zones: [{ zone, cores }] }) => [zone, cores]), [[1, [1, 2]], [0, [0]], [1, [3]]]);
});

test("a virtual node of several zones has their distances, and another zone for each", () => {
  const result = plan([{ cores: 2, memory: "1G", distances: [10, 15, 30] }, { cores: 2, memory: "1G" }, { cores: 4, memory: "1G" }], [
    { ...node("a", { zones: [{ zone: 2, cores: 4, sockets: 2, memory: "512M" }, { cores: 1, memory: "256M" }] }), memory: undefined },
    { ...node("b", { zones: [{ cores: 1, memory: "256M" }, { cores: 2, memory: "1G" }] }), memory: undefined },
  ]);
  assert.ok("plan" in result, JSON.stringify(result));
  const MiB = 2 ** 20;
  assert.deepEqual(result.plan.virtualNodes.map(({ zones }) => zones), [
    [{ zone: 2, cores: [4, 5, 6, 7], sockets: 2, memoryBytes: 512 * MiB, distances: [10, 20] }, { zone: 0, cores: [0], sockets: 1, memoryBytes: 256 * MiB, distances: [30, 10] }],
    [{ zone: 0, cores: [1], sockets: 1, memoryBytes: 256 * MiB, distances: [10, 15] }, { zone: 1, cores: [2, 3], sockets: 1, memoryBytes: 1024 * MiB, distances: [20, 10] }],
  ]);
  assert.equal(result.plan.totalMemoryBytes, 2048 * MiB);
  const full = plan([{ cores: 2, memory: "1G" }, { cores: 1, memory: "1G" }], [{ ...node("a", { zones: [{ cores: 1, memory: "256M" }, { cores: 2, memory: "256M" }] }), memory: undefined }]);
  assert.ok("issues" in full);
  assert.deepEqual(full.issues.map(({ path }) => path), ["/virtualNodes/0/zones/1/cores"]);
});

test("every over-commitment and missing file is named at once, with its path", () => {
  const result = plan([{ cores: 1, memory: "256M" }], [
    node("a"), node("b", { cores: 2 }), node("c", { stack: { vm: { kernel: "missing-kernel", initrd: ["ok", "missing-initrd"] } } }), node("d", { stack: { vm: { image: "none" } } }),
  ]);
  assert.ok("issues" in result);
  assert.deepEqual(result.issues.map(({ path }) => path), [
    "/virtualNodes/1/cores", "/virtualNodes/1/memory", "/virtualNodes/2/cores", "/virtualNodes/2/memory",
    "/virtualNodes/2/stack/vm/kernel", "/virtualNodes/2/stack/vm/initrd/1", "/virtualNodes/3/cores", "/virtualNodes/3/memory", "/virtualNodes/3/stack/vm/image",
  ]);
});

test("a Kitten beside a PC: cores and memory of its own, absolute paths", () => {
  const kitten = (more: object = {}) => ({ name: "k", cores: 2, memory: "64M", stack: { kitten: { run: ["/bin/true"], ...more } } });
  const result = plan([{ cores: 3, memory: "1G" }], [node("a"), kitten({ root: "tree", mounts: [{ host: "data", guest: "/data", readOnly: true }] })]);
  assert.ok("plan" in result, JSON.stringify(result));
  assert.deepEqual(result.plan.virtualNodes[1], {
    name: "k", zones: [{ zone: 0, cores: [1, 2], sockets: 1, memoryBytes: 64 * 2 ** 20, distances: [10] }],
    kitten: { run: ["/bin/true"], root: "/folders/tree", mounts: [{ host: "/folders/data", guest: "/data", readOnly: true }], environment: {}, cwd: "/" },
  });
  const bad = plan([{ cores: 3, memory: "1G" }], [kitten({ root: "missing", mounts: [{ host: "missing too", guest: "/x" }] })]);
  assert.ok("issues" in bad);
  assert.deepEqual(bad.issues.map(({ path }) => path), ["/virtualNodes/0/stack/kitten/root", "/virtualNodes/0/stack/kitten/mounts/0/host"]);
});
