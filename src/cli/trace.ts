// What is to be traced: `--trace TOPIC[,TOPIC…][:FILE]`, or the same in NVL_TRACE.

import { writeFileSync } from "node:fs";
import { InvalidArgumentError } from "commander";
import { NvlError } from "../base/error.ts";
import { TRACES, type Trace, type TraceOptions } from "../embed/protocol.ts";

/** @throws InvalidArgumentError */
export function parseTrace(text: string): TraceOptions {
  const [, list, file] = /^([^:]*)(?::(.+))?$/.exec(text) ?? [], topics = (list ?? "").split(",");
  if (!topics.every((topic): topic is Trace => (TRACES as readonly string[]).includes(topic)))
    throw new InvalidArgumentError(`TOPIC[,TOPIC…][:FILE] is allowed, where a topic is one of ${TRACES.join(", ")}.`);
  return { topics, file: file ?? "-" };
}

/** Empties the file of a trace. @throws cli/trace when it cannot be written */
export function beginTrace(options: TraceOptions | undefined): TraceOptions | undefined {
  if (!options || options.file === "-") return options;
  try {
    writeFileSync(options.file, "");
  } catch (cause) {
    throw new NvlError("cli/trace", `the trace ${options.file} cannot be written`, { cause });
  }
  return options;
}
