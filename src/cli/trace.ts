// What is to be traced: `--trace regions[:file]`, or the same in NVL_TRACE.

import { writeFileSync } from "node:fs";
import { InvalidArgumentError } from "commander";
import { NvlError } from "../base/error.ts";

export interface TraceOption { regions: string }

/** @throws InvalidArgumentError */
export function parseTrace(text: string): TraceOption {
  const match = /^regions(?::(.+))?$/.exec(text);
  if (!match) throw new InvalidArgumentError("regions or regions:FILE is allowed.");
  return { regions: match[1] ?? "-" };
}

/** The file of a trace, empty; `-` is standard error. @throws cli/trace when it cannot be written */
export function traceFile(option: TraceOption | undefined): string | undefined {
  if (!option || option.regions === "-") return option?.regions;
  try {
    writeFileSync(option.regions, "");
  } catch (cause) {
    throw new NvlError("cli/trace", `the trace ${option.regions} cannot be written`, { cause });
  }
  return option.regions;
}
