// The text of a module, read by binaryen (which we did not write), must be the module.
import assert from "node:assert/strict";
import test from "node:test";
import binaryen from "binaryen";
import { byteWriter } from "./bytes.ts";
import { assembler } from "./assembler.ts";
import { moduleWriter } from "./module.ts";
import { ATOMIC_ALIGNMENT, CONTROL as W, OP_FACTS, type AtomicOp, type ValueType } from "./opcodes.ts";
import { wasmText } from "./text.ts";

const same = (bytes: Uint8Array) => {
  const read = (text: boolean) => {
    const module = text ? binaryen.parseText(wasmText(bytes)) : binaryen.readBinary(bytes);
    module.setFeatures(binaryen.Features.All);
    assert.ok(module.validate());
    module.runPasses(["remove-unused-names", "merge-blocks", "vacuum"]);
    const normal = binaryen.readBinary(module.emitBinary()).emitText();
    module.dispose();
    return normal.replaceAll(/\$[\w$.]+/g, "$");
  };
  assert.equal(read(true), read(false));
};

/** A module with one function. */
function moduleOf(params: ValueType[], results: ValueType[], locals: ValueType[], write: (out: ReturnType<typeof byteWriter>) => void): Uint8Array {
  const module = moduleWriter(), out = byteWriter();
  module.importSharedMemory("env", "memory", 17, 65536);
  module.importFunction("core", "flagAux", module.type(["i32", "i64", "i64"], ["i64"]));
  module.importFunction("core", "nothing", module.type([], []));
  write(out);
  module.exportFunction("r0", module.func(module.type(params, results), locals, out.finish()));
  return module.finish();
}

test("every operation", () => {
  const zero: Record<ValueType, number[]> = { i32: [W.i32Const, 0], i64: [W.i64Const, 0x7f], f32: [W.localGet, 1], f64: [W.localGet, 2], v128: [W.vectorPrefix, W.vectorConst, ...Array.from({ length: 16 }, (_, lane) => lane)] };
  same(moduleOf(["i32"], [], ["f32", "f64"], (out) => {
    for (const [name, { code, args, result }] of Object.entries(OP_FACTS)) {
      const accesses = /\.(load|store|atomic)/.test(name);
      if (accesses) out.bytes([W.localGet, 0]);
      for (const type of args) out.bytes(zero[type]);
      if (code > 0xff) {
        out.byte(code >> 8);
        out.u32(code & 0xff);
      } else out.byte(code);
      if (accesses) out.bytes([ATOMIC_ALIGNMENT[name as AtomicOp] ?? 0, 12]);
      else if (/extract_lane|replace_lane/.test(name)) out.byte(1);
      else if (name.endsWith("shuffle")) for (let lane = 0; lane < 16; lane++) out.byte(lane);
      if (result) out.byte(W.drop);
    }
  }));
});

test("structure: loops, tables, conditions with and without a value, calls", () => {
  const bytes = moduleOf(["i32", "i64"], ["i64"], ["i64", "i32"], (out) => {
    const a = assembler(out);
    const exit = a.block(), again = a.loop(), first = a.block();
    a.get(0);
    out.byte(W.brTable);
    out.u32(2);
    for (const label of [first, again, exit]) out.u32(a.depthTo(label));
    a.close();
    a.get(0);
    a.i32(-5);
    a.op("i32.add");
    a.tee(3);
    a.when();
    a.get(1);
    a.set(2);
    a.get(3);
    a.brIf(again);
    a.otherwise();
    a.call(1);
    a.br(exit);
    a.close();
    a.get(3);
    out.byte(W.if);
    out.byte(0x7e);
    a.get(3);
    a.get(1);
    a.get(2);
    a.call(0);
    a.otherwise();
    out.byte(W.i64Const);
    out.s64(-(2n ** 63n));
    out.byte(W.end);
    a.leave();
    a.close();
    a.close();
    a.get(1);
    a.get(2);
    a.get(0);
    out.byte(W.select);
  });
  same(bytes);
  const text = wasmText(bytes, { local: (index) => (["state", "rax"])[index] });
  assert.match(text, /\(param \$state i32\) \(param \$rax i64\) \(result i64\)/);
  assert.match(text, /\(br_table \$b2 \$l1 \$b0 \(local.get \$state\)\)/);
});
