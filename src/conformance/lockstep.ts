// Runs the same boot on two engines side by side and stops at the first difference of a register, a flag or a byte of memory:
// node dist/conformance/lockstep.js [--engines interp,jit] [--image debian | --kernel FILE --initrd FILE] [--append WORDS] [--run WORDS] [--until N]
// Time stands still within a chunk and advances by it, so both guests see the same clock.

import { readFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { createConsole } from "../backend/console.ts";
import { cpioArchive, parentDirectories } from "../base/cpio.ts";
import { hex } from "../base/text.ts";
import type { Engine } from "../hal/vcpu.ts";
import { createNodeMemory, type NodeMemory } from "../hal/memory.ts";
import { findImage } from "../host/nodejs/images.ts";
import { createVm, type BootSource, type Vm } from "../palacios/vm.ts";
import { openEngines } from "./engines.ts";
import { bytesDifference, stateDifferences } from "./state.ts";

const OWN_BYTES = 200 * 2 ** 20;

interface Guest { vm: Vm; node: NodeMemory; nowNs: number; output: string; flush(): void }

function createGuest(engine: Engine, memoryBytes: number, boot: BootSource): Guest {
  const guest: Guest = { vm: undefined as unknown as Vm, node: createNodeMemory(memoryBytes + OWN_BYTES), nowNs: 0, output: "", flush: () => console.flush() };
  let seed = 1;
  const console = createConsole((bytes) => { guest.output += Buffer.from(bytes).toString("latin1"); });
  guest.vm = createVm({
    id: engine.name, node: guest.node, engine, memoryBytes, vcpuCount: 1, clock: { nowNs: () => guest.nowNs }, startEpochMs: 1_700_000_000_000, console,
    entropy: () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0),
  });
  const loaded = guest.vm.boot(() => boot);
  if ("issues" in loaded) throw new Error(JSON.stringify(loaded.issues));
  return guest;
}

/** Guest nanoseconds of an instruction. */
const NS = 4;

/** Advances a guest by a chunk, or to a halt; or by the first instructions of it only. */
function advance(guest: Guest, chunk: number, instructions = chunk): void {
  const { vm } = guest;
  const [vcpu] = vm.vcpus;
  guest.nowNs += chunk * NS;
  vm.timers.fire();
  const end = vcpu.retired() + instructions;
  while (vcpu.retired() < end && !vm.outcome) {
    const { reason } = vcpu.run(end - vcpu.retired());
    if (reason === "shutdown" || reason === "unsupported") vm.outcome = { kind: "triple-fault", message: reason };
    if (reason === "hlt") {
      const next = vm.timers.next();
      if (next === undefined) return;
      guest.nowNs = Math.max(guest.nowNs, next);
      vm.timers.fire();
    }
  }
}

const registers = ([a, b]: Guest[]) => stateDifferences({ vcpu: a.vm.vcpus[0], node: a.node }, { vcpu: b.vm.vcpus[0], node: b.node });
function everything(guests: Guest[]): string[] {
  const [a, b] = guests;
  for (const guest of guests) guest.flush();
  // an engine may look at the page of the next instruction before it notices that its budget is used up, which marks it as accessed
  const memory = a.vm.memory.regions.flatMap(({ gpa, host, bytes, kind }) => {
    const found = kind === "ram" && bytesDifference(a.node.bytes.subarray(host, host + bytes), b.node.bytes.subarray(b.vm.memory.host(gpa, bytes), b.vm.memory.host(gpa, bytes) + bytes), (offset, bits) => bits === 0x20 && offset % 8 === 0);
    return found ? [`memory at ${hex(gpa)} ${found}`] : [];
  });
  return [...registers(guests), ...memory, ...(a.output === b.output ? [] : ["the console's output"])];
}

export interface LockstepOptions {
  engines: readonly [Engine, Engine];
  boot: BootSource;
  memoryBytes: number;
  /** instructions between two comparisons of registers; memory, which takes longer, is compared every `memoryEvery` chunks */
  chunk: number;
  memoryEvery: number;
  /** instructions in all */
  until: number;
  progress?(text: string): void;
}

/** @returns what happened, and whether both went alike */
export function lockstep({ engines, boot, memoryBytes, chunk, memoryEvery, until, progress = () => {} }: LockstepOptions): { alike: boolean; text: string } {
  const begin = () => engines.map((engine) => createGuest(engine, memoryBytes, boot));
  /** Both guests after so many chunks, and the first instructions of another one. */
  const replay = (chunks: number, instructions: number) => {
    const guests = begin();
    for (const guest of guests) {
      for (let done = 0; done < chunks; done++) advance(guest, chunk);
      if (instructions > 0) advance(guest, chunk, instructions);
    }
    return guests;
  };
  /** Number of the first chunk after which something differs, or how both ended. */
  const search = (from: number, every: number): { chunk: number } | { text: string } => {
    const guests = replay(from, 0);
    for (let index = from; ; index++) {
      for (const guest of guests) advance(guest, chunk);
      const ended = guests.some(({ vm }) => vm.outcome), last = (index + 1) * chunk >= until;
      const wrong = ended || last || (index + 1) % every === 0 ? everything(guests) : registers(guests);
      if (wrong.length > 0) return { chunk: index };
      const [{ vm: { vcpus: [vcpu], outcome }, output }] = guests;
      if (ended) return { text: `ended alike after ${vcpu.retired()} instructions: ${JSON.stringify(outcome)}, ${output.length} bytes on the console` };
      if (last) return { text: `no difference in ${vcpu.retired()} instructions; ${output.length} bytes on the console` };
      if ((index + 1) % every === 0) progress(`${vcpu.retired()} instructions alike; ${output.length} bytes on the console`);
    }
  };
  const roughly = search(0, memoryEvery);
  if ("text" in roughly) return { alike: true, text: roughly.text };
  progress(`a difference in chunk ${roughly.chunk}: looking closer`);
  const exactly = search(Math.max(0, roughly.chunk - roughly.chunk % memoryEvery), 1);
  if ("text" in exactly) return { alike: false, text: `a difference in chunk ${roughly.chunk} that is not there the second time: ${exactly.text}` };
  let low = 0, high = chunk;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (everything(replay(exactly.chunk, middle)).length > 0) high = middle;
    else low = middle;
  }
  const [before] = replay(exactly.chunk, high - 1), guests = replay(exactly.chunk, high);
  const { state } = before.vm.vcpus[0], rip = state.read("rip");
  // the kernel's own mapping, where that can be guessed
  const physical = rip > 0xffff_ffff_8000_0000n ? Number(rip - 0xffff_ffff_8000_0000n) : undefined;
  return { alike: false, text: [
    `differ in chunk ${exactly.chunk}, ${high} instructions into it, after instruction ${before.vm.vcpus[0].retired() + 1} at ${hex(rip)}${physical === undefined ? "" : ` [${Buffer.from(before.vm.memory.read(physical, 16)).toString("hex")}]`}; cr3 ${hex(state.read("cr3"))}`,
    ...everything(guests).map((line) => `  ${line}`),
    `  console: …${before.output.slice(-200)}`,
  ].join("\n") };
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: {
    image: { type: "string", default: "debian" }, kernel: { type: "string" }, initrd: { type: "string", multiple: true }, append: { type: "string", default: "" }, run: { type: "string" },
    chunk: { type: "string", default: "10007" }, every: { type: "string", default: "10000" }, until: { type: "string", default: "Infinity" },
    engines: { type: "string", default: "interp,jit50" }, memory: { type: "string", default: "256" },
  } });
  const image = values.kernel ? undefined : findImage(values.image);
  if (!values.kernel && !image) throw new Error("no image: nvl images pull debian");
  const archive = values.run === undefined ? [] : [cpioArchive([...parentDirectories(["/etc/nvl/run"]), { path: "/etc/nvl/run", kind: "file", mode: 0o755, content: new TextEncoder().encode(`#!/bin/sh\n${values.run}\n`) }])];
  const read = (file: string) => new Uint8Array(readFileSync(file));
  const engines = openEngines(values.engines.split(","));
  if (engines.length !== 2) throw new Error("two engines are compared, such as interp,jit50; they must be built");
  const { alike, text } = lockstep({
    engines: [engines[0], engines[1]], memoryBytes: Number(values.memory) * 2 ** 20, chunk: Number(values.chunk), memoryEvery: Number(values.every), until: Number(values.until),
    boot: {
      kernel: read(values.kernel ?? path.join(image!.folder, image!.kernel)),
      initrds: [...(values.initrd ?? image?.initrds.map((name) => path.join(image.folder, name)) ?? []).map(read), ...archive],
      commandLine: `${image?.commandLine ?? ""} ${values.append}`,
    },
    progress: (line) => process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${line}` : `${line}\n`),
  });
  console.log(`${process.stderr.isTTY ? "\n" : ""}${values.engines}: ${text}`);
  process.exitCode = alike ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main();
