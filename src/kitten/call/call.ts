// What a system call's handler is: a function of its arguments, already read as the table says.

import type { Kitten } from "../kitten.ts";
import type { Task } from "../task/task.ts";

/** @returns the result, a negative errno, LATER (the task waits) or KEEP (registers are set) */
export type Handler = (k: Kitten, task: Task, a: number, b: number, c: number, d: number, e: number, f: number) => number;

/** How an argument is read, and shown by --strace:
 * - fd, int: 32 bits with a sign; flags, uint: 32 bits without; mode: the same, octal
 * - ptr, size: 64 bits as a number, beyond 2^53 inexact, with a sign (a size below 0 is too large, an address below 0 is not the program's)
 * - off: 64 bits with a sign; str: address of a string; sig: a signal's number */
export type ArgumentKind = "fd" | "int" | "uint" | "flags" | "mode" | "ptr" | "size" | "off" | "str" | "sig";

export interface Call { number: number; name: string; args: readonly ArgumentKind[]; handler: Handler; support: "full" | "part"; note: string }
