// Machines that do not do what they should, played by Node.js.
import assert from "node:assert/strict";
import test from "node:test";
import { runPrograms } from "./run.mjs";

/** Prints what the programs do: `crash` ends the machine, `hang` stays, `fails` exits with a status, all others have a result. */
const SCRIPT = `
for (const word of process.argv.slice(1)) {
  const name = word.split("@")[0];
  if (name === "dead") process.exit(7);
  console.log("START " + name + "\\r");
  if (name === "crash") { console.error("nvl: reset"); process.exit(3); }
  if (name === "hang") { setInterval(() => {}, 1000); break; }
  console.log(name === "fails" ? "FAILED " + word + " 256" : "RESULT " + name + " 0.5 0123456789abcdef\\r");
}`;
const machine = { takesAll: true, command: (words) => [process.execPath, ["-e", SCRIPT, ...words]] };
const outcomes = async (words, timeout = 30) => {
  const { found } = await runPrograms(machine, words, timeout);
  return Object.fromEntries([...found].map(([name, { failure, checksum }]) => [name, failure ?? checksum]));
};
const SUM = "0123456789abcdef";

test("programs after one that ends the machine run in another one", async () => {
  const found = await outcomes(["a@10", "crash@10", "b@10", "fails@10"]);
  assert.deepEqual([found.a, found.b, found.fails], [SUM, SUM, "ended with status 256"]);
  assert.match(found.crash, /status 3.*nvl: reset/);
});

test("a program that never ends is given up, those before and after count", async () => {
  assert.deepEqual(await outcomes(["a", "hang", "b"], 1), { a: SUM, hang: "no result in 1 s", b: SUM });
});

test("a machine that never starts a program is not tried again", async () => {
  const found = await outcomes(["dead", "a"]);
  assert.match(found.dead, /status 7/);
  assert.match(found.a, /status 7/);
});
