// Shared segments seen from two virtual nodes.

import assert from "node:assert/strict";
import test from "node:test";
import { openSegments, type SharedSegment } from "./segments.ts";

const range = { start: 8192, end: 8192 + 16 * 4096 };
const open = (memory = new SharedArrayBuffer(range.end)) => ({ memory, a: openSegments(memory, range, 0), b: openSegments(memory, range, 1) });
const segment = (made: unknown): SharedSegment => {
  assert.equal(typeof made, "object", String(made));
  return made as SharedSegment;
};

test("made by one, attached by name by another, gone when both have left it", () => {
  const { memory, a, b } = open(), made = segment(a.make("grid", 5000));
  assert.equal(made.bytes, 8192);
  new Uint8Array(memory).fill(7, made.host, made.host + made.bytes);
  const other = segment(b.attach("grid"));
  assert.equal(other.host, made.host);
  assert.equal(b.make("grid", 1), "exists");
  assert.equal(b.remove("grid"), "not yours");
  assert.equal(a.remove("grid"), undefined);
  assert.equal(b.attach("grid"), "missing");
  a.detach(made);
  assert.notEqual(segment(a.make("second", 4096)).host, made.host, "it is still attached");
  b.detach(other);
  const again = segment(a.make("third", 8192));
  assert.equal(again.host, made.host);
  assert.ok(new Uint8Array(memory, again.host, again.bytes).every((byte) => byte === 0), "zeroed");
});

test("what does not fit, and names that cannot be", () => {
  const { a } = open();
  assert.equal(a.make("", 1), "name");
  assert.equal(a.make("x".repeat(113), 1), "name");
  assert.equal(a.make("a", 14 * 4096), "no memory");
  segment(a.make("a", 13 * 4096));
  assert.equal(a.make("b", 1), "no memory");
});

test("a virtual node that ends leaves nothing behind, not even the lock", () => {
  const { memory, a, b } = open(), made = segment(a.make("grid", 4096));
  segment(b.attach("grid"));
  Atomics.store(new Int32Array(memory, range.start), 0, 1); // a ended while it was at it
  a.leave();
  assert.equal(b.attach("grid"), "missing");
  assert.notEqual(segment(b.make("new", 4096)).host, made.host, "still attached by b");
  b.leave();
  assert.equal(segment(a.make("x", 13 * 4096)).host, made.host);
});
