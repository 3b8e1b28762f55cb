import assert from "node:assert/strict";
import test from "node:test";
import { byteWriter } from "./bytes.ts";
import { createGraph, type Graph } from "./ir.ts";
import { localPool, lower } from "./lower.ts";
import { moduleWriter } from "./module.ts";

/** Lowers what `build` records into a function of two i64 parameters and runs it; the exit `return` gives its argument. */
function compile(build: (g: Graph) => void): { body: number[]; run: (a: bigint, b: bigint) => bigint; memory: DataView } {
  const module = moduleWriter();
  module.importSharedMemory("env", "memory", 1, 1);
  const graph = createGraph(), out = byteWriter(), locals = localPool(2);
  build(graph);
  lower(graph, out, { locals, exit: (node, _depth, writer, emit) => {
    emit(node.args[0]);
    writer.byte(0x0f);
  } });
  const body = [...out.finish()];
  out.byte(0x00);
  module.exportFunction("run", module.func(module.type(["i64", "i64"], ["i64"]), locals.types, out.finish()));
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const { run } = new WebAssembly.Instance(new WebAssembly.Module(module.finish()), { env: { memory } }).exports;
  return { body, run: (a, b) => BigInt.asUintN(64, run(a, b)), memory: new DataView(memory.buffer) };
}

test("a value used once is an expression, one used twice a local", () => {
  const { body } = compile((g) => g.exit("return", g.pure("i64.add", g.param(0, "i64"), g.param(1, "i64"))));
  assert.deepEqual(body, [0x20, 0, 0x20, 1, 0x7c, 0x0f]);
  const twice = compile((g) => {
    const sum = g.pure("i64.add", g.param(0, "i64"), g.param(1, "i64"));
    g.exit("return", g.pure("i64.mul", sum, sum));
  });
  assert.deepEqual(twice.body, [0x20, 0, 0x20, 1, 0x7c, 0x22, 2, 0x20, 2, 0x7e, 0x0f]);
  assert.equal(twice.run(3n, 4n), 49n);
});

test("constants are computed, masks that do nothing and unused values vanish", () => {
  const { body } = compile((g) => {
    g.pure("i64.mul", g.param(0, "i64"), g.param(1, "i64"));
    const byte = g.load("i64.load8_u", g.i32(0), 8);
    const same = g.pure("i64.and", byte, g.i64(0xffn));
    assert.equal(same, byte);
    assert.equal(g.pure("i64.sub", g.i64(3n), g.i64(5n)), g.i64(-2));
    g.exit("return", g.pure("i64.add", same, g.i64(0n)));
  });
  assert.deepEqual(body, [0x41, 0, 0x31, 0, 8, 0x0f]);
});

test("a load stays before a store that follows it", () => {
  const { run, memory } = compile((g) => {
    const old = g.load("i64.load", g.i32(16), 0);
    g.store("i64.store", g.i32(16), 0, g.param(0, "i64"));
    g.exit("return", old);
  });
  memory.setBigUint64(16, 7n, true);
  assert.equal(run(9n, 0n), 7n);
  assert.equal(memory.getBigUint64(16, true), 9n);
});

test("a load is not moved into a branch, nor across one that writes", () => {
  const { run } = compile((g) => {
    const old = g.load("i64.load", g.i32(16), 0);
    g.when(g.pure("i64.eqz", g.param(0, "i64")), () => {
      g.store("i64.store", g.i32(16), 0, g.i64(5n));
      g.exit("return", g.pure("i64.add", old, g.i64(1n)));
    });
    g.store("i64.store", g.i32(16), 0, g.param(0, "i64"));
    g.exit("return", old);
  });
  assert.equal(run(0n, 0n), 1n);
  assert.equal(run(3n, 0n), 5n);
  assert.equal(run(4n, 0n), 3n);
});

test("a choice has the value of the side taken; a side may leave", () => {
  const { run } = compile((g) => {
    const value = g.choose("i64", g.pure("i64.eqz", g.param(0, "i64")), () => g.param(1, "i64"), () => {
      g.when(g.pure("i64.eqz", g.param(1, "i64")), () => g.exit("return", g.i64(99n)));
      return g.pure("i64.sub", g.param(1, "i64"), g.param(0, "i64"));
    });
    g.exit("return", g.pure("i64.mul", value, value));
  });
  assert.equal(run(0n, 6n), 36n);
  assert.equal(run(1n, 6n), 25n);
  assert.equal(run(1n, 0n), 99n);
});

test("the address of a local that a read-modify-write uses twice is there both times", () => {
  const { run, memory } = compile((g) => {
    const at = g.choose("i32", g.pure("i64.eqz", g.param(0, "i64")), () => g.i32(24), () => g.i32(32));
    const old = g.load("i64.load", at, 0);
    g.store("i64.store", at, 0, g.pure("i64.add", old, g.i64(1n)));
    g.exit("return", g.i64(0n));
  });
  run(0n, 0n);
  run(1n, 0n);
  run(1n, 0n);
  assert.deepEqual([memory.getBigUint64(24, true), memory.getBigUint64(32, true)], [1n, 2n]);
});

test("what is made in a branch is not visible outside", () => {
  const g = createGraph();
  let inner = g.i64(0n);
  g.when(g.param(0, "i32"), () => {
    inner = g.load("i64.load", g.i32(0), 0);
    assert.ok(g.visible(inner));
  });
  assert.ok(!g.visible(inner));
});
