// `monitor` commands of GDB: words for what its own commands do not show.

import { hex } from "../base/text.ts";
import { GPR_NAMES, SEGMENT_NAMES, type VcpuState } from "../hal/state.ts";
import type { LinearMemory, Mapping } from "./linear.ts";
import type { DebugTarget } from "./target.ts";

interface Context { target: DebugTarget; state: VcpuState; memory: LinearMemory }
interface Command { words: string; help: string; run(context: Context): string[] }

const MOST_LINES = 4096;
const FLAG_BITS: readonly [letter: string, bit: bigint][] = [["X", 63n], ["G", 8n], ["P", 7n], ["D", 6n], ["A", 5n], ["C", 4n], ["T", 3n], ["U", 2n], ["W", 1n]];
const flagsText = (flags: bigint) => FLAG_BITS.map(([letter, bit]) => (flags >> bit) & 1n ? letter : "-").join("");
const wide = (value: bigint) => value.toString(16).padStart(16, "0");

const registers = ({ state }: Context): string[] => {
  const named = (names: readonly string[], value: (name: string) => bigint) => names.map((name) => `${name.toUpperCase().padEnd(4)}${wide(value(name))}`);
  const rows = (cells: string[], columns: number) => Array.from({ length: Math.ceil(cells.length / columns) }, (_, row) => cells.slice(row * columns, (row + 1) * columns).join("  "));
  const dr = (index: number) => state.readField("dr", index);
  return [
    ...rows(named(GPR_NAMES, (name) => state.read(name as "rax")), 4),
    `RIP ${wide(state.read("rip"))}  RFLAGS ${hex(state.read("rflags"))}  CPL ${state.read("cpl")}  ${["running", "halted", "waiting for SIPI", "shut down"][Number(state.readField("activity"))] ?? ""}`,
    ...SEGMENT_NAMES.map((name) => {
      const { selector, base, limit, attributes } = state.readSegment(name);
      return `${name.toUpperCase().padEnd(4)} ${hex(selector, 4)} base ${wide(base)} limit ${hex(limit >>> 0, 8)} attributes ${hex(attributes & 0xffff, 4)}`;
    }),
    ...(["gdt", "idt"] as const).map((name) => `${name.toUpperCase()}       base ${wide(state.readTable(name).base)} limit ${hex(state.readTable(name).limit, 4)}`),
    ...rows(named(["cr0", "cr2", "cr3", "cr4"], (name) => state.read(name as "cr0")), 4),
    ...rows([0, 1, 2, 3, 6, 7].map((index) => `DR${index} ${wide(dr(index))}`), 3),
    `EFER ${hex(state.read("efer"))}  XCR0 ${hex(state.read("xcr0"))}  KERNEL_GS_BASE ${hex(state.readField("kernelGsBase"))}  STAR ${hex(state.readField("star"))}  LSTAR ${hex(state.readField("lstar"))}  SFMASK ${hex(state.readField("sfmask"))}`,
  ];
};

const atMost = (lines: Iterable<string>): string[] => {
  const out: string[] = [];
  for (const line of lines) {
    if (out.length === MOST_LINES) return [...out, `(more than ${MOST_LINES} lines)`];
    out.push(line);
  }
  return out;
};
function* pages({ memory }: Context): Generator<string> {
  for (const { linear, gpa, bytes, flags } of memory.mappings()) yield `${wide(linear)}: ${wide(gpa)} ${flagsText(flags)}${bytes > 4096n ? ` ${bytes >> 20n}M` : ""}`;
}
/** Neighbours with the same rights as one range. */
function* ranges({ memory }: Context): Generator<string> {
  const rights = ({ flags }: Mapping) => `${flags & 4n ? "u" : "-"}r${flags & 2n ? "w" : "-"}${flags >> 63n ? "-" : "x"}`;
  let start: Mapping | undefined, end = 0n;
  const line = (first: Mapping) => `${wide(first.linear)}-${wide(end)} ${wide(end - first.linear)} ${rights(first)}`;
  for (const page of memory.mappings()) {
    if (start && (page.linear !== end || rights(page) !== rights(start))) {
      yield line(start);
      start = undefined;
    }
    start ??= page;
    end = page.linear + page.bytes;
  }
  if (start) yield line(start);
}
const orNone = (lines: string[]) => lines.length > 0 ? lines : ["paging is off"];

const COMMANDS: readonly Command[] = [
  { words: "help", help: "this list", run: () => COMMANDS.map(({ words, help }) => `${words.padEnd(16)} ${help}`) },
  { words: "info registers", help: "all of the current vCPU, hidden parts and system registers too", run: registers },
  { words: "info cpus", help: "where each vCPU is", run: ({ target }) => target.states.map((state, index) => `vCPU ${index}: RIP ${hex(state.read("rip"))}, CPL ${state.read("cpl")}, ${state.readField("activity") === 0n ? "running" : "halted"}`) },
  { words: "info tlb", help: "every page that is mapped: linear, physical, bits of its entry", run: (context) => orNone(atMost(pages(context))) },
  { words: "info mem", help: "ranges that are mapped, with their rights", run: (context) => orNone(atMost(ranges(context))) },
  { words: "reset", help: "back to power-on", run: ({ target }) => {
    target.reset();
    return ["reset; \"maintenance flush register-cache\" makes GDB see it"];
  } },
  { words: "quit", help: "end the guest", run: ({ target }) => {
    target.end();
    return ["the guest ends when it is continued"];
  } },
];
const ALIASES: Readonly<Record<string, string>> = { system_reset: "reset", "": "help" };

/** @returns the lines to print */
export function monitor(text: string, context: Context): string[] {
  const words = text.trim().split(/\s+/).join(" "), name = ALIASES[words] ?? words;
  const command = COMMANDS.find((one) => one.words === name);
  return command ? command.run(context) : [`no such command: ${words.slice(0, 40)}; "monitor help" lists them`];
}
