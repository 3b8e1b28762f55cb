import assert from "node:assert/strict";
import test from "node:test";
import { readFileSync } from "node:fs";
import { specReference } from "./reference.ts";
import { parseSpec, specJsonSchema } from "./spec.ts";

const vm = { image: "debian" };
const good = { node: { zones: [{ cores: 2, memory: "1G" }] }, virtualNodes: [{ name: "alpha", memory: "512M", stack: { vm } }] };
const issuesOf = (document: unknown) => {
  const parsed = parseSpec(document);
  return "issues" in parsed ? parsed.issues : [];
};

test("defaults are filled in and sizes become bytes", () => {
  const parsed = parseSpec(good);
  assert.ok("spec" in parsed);
  assert.deepEqual(parsed.spec.virtualNodes[0], { name: "alpha", cores: 1, memory: 512 * 2 ** 20, sockets: 1, time: "real", seed: 0, stack: { vm: { image: "debian", append: "", files: {} } } });
});

test("a debugger's address", () => {
  for (const [gdb, host, port] of [["1234", "127.0.0.1", 1234], [":1234", "127.0.0.1", 1234], ["tcp::1", "127.0.0.1", 1], ["0.0.0.0:99", "0.0.0.0", 99], ["[::1]:5", "::1", 5]] as const) {
    const parsed = parseSpec({ ...good, virtualNodes: [{ ...good.virtualNodes[0], debug: { gdb } }] });
    assert.ok("spec" in parsed);
    assert.deepEqual(parsed.spec.virtualNodes[0].debug, { gdb: { host, port }, wait: false });
  }
});

for (const [what, change, paths] of [
  ["an unknown field", { extra: 1 }, ["/extra"]],
  ["unknown fields further in", { virtualNodes: [{ ...good.virtualNodes[0], cpu: 1, stack: { vm: { ...vm, kernal: "x" } } }] }, ["/virtualNodes/0/cpu", "/virtualNodes/0/stack/vm/kernal"]],
  ["a size that is none", { virtualNodes: [{ ...good.virtualNodes[0], memory: "lots" }] }, ["/virtualNodes/0/memory"]],
  ["a size that is not whole pages", { virtualNodes: [{ ...good.virtualNodes[0], memory: 2 ** 20 + 1 }] }, ["/virtualNodes/0/memory"]],
  ["a name twice", { virtualNodes: [good.virtualNodes[0], good.virtualNodes[0]] }, ["/virtualNodes/1/name"]],
  ["a name with capitals", { virtualNodes: [{ ...good.virtualNodes[0], name: "Alpha" }] }, ["/virtualNodes/0/name"]],
  ["neither image nor kernel", { virtualNodes: [{ ...good.virtualNodes[0], stack: { vm: {} } }] }, ["/virtualNodes/0/stack/vm"]],
  ["neither vm nor kitten", { virtualNodes: [{ ...good.virtualNodes[0], stack: {} }] }, ["/virtualNodes/0/stack"]],
  ["both", { virtualNodes: [{ ...good.virtualNodes[0], stack: { vm, kitten: { run: ["/bin/true"] } } }] }, ["/virtualNodes/0/stack"]],
  ["a Kitten with nothing to run", { virtualNodes: [{ ...good.virtualNodes[0], stack: { kitten: { run: [] } } }] }, ["/virtualNodes/0/stack/kitten/run"]],
  ["what a Kitten has not", { virtualNodes: [{ name: "a", memory: "1M", time: "virtual", debug: { gdb: "1234" }, stack: { kitten: { run: ["/a"], mounts: [{ host: "x", guest: "/x" }, { host: "y", guest: "/x" }, { host: "z", guest: "z" }] } } }] },
    ["/virtualNodes/0/stack/kitten/mounts/2/guest"]],
  ["what a Kitten has not, and rules", { virtualNodes: [{ name: "a", memory: "1M", time: "virtual", debug: { gdb: "1234" }, stack: { kitten: { run: ["/a"], mounts: [{ host: "x", guest: "/x" }, { host: "y", guest: "/x" }] } } }] },
    ["/virtualNodes/0/debug", "/virtualNodes/0/memory", "/virtualNodes/0/stack/kitten/mounts/1/guest", "/virtualNodes/0/time"]],
  ["a zone that is not there", { virtualNodes: [{ ...good.virtualNodes[0], zone: 3 }] }, ["/virtualNodes/0/zone"]],
  ["no memory", { virtualNodes: [{ name: "a", stack: { vm } }] }, ["/virtualNodes/0/memory"]],
  ["zones beside cores and memory", { virtualNodes: [{ ...good.virtualNodes[0], zones: [{ cores: 1, memory: "1M" }] }] }, ["/virtualNodes/0/zones"]],
  ["a zone twice", { virtualNodes: [{ name: "a", stack: { vm }, zones: [{ zone: 0, cores: 1, memory: "1M" }, { zone: 0, cores: 17, memory: 1 }] }] }, ["/virtualNodes/0/zones/1/cores"]],
  ["zones that cannot be", { virtualNodes: [{ name: "a", stack: { vm }, zones: [{ zone: 0, cores: 8, memory: "1M" }, { zone: 0, cores: 9, memory: 1, sockets: 10 }] }] },
    ["/virtualNodes/0/zones", "/virtualNodes/0/zones", "/virtualNodes/0/zones/1/memory", "/virtualNodes/0/zones/1/sockets", "/virtualNodes/0/zones/1/zone"]],
  ["a distance to another zone that is none", { node: { zones: [{ cores: 1, memory: "1G", distances: [10, 10] }, { cores: 1, memory: "1G", distances: [20, 11] }] } }, ["/node/zones/0/distances/1", "/node/zones/1/distances/1"]],
  ["distances that do not fit", { node: { zones: [{ cores: 1, memory: "1G", distances: [10, 20] }] } }, ["/node/zones/0/distances"]],
  ...["", "localhost", ":65536", "::1234", "1234x", "http://a:1"].map((gdb) => [`"${gdb}" for a debugger's address`, { virtualNodes: [{ ...good.virtualNodes[0], debug: { gdb } }] }, ["/virtualNodes/0/debug/gdb"]] as const),
  ["no virtual nodes", { virtualNodes: [] }, ["/virtualNodes"]],
] as const) test(`refuses ${what}`, () => assert.deepEqual(issuesOf({ ...good, ...change }).map(({ path }) => path).sort(), [...paths].sort()));

for (const document of [undefined, null, 1, "text", [], {}]) test(`refuses ${JSON.stringify(document)} without throwing`, () => assert.ok(issuesOf(document).length > 0));

test("the published schema describes every field that people write", () => {
  const text = JSON.stringify(specJsonSchema());
  for (const field of ["zones", "cores", "memory", "distances", "virtualNodes", "stack", "image", "kernel", "initrd", "append", "files"]) assert.match(text, new RegExp(`"${field}"`));
});

for (const [name, made] of [["spec.md", specReference()], ["spec.schema.json", `${JSON.stringify(specJsonSchema(), undefined, 2)}\n`]] as const)
  test(`docs/${name} is up to date: npm run docs`, () => assert.equal(readFileSync(new URL(`../../docs/${name}`, import.meta.url), "utf8"), made));
