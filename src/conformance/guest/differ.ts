// The same random guest on two engines, in steps of a few instructions, until a register, a flag, a byte of memory or the order of its
// accesses to the bus differs. Time stands still within a step.

import type { Engine } from "../../hal/index.ts";
import { createRandom } from "../random.ts";
import { bytesDifference, stateDifferences } from "../state.ts";
import { createGuest, type Guest, type GuestOptions } from "./guest.ts";
import { PAGE_TABLES } from "./world.ts";

export interface Difference {
  seed: number;
  mode: string;
  /** instructions since the guest began, or since it was reset */
  after: number;
  /** where the step began, and how many instructions it had */
  rip: bigint;
  step: number;
  /** bytes at RIP, where they could be found */
  code: string;
  fields: string[];
}

function differences(a: Guest, b: Guest): string[] {
  const out = stateDifferences(a, b);
  if (a.busHash() !== b.busHash()) out.push("accesses to the bus");
  return out;
}

/** An engine may look at the page where the next instruction would be before it notices that its budget is used up. */
const ACCESSED = 0x20;
const isEntry = (index: number, offset: number) => index === 0 && offset >= PAGE_TABLES.start && offset < PAGE_TABLES.end && offset % 4 === 0;

function memoryDifferences(a: Guest, b: Guest): string[] {
  for (const [index, bytes] of a.ram.entries()) {
    const found = bytesDifference(bytes, b.ram[index], (offset, bits) => bits === ACCESSED && isEntry(index, offset));
    if (found) return [`RAM ${index} from ${found}`];
  }
  return [];
}

/** Steps between two comparisons of memory, which take longer than the steps. */
const MEMORY_EVERY = 64;

/** Steps of a guest: the same numbers for every engine and every repetition. */
function stepSizes(seed: number): () => number {
  const random = createRandom(seed, "steps"), most = random.pick([1, 4, 40, 400]);
  return () => 1 + random.below(most);
}

function sizeOf(seed: number, step: number): number {
  const size = stepSizes(seed);
  for (let index = 0; index < step; index++) size();
  return size();
}

const linearRip = (guest: Guest) => {
  const { state } = guest.vcpu, long = (state.readField("efer") & 0x400n) !== 0n && (state.readSegment("cs").attributes & 0x2000) !== 0;
  return state.read("rip") + (long ? 0n : state.readSegment("cs").base);
};

/** Runs a sealed guest on both engines, with the random bus: a device that kicks or interrupts from within an access is noticed by an engine at
 * the end of what it executes without looking up.
 * @returns what differs first, with the smallest step in which it does */
export function findDifference(engines: readonly [Engine, Engine], options: Pick<GuestOptions, "seed" | "mode">, instructions: number): Difference | undefined {
  const { seed } = options;
  const pair = () => engines.map((engine) => createGuest({ ...options, engine, sealed: true, pc: false })) as [Guest, Guest];
  /** Both guests after `steps` whole steps and one of `last`. */
  const replay = (steps: number, last: number): [Guest, Guest] => {
    const guests = pair();
    for (const guest of guests) {
      const size = stepSizes(seed);
      for (let index = 0; index < steps; index++) guest.step(size());
      if (last > 0) guest.step(last);
    }
    return guests;
  };
  const differs = (a: Guest, b: Guest) => differences(a, b).length > 0 || memoryDifferences(a, b).length > 0;
  /** Number of the first step, not before `from`, after which the guests differ; memory is looked at every so many steps. */
  const firstBad = (from: number, memoryEvery: number): number | undefined => {
    const [a, b] = replay(from, 0), size = stepSizes(seed);
    let done = 0;
    for (let index = 0; index < from; index++) done += size();
    for (let step = from; done < instructions; step++) {
      const count = size(), alive = a.step(count);
      done += count;
      if (alive !== b.step(count) || differences(a, b).length > 0) return step;
      if ((!alive || done >= instructions || step % memoryEvery === 0) && memoryDifferences(a, b).length > 0) return step;
      if (!alive) return undefined;
    }
    return undefined;
  };
  const roughly = firstBad(0, MEMORY_EVERY);
  if (roughly === undefined) return undefined;
  const steps = firstBad(Math.max(0, roughly - MEMORY_EVERY), 1) ?? roughly;
  // the smallest last step with a difference
  let low = 0, high = sizeOf(seed, steps);
  while (high - low > 1) {
    const middle = (low + high) >> 1, [a, b] = replay(steps, middle);
    if (differs(a, b)) high = middle;
    else low = middle;
  }
  const [before] = replay(steps, high - 1), [a, b] = replay(steps, high);
  const linear = Number(BigInt.asUintN(32, linearRip(before)));
  return {
    seed, mode: before.mode, after: before.vcpu.retired(), rip: before.vcpu.state.read("rip"), step: high, code: Buffer.from(before.memory.read(linear, 16)).toString("hex"),
    fields: [...differences(a, b), ...memoryDifferences(a, b)],
  };
}
