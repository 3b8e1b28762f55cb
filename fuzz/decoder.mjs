// Random bytes through the decoder and iced-x86: the comparison of src/isa/iced.test.ts, for as long as asked and with a new seed.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

export function fuzz(seconds) {
  const test = fileURLToPath(new URL("../dist/isa/iced.test.js", import.meta.url));
  const result = spawnSync(process.execPath, ["--test", test], { env: { ...process.env, NVL_FUZZ_SECONDS: String(seconds) }, encoding: "utf8" });
  if (result.status !== 0) throw new Error(result.stdout + result.stderr);
  return "decoder and iced-x86 agree";
}
