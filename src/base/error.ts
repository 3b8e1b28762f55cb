// Host failures. A guest can never cause one: what a guest does wrong is a value (a fault, an errno, an issue).

/** A failure of the host or of our own code: out of memory, a lost worker, an impossible state.
 * `code` is `area/what` in kebab case and stable; `context` holds the facts; `cause` the error beneath. */
export class NvlError extends Error {
  readonly code: string;
  readonly context: Readonly<Record<string, unknown>>;
  constructor(code: string, message: string, options: { context?: Record<string, unknown>; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = "NvlError";
    this.code = code;
    this.context = options.context ?? {};
  }
}

/** One thing wrong in an input, with its path in that input (`/nodes/0/memory`) and what would be right. */
export interface Issue {
  path: string;
  message: string;
}

/** Makes a switch over a union exhaustive: a new member does not compile until it is handled. */
export function unreachable(value: never): never {
  throw new NvlError("base/unreachable", `unexpected value ${String(value)}`, { context: { value } });
}
