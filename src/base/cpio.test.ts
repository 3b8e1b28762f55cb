import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import test from "node:test";
import { cpioArchive, parentDirectories } from "./cpio.ts";

const entries = [
  ...parentDirectories(["/etc/nvl/run"]),
  { path: "/etc/nvl/run", kind: "file", mode: 0o755, content: new TextEncoder().encode("echo hello\n") },
  { path: "/dev", kind: "directory", mode: 0o755 },
  { path: "/bin", kind: "symlink", target: "usr/bin" },
] as const;

test("an archive is a multiple of 512 bytes and ends with the trailer", () => {
  const archive = cpioArchive(entries);
  assert.equal(archive.length % 512, 0);
  assert.match(new TextDecoder().decode(archive), /TRAILER!!!/);
  assert.deepEqual(cpioArchive(entries), archive);
});

test("parents come first, each once", () => {
  assert.deepEqual(parentDirectories(["/a/b/c", "a/d"]).map((entry) => entry.path), ["a", "a/b"]);
});

test("cpio(1) lists the entries", { skip: spawnSync("cpio", ["--version"]).error ? "cpio is not installed" : false }, () => {
  const listing = spawnSync("cpio", ["-itv", "--quiet"], { input: cpioArchive(entries), encoding: "utf8" });
  const words = listing.stdout.trim().split("\n").map((line) => line.split(/\s+/));
  assert.deepEqual(words.map((line) => [line[0], line[8]]), [
    ["drwxr-xr-x", "etc"], ["drwxr-xr-x", "etc/nvl"], ["-rwxr-xr-x", "etc/nvl/run"], ["drwxr-xr-x", "dev"], ["lrwxrwxrwx", "bin"],
  ]);
});
