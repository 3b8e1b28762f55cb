// Runs test files by Node's own runner.
import { spawnSync } from "node:child_process";

const REPORTER = new URL("reporter.mjs", import.meta.url).href;

/** @param flags more flags of node. @returns exit status */
export function runTests(files, cwd, flags = []) {
  return spawnSync(process.execPath, ["--test", "--test-reporter", REPORTER, "--test-reporter-destination", "stdout", ...flags, ...files], { cwd, stdio: "inherit" }).status ?? 1;
}
