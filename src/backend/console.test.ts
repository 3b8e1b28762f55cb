import assert from "node:assert/strict";
import test from "node:test";
import { createConsole } from "./console.ts";

const bytes = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

test("output comes in batches, in order, and none is kept", () => {
  const batches: string[] = [];
  const console = createConsole((batch) => batches.push(String.fromCharCode(...batch)), { batchBytes: 4 });
  for (const byte of bytes("abcdef")) console.write(byte);
  assert.deepEqual(batches, ["abcd"]);
  console.flush();
  console.flush();
  assert.deepEqual(batches, ["abcd", "ef"]);
});

test("a full input queue refuses, and says when there is room again", () => {
  const console = createConsole(() => {}, { inputBytes: 8 });
  let woken = 0, resumed = 0;
  console.onInput(() => woken++);
  console.onRoom(() => resumed++);
  assert.equal(console.feed(bytes("0123456789")), 8);
  assert.equal(console.feed(bytes("89")), 0);
  assert.deepEqual([woken, console.available()], [1, 8]);
  let got = "";
  for (let index = 0; index < 4; index++) got += String.fromCharCode(console.read());
  assert.equal(resumed, 1);
  assert.equal(console.feed(bytes("89")), 2);
  while (console.available()) got += String.fromCharCode(console.read());
  assert.equal(got, "0123456789");
  assert.equal(console.read(), -1);
  assert.equal(resumed, 1);
});
