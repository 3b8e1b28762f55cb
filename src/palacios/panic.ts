// Linux says on its console that it has panicked, and then does nothing or resets, by its `panic=` parameter. The words end the run instead,
// so that nobody waits for a dead guest. (kernel/panic.c prints a first and a last line in this form.)

import type { ConsolePort } from "../backend/console.ts";

const FIRST = /^(?:\[[^\]]*\] )?Kernel panic - not syncing: .*/, LAST = /---\[ end Kernel panic/;
const LINE_MAX = 512;

/** A console that looks at what the guest writes.
 * @param onPanic called with the panic's first line when its last line has been written */
export function watchForPanic<Port extends ConsolePort>(port: Port, onPanic: (message: string) => void): Port {
  let line = "", first = "";
  const write = (byte: number) => {
    port.write(byte);
    if (byte !== 0x0a) {
      if (line.length < LINE_MAX && byte !== 0x0d) line += String.fromCharCode(byte);
      return;
    }
    first = FIRST.exec(line)?.[0] ?? first;
    if (first && LAST.test(line)) {
      onPanic(first);
      first = "";
    }
    line = "";
  };
  return { ...port, write };
}
