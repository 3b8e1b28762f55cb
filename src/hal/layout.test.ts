import assert from "node:assert/strict";
import test from "node:test";
import { OFFSET, VCPU_FIELDS, VCPU_STATE_BYTES } from "./layout.ts";

test("fields are aligned, disjoint and inside the state", () => {
  let end = 0;
  for (const [name, field] of Object.entries(VCPU_FIELDS)) {
    assert.equal(field.offset % field.stride, 0, name);
    assert.ok(field.offset >= end, name);
    end = field.offset + field.stride * field.count;
  }
  assert.ok(end <= VCPU_STATE_BYTES);
});

test("operand offsets of general registers and their substitutes fit one byte", () => {
  assert.equal(OFFSET.gpr, 0);
  assert.ok(OFFSET.page + 8 <= 256);
});
