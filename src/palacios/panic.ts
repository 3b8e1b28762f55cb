// Linux says on its console that it has panicked, and then does nothing or resets, by its `panic=` parameter. The words end the run instead,
// so that nobody waits for a dead guest. (kernel/panic.c prints a first and a last line in this form.)

import type { ConsolePort } from "../backend/console.ts";

const FIRST = /^(?:\[[^\]]*\] )?Kernel panic - not syncing: .*/, LAST = /---\[ end Kernel panic|Rebooting in \d+ seconds/;
const LINE_MAX = 512;

export interface PanicWatch<Port> {
  /** The console to give to the guest instead. */
  port: Port;
  /** The panic's first line, once it has been written. */
  message(): string | undefined;
}

/** Looks at what the guest writes.
 * @param onPanic called when the panic's last line has been written: the trace is out by then */
export function watchForPanic<Port extends ConsolePort>(port: Port, onPanic: (message: string) => void): PanicWatch<Port> {
  let line = "", first: string | undefined;
  const write = (byte: number) => {
    port.write(byte);
    if (byte !== 0x0a) {
      if (line.length < LINE_MAX && byte !== 0x0d) line += String.fromCharCode(byte);
      return;
    }
    first ??= FIRST.exec(line)?.[0];
    if (first && LAST.test(line)) onPanic(first);
    line = "";
  };
  return { port: { ...port, write }, message: () => first };
}
