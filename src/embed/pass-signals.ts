// Signals to this process that are meant for the programs of a Kitten.

import { SI, SIG } from "../abi/linux/signals.ts";
import type { Kitten } from "../kitten/kitten.ts";
import { signalProcess } from "../kitten/task/signal.ts";

/** Signals that are passed on; the others end this process, or stop it. */
const PASSED = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGCONT"] as const;
/** Passes signals to this process on to the Kitten's first one. */
export function passSignals(k: Kitten): () => void {
  const listeners = PASSED.map((name) => {
    const listener = () => {
      const process = k.processes.get(k.firstPid);
      if (process) signalProcess(k, process, { signal: SIG[name.slice(3).toLowerCase() as keyof typeof SIG], code: SI.user });
    };
    process.on(name, listener);
    return () => process.off(name, listener);
  });
  return () => { for (const stop of listeners) stop(); };
}
