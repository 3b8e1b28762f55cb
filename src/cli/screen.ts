// The page of `nvl up --top`: drawn anew at each look on a terminal, whose other contents come back at the end; elsewhere a page after the other.

import type { LiveStatistics } from "../embed/protocol.ts";
import { out } from "./output.ts";
import { topPage } from "./top.ts";

export interface Screen {
  look(name: string, statistics: LiveStatistics): void;
  note(text: string): void;
  ended(name: string, how: string): void;
  close(): void;
}

const ALTERNATE = "\x1b[?1049h\x1b[?25l\x1b[?7l", NORMAL = "\x1b[?7h\x1b[?25h\x1b[?1049l", HOME = "\x1b[H", CLEAR_LINE = "\x1b[K", CLEAR_BELOW = "\x1b[J";
const CTRL_C = 3, NOTES = 5;

/** @param quit q or Ctrl-C was pressed @param pause p was pressed */
export function createScreen(names: readonly string[], quit: () => void, pause: () => void): Screen {
  const terminal = process.stdout.isTTY === true, keys = terminal && process.stdin.isTTY === true;
  const nodes = names.map((name) => ({ name, now: undefined as LiveStatistics | undefined, before: undefined as LiveStatistics | undefined, ended: undefined as string | undefined }));
  const notes: string[] = [];
  let open = true, drawing: NodeJS.Timeout | undefined;
  const draw = () => {
    drawing = undefined;
    const page = topPage(nodes);
    if (!terminal) return void process.stdout.write(`${page}\n\n`);
    const lines = [...page.split("\n"), "", ...notes.slice(-NOTES), ...(keys ? [out.dim("q stops all virtual nodes, p pauses them and goes on")] : [])];
    process.stdout.write(HOME + lines.slice(0, Math.max(1, (process.stdout.rows ?? 24) - 1)).map((line) => `${line}${CLEAR_LINE}\r\n`).join("") + CLEAR_BELOW);
  };
  /** All virtual nodes report at about the same moment: one page for all. */
  const soon = () => { if (open) drawing ??= setTimeout(draw, 50); };
  const onKey = (bytes: Uint8Array) => {
    if (bytes.includes(CTRL_C) || bytes.includes(0x71)) quit();
    else if (bytes.includes(0x70)) pause();
  };
  const close = () => {
    if (!open) return;
    open = false;
    clearTimeout(drawing);
    if (keys) {
      process.stdin.off("data", onKey).setRawMode(false).pause();
    }
    if (terminal) process.stdout.write(NORMAL);
    process.off("exit", close);
  };
  if (terminal) process.stdout.write(ALTERNATE);
  if (keys) process.stdin.setRawMode(true).on("data", onKey).resume();
  process.on("exit", close);
  soon();
  return {
    look: (name, statistics) => {
      const node = nodes.find((one) => one.name === name)!;
      node.before = node.now;
      node.now = statistics;
      soon();
    },
    note: (text) => {
      if (terminal) notes.push(text);
      else console.error(text);
      soon();
    },
    ended: (name, how) => {
      nodes.find((one) => one.name === name)!.ended = how;
      soon();
    },
    close,
  };
}
