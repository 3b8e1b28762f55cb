import assert from "node:assert/strict";
import test from "node:test";
import { createConsole } from "../backend/console.ts";
import { watchForPanic } from "./panic.ts";

const panics = (text: string) => {
  const seen: string[] = [];
  let written = "";
  const console = createConsole((bytes) => { written += new TextDecoder().decode(bytes); });
  const { port: watched } = watchForPanic(console, (message) => seen.push(message));
  for (const byte of new TextEncoder().encode(text)) watched.write(byte);
  console.flush();
  assert.equal(written, text, "everything is passed on");
  return seen;
};
const FIRST = "[    1.2] Kernel panic - not syncing: No working init found.\r\n", LAST = "[    1.3] ---[ end Kernel panic - not syncing: No working init found. ]---\r\n";

for (const [what, text, expected] of [
  ["a panic is told when its last line is out", `${FIRST}trace\n${LAST}`, ["[    1.2] Kernel panic - not syncing: No working init found."]],
  ["or when it says that it reboots", `${FIRST}[    1.3] Rebooting in 1 seconds..\n`, ["[    1.2] Kernel panic - not syncing: No working init found."]],
  ["its beginning alone is not", FIRST, []],
  ["words inside of other lines are not", `echo Kernel panic - not syncing: x\n${LAST}`, []],
] as const) test(what, () => assert.deepEqual(panics(text), expected));
