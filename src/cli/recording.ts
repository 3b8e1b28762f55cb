// What was typed in a deterministic run, as a file: one line of JSON for each piece, `[guest nanoseconds, bytes in base64]`.

import { readFileSync, writeFileSync } from "node:fs";
import { NvlError } from "../base/error.ts";
import type { InputRecord } from "../embed/protocol.ts";

export function writeRecording(file: string, input: readonly InputRecord[]): void {
  writeFileSync(file, input.map(({ atNs, bytes }) => `${JSON.stringify([atNs, Buffer.from(bytes).toString("base64")])}\n`).join(""));
}

/** @throws cli/recording when the file is no recording */
export function readRecording(file: string): InputRecord[] {
  try {
    return readFileSync(file, "utf8").split("\n").filter(Boolean).map((line) => {
      const [atNs, bytes] = JSON.parse(line) as [number, string];
      if (!Number.isFinite(atNs)) throw new RangeError(line);
      return { atNs, bytes: new Uint8Array(Buffer.from(bytes, "base64")) };
    });
  } catch (cause) {
    throw new NvlError("cli/recording", `${file} is no recording of input`, { context: { file }, cause });
  }
}
