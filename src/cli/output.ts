// How things look on a terminal: colours only where somebody sees them, columns aligned.

import pc from "picocolors";
import type { Issue } from "../base/error.ts";

const colours = (stream: NodeJS.WriteStream) => pc.createColors(stream.isTTY === true && !process.env.NO_COLOR);
export const out = colours(process.stdout);
export const err = colours(process.stderr);

export const errorLine = (message: string) => `${err.red("error:")} ${message}`;

/** Issues as aligned lines: path, then what is wrong. */
export function issueLines(issues: readonly Issue[]): string[] {
  const width = Math.max(...issues.map(({ path }) => path.length));
  return issues.map(({ path, message }) => `  ${err.bold(path.padEnd(width))}  ${message}`);
}

/** Rows as columns, the first row a heading; numbers to the right. */
export function table(rows: readonly (readonly (string | number)[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)));
  return rows.map((row, index) => {
    const line = row.map((cell, column) => typeof cell === "number" ? String(cell).padStart(widths[column]) : cell.padEnd(widths[column])).join("  ").trimEnd();
    return index === 0 ? out.bold(line) : line;
  }).join("\n");
}

/** A line on standard error that says what happens now: rewritten in place on a terminal, a line each elsewhere. */
export function progress(): { step(text: string): void; done(): void } {
  const terminal = process.stderr.isTTY === true;
  let shown = false;
  return {
    step: (text) => {
      if (terminal) process.stderr.write(`\r\x1b[K${err.dim("…")} ${text}`);
      else console.error(text);
      shown = true;
    },
    done: () => { if (terminal && shown) process.stderr.write("\r\x1b[K"); },
  };
}
