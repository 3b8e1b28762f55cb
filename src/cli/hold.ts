// Pausing from the outside: by a key, and together with this process, so that the guest's time stands still while a shell has stopped it (kill -TSTP, kill -CONT).

import type { VirtualNode } from "../embed/node.ts";

export interface Hold {
  /** The other state of all virtual nodes. */
  turn(): void;
  close(): void;
}

/** @param say told what has been done */
export function createHold(nodes: readonly Pick<VirtualNode, "pause" | "resume">[], say: (text: string) => void): Hold {
  let paused = false, last = Promise.resolve();
  const all = (how: "pause" | "resume") => { last = last.then(async () => { await Promise.all(nodes.map((node) => node[how]())); }); };
  const turn = () => {
    paused = !paused;
    all(paused ? "pause" : "resume");
    say(paused ? "paused; the same key goes on" : "goes on");
  };
  const onStop = () => {
    if (!paused) all("pause");
    void last.then(() => process.kill(process.pid, "SIGSTOP"));
  };
  const onContinue = () => { if (!paused) all("resume"); };
  process.on("SIGTSTP", onStop);
  process.on("SIGCONT", onContinue);
  return {
    turn,
    close: () => {
      process.off("SIGTSTP", onStop);
      process.off("SIGCONT", onContinue);
    },
  };
}
