// This process's terminal as the screen of a Kitten's. As long as no program reads it, it stays as it is: others of a pipeline may want its keys.
// Then it becomes raw, its keys are read by a thread of their own, and the Kitten's line discipline does what the host's did.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Screen, Terminal } from "../kitten/file/terminal.ts";

/** Whether this process may read its terminal without being stopped (proc(5), /proc/pid/stat: pgrp, tpgid). */
function inForeground(): boolean {
  try {
    const fields = readFileSync("/proc/self/stat", "utf8").replace(/^.*\) /s, "").split(" ");
    return fields[2] === fields[5];
  } catch {
    return true;
  }
}

export interface HostTerminal { screen: Screen; attach(terminal: Terminal): void; close(): void }

/** @param fd a descriptor of it
 * @param begin starts to read its keys
 * @param write writes to a descriptor */
export function hostTerminal(fd: number, begin: () => void, write: (fd: number, bytes: Uint8Array) => number): HostTerminal {
  const stty = (...settings: string[]) => spawnSync("stty", settings, { stdio: [fd, "pipe", "ignore"], encoding: "utf8" }).stdout?.trim() ?? "";
  let before: string | undefined;
  const restore = () => {
    if (before) stty(before);
    before = undefined;
  };
  const engage = () => {
    if (before !== undefined || !inForeground()) return;
    before = stty("-g");
    stty("raw", "-echo");
    process.on("exit", restore);
    begin();
  };
  return {
    screen: {
      room: () => Infinity, put: (bytes) => { write(fd, bytes); }, engage,
      suspend: () => {
        restore();
        process.kill(0, "SIGSTOP"); // all of the job, as the key does
        engage();
      },
    },
    attach(terminal) {
      const resize = () => {
        const { columns = 0, rows = 0 } = fd === 0 ? (process.stdout.isTTY ? process.stdout : process.stderr) : fd === 1 ? process.stdout : process.stderr;
        terminal.resize(columns, rows);
      };
      resize();
      process.stdout.on("resize", resize);
    },
    close: restore,
  };
}
