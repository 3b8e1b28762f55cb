// From the SYSCALL instruction to a handler: reads the arguments from the core's registers as the table says, and writes the result there.

import { errnoName, ERRNO } from "../../abi/linux/errno.ts";
import { NR } from "../../abi/linux/system-calls.ts";
import type { Core, Kitten } from "../kitten.ts";
import { stringIn } from "../memory/user.ts";
import { endWait, KEEP, LATER, setResult } from "../task/schedule.ts";
import { nextSignal } from "../task/signal.ts";
import type { Task } from "../task/task.ts";
import type { Call } from "./call.ts";
import { CALLS } from "./table.ts";

const BY_NUMBER: (Call | undefined)[] = [];
for (const call of CALLS) BY_NUMBER[call.number] = call;
const NAME_OF = new Map<number, string>(Object.entries(NR).map(([name, number]) => [number, name]));

/** RDI RSI RDX R10 R8 R9 as word offsets from RAX. */
const ARGUMENTS = [14, 12, 4, 20, 16, 18] as const;
/** Bit n of `wide`: argument n has 64 bits. */
const WIDE = new Set(["ptr", "size", "off", "str"]);
interface Reading { call: Call; wide: number; unsigned: number }
const readings: (Reading | undefined)[] = BY_NUMBER.map((call) => call && {
  call, wide: call.args.reduce((bits, kind, index) => bits | (WIDE.has(kind) ? 1 << index : 0), 0),
  unsigned: call.args.reduce((bits, kind, index) => bits | (kind === "uint" || kind === "flags" || kind === "mode" ? 1 << index : 0), 0),
});

/** Executes the system call that a core's task asks for. */
export function systemCall(k: Kitten, core: Core, task: Task): void {
  const { words } = k, { gpr } = core, number = words[gpr], reading = words[gpr + 1] === 0 ? readings[number] : undefined;
  task.call = number;
  const values = [0, 0, 0, 0, 0, 0];
  const wide = reading ? reading.wide : 63, unsigned = reading ? reading.unsigned : 0;
  for (let index = 0; index < 6; index++) {
    const at = gpr + ARGUMENTS[index], low = words[at];
    values[index] = wide >> index & 1 ? words[at + 1] * 2 ** 32 + (low >>> 0) : unsigned >> index & 1 ? low >>> 0 : low;
  }
  if (number >= 0 && number < k.calls.length) k.calls[number]++;
  const [a, b, c, d, e, f] = values;
  const shown = k.trace ? describe(task, number, reading?.call, values) : "";
  const result = reading ? reading.call.handler(k, task, a, b, c, d, e, f) : -ERRNO.ENOSYS;
  k.trace?.(`[${task.tid}] ${shown} = ${describeResult(result)}`);
  if (result !== LATER && result !== KEEP) return setResult(k, task, result);
  // the mask that came with the wait may let a signal through that is there already
  if (task.state === "waiting" && task.wait && nextSignal(task)) endWait(k, task, task.wait.interrupted);
}

function describeResult(result: number): string {
  if (result === LATER) return "...";
  if (result === KEEP) return "?";
  return result < 0 && result > -4096 ? `-1 ${errnoName(-result)}` : result > 0xffff ? `0x${result.toString(16)}` : String(result);
}

function describe(task: Task, number: number, call: Call | undefined, values: readonly number[]): string {
  if (!call) return `${NAME_OF.get(number) ?? `call ${number}`}(...)`;
  const parts = call.args.map((kind, index) => {
    const value = values[index];
    switch (kind) {
      case "str": {
        const text = value === 0 ? null : stringIn(task.process.aspace, value, 4096);
        return text === undefined || text === null ? `0x${value.toString(16)}` : JSON.stringify(text);
      }
      case "ptr": return value === 0 ? "NULL" : `0x${value.toString(16)}`;
      case "flags": return value === 0 ? "0" : `0x${value.toString(16)}`;
      case "mode": return `0${value.toString(8)}`;
      default: return kind === "fd" && value === -100 ? "AT_FDCWD" : String(value);
    }
  });
  return `${call.name}(${parts.join(", ")})`;
}
