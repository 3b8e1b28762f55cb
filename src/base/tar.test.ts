// Archives of the host's tar, in each of its formats, and broken ones.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import test, { after } from "node:test";
import { isTar, readTar } from "./tar.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "nvl-tar-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const skip = spawnSync("tar", ["--version"], { encoding: "utf8" }).stdout?.includes("GNU tar") ? false : "no GNU tar";
const LONG = `${"d".repeat(90)}/${"f".repeat(90)}`;
mkdirSync(path.join(folder, path.dirname(LONG)));
writeFileSync(path.join(folder, LONG), "long name");
writeFileSync(path.join(folder, "ä"), Uint8Array.from({ length: 1000 }, (_, index) => index));
utimesSync(path.join(folder, "ä"), 1e9, 1e9);
symlinkSync("x".repeat(150), path.join(folder, "link"));
linkSync(path.join(folder, "ä"), path.join(folder, "ö"));

for (const format of ["ustar", "pax", "gnu", "oldgnu"]) test(`tar archive, format ${format}`, { skip }, () => {
  const { stdout } = spawnSync("tar", [`--format=${format}`, "--sort=name", ...format === "ustar" ? ["--exclude=./link"] : [], "-C", folder, "-cf", "-", "."]);
  assert.ok(isTar(stdout));
  const entries = readTar(stdout)!, find = (name: string) => entries.find((entry) => entry.path === name)!;
  assert.deepEqual(entries.map((entry) => entry.path), ["", path.dirname(LONG), LONG, ...format === "ustar" ? [] : ["link"], "ä", "ö"]);
  assert.equal(new TextDecoder().decode(find(LONG).content), "long name");
  assert.deepEqual([find("ä").content.length, find("ä").content[999], find("ä").mtimeMs], [1000, 999 & 255, 1e12]);
  assert.deepEqual([find("ö").kind, find("ö").target.replace("./", "")], ["link", "ä"]);
  if (format !== "ustar") assert.deepEqual([find("link").kind, find("link").target.length], ["symlink", 150]);
  assert.equal(readTar(stdout.subarray(0, 2000)), undefined);
});

test("what is no archive is not taken for one", () => {
  assert.equal(isTar(new Uint8Array(1024)), false);
  assert.equal(isTar(new Uint8Array(1024).fill(65)), false);
  assert.equal(readTar(new Uint8Array(1024).fill(65)), undefined);
});
