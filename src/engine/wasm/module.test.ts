import assert from "node:assert/strict";
import test from "node:test";
import { byteWriter } from "./bytes.ts";
import { moduleWriter } from "./module.ts";

test("numbers are written as LEB128 has them", () => {
  const cases: [(out: ReturnType<typeof byteWriter>) => void, number[]][] = [
    [(out) => out.u32(624485), [0xe5, 0x8e, 0x26]], // the example of the DWARF standard
    [(out) => out.u32(0xffff_ffff), [0xff, 0xff, 0xff, 0xff, 0x0f]],
    [(out) => out.s32(-123456), [0xc0, 0xbb, 0x78]],
    [(out) => out.s32(64), [0xc0, 0x00]],
    [(out) => out.s32(-64), [0x40]],
    [(out) => out.s32(-0x8000_0000), [0x80, 0x80, 0x80, 0x80, 0x78]],
    [(out) => out.s64(-1n), [0x7f]],
    [(out) => out.s64(0x8000_0000_0000_0000n), [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f]],
    [(out) => out.s64(0x4000_0000n), [0x80, 0x80, 0x80, 0x80, 0x04]],
  ];
  for (const [write, bytes] of cases) {
    const out = byteWriter();
    write(out);
    assert.deepEqual([...out.finish()], bytes);
  }
});

test("a module with imports, functions, a table and a custom section is valid and runs", () => {
  const module = moduleWriter();
  const unary = module.type(["i32"], ["i32"]);
  assert.equal(module.type(["i32"], ["i32"]), unary);
  const twice = module.importFunction("env", "twice", unary);
  const increment = module.func(unary, [], Uint8Array.of(0x20, 0, 0x41, 1, 0x6a));
  const both = module.func(unary, ["i32", "i32", "i64"], Uint8Array.of(0x20, 0, 0x10, twice, 0x41, 0, 0x11, unary, 0)); // twice, then table[0]
  module.table([increment]);
  module.exportFunction("both", both);
  module.custom("facts", Uint8Array.of(1, 2, 3));
  const compiled = new WebAssembly.Module(module.finish());
  const instance = new WebAssembly.Instance(compiled, { env: { twice: (value: number) => value * 2 } });
  assert.equal(instance.exports.both(20), 41);
  assert.deepEqual([...new Uint8Array(WebAssembly.Module.customSections(compiled, "facts")[0])], [1, 2, 3]);
});
