// A random guest from a seed: a machine with fences around it, a world, and a run of so many instructions. Whatever the guest does, `run`
// comes back, throws nothing and changes nothing outside; a fence that was broken is thrown as an error that names the seed.

import { createConsole } from "../../backend/console.ts";
import { hex } from "../../base/text.ts";
import { createNodeMemory, createVnodeMemory, type Bus, type Engine, type NodeMemory, type Region, type Vcpu, type VnodeMemory } from "../../hal/index.ts";
import { createVm, type Vm } from "../../palacios/index.ts";
import { createRandom, type Random } from "../random.ts";
import { raiseFence, ownSpan, type Fence } from "./fence.ts";
import { makeWorld, MODES, type Mode } from "./world.ts";

const MEMORY = 0x200000, ROM = 0xe0000, LOW_END = 0xa0000, HIGH = 0x100000, FAR_BYTES = 0x10000;
/** What an interpreter allocates, and then some. */
const NODE_BYTES = 52 << 20;
const GUARD = 4096, NEIGHBOUR = 0x20000;

export interface GuestOptions {
  seed: number;
  engine: Engine;
  mode?: Mode;
  /** With the devices of a PC, or a bus that answers at random. */
  pc?: boolean;
  /** See WorldSetup. */
  sealed?: boolean;
}

export interface Guest {
  readonly seed: number;
  readonly mode: Mode;
  readonly vcpu: Vcpu;
  readonly node: NodeMemory;
  readonly memory: VnodeMemory;
  /** The guest's RAM where it lies in the node. */
  readonly ram: readonly Uint8Array[];
  /** Grows with every access that the guest has made to its bus, and depends on all of them. */
  busHash(): number;
  /** Executes up to `instructions`, then whatever happens outside may happen. @returns false: the guest has ended */
  step(instructions: number): boolean;
  /** @throws when something outside of the guest has changed */
  check(): void;
}

/** Bytes that belong to somebody else. */
function placeOther(node: NodeMemory, bytes: number, what: string): void {
  const at = node.allocate(bytes, 4096, what);
  for (let index = 0; index < bytes; index += 4) node.view.setUint32(at + index, Math.imul(index + at, 0x9e3779b1), true);
}

/** A bus that answers at random, the same for every engine that asks the same. */
function randomBus(seed: number, lowerLine: () => void): Bus & { hash(): number } {
  let hash = seed;
  const note = (...values: number[]) => {
    for (const value of values) hash = Math.imul(hash ^ value ^ Math.floor(value / 2 ** 32), 0x01000193) + 0x9e37 | 0;
    return Math.imul(hash ^ hash >>> 15, 0x21f0aaad) >>> 0;
  };
  return {
    hash: () => hash,
    pioRead: (port, bytes) => note(1, port, bytes), pioWrite: (port, bytes, value) => { note(2, port, bytes, value); },
    mmioRead: (gpa, bytes) => note(3, gpa, bytes), mmioWrite: (gpa, bytes, value) => { note(4, gpa, bytes, value); },
    acknowledge: () => {
      lowerLine();
      return note(5) >>> 24;
    },
    msrRead: (msr) => { const value = note(6, msr); return value & 1 ? BigInt(value) : undefined; },
    msrWrite: (msr, value) => (note(7, msr, Number(value & 0xffff_ffffn)) & 1) === 0,
    tprRead: () => note(8) & 15, tprWrite: (priority) => { note(9, priority); },
  };
}

interface Machine { vcpu: Vcpu; memory: VnodeMemory; vm?: Vm; busHash(): number; nowNs: number }

function createBareMachine(engine: Engine, node: NodeMemory, random: Random, seed: number): Machine {
  const place = (gpa: number, bytes: number, kind: Region["kind"] = "ram"): Region => {
    const region: Region = { gpa, bytes, host: node.allocate(bytes, 4096, "RAM"), kind };
    placeOther(node, GUARD, "guard");
    return region;
  };
  // neighbours in guest-physical memory are none in the node
  const regions = [place(0, LOW_END), place(ROM, HIGH - ROM, "rom"), place(HIGH, MEMORY - HIGH)];
  if (random.chance(50)) regions.push(place(2 ** 32 - FAR_BYTES, FAR_BYTES));
  if (random.chance(70)) regions.push(place(2 ** 32, FAR_BYTES));
  if (random.chance(50)) regions.push(place(2 ** 40 - FAR_BYTES, FAR_BYTES));
  const memory = createVnodeMemory(node, regions);
  for (const { gpa, bytes, kind } of regions) if (kind === "rom") memory.write(gpa, new Uint8Array(bytes).map(() => random.below(256)));
  const bus = randomBus(seed, () => machine.vcpu.setInterruptLine(false));
  const machine: Machine = { memory, busHash: bus.hash, nowNs: 0, vcpu: undefined as unknown as Vcpu };
  machine.vcpu = engine.createVcpu({
    node, memory, index: 0, bus, clock: { nowNs: () => machine.nowNs }, entropy: () => random.u32(), model: { tscHz: 1e9, apicTimerHz: 1e9, vcpuCount: 1, apicId: 0 },
  });
  return machine;
}

function createPcMachine(engine: Engine, node: NodeMemory, random: Random, seed: number): Machine {
  const machine: Machine = { memory: undefined as unknown as VnodeMemory, vcpu: undefined as unknown as Vcpu, busHash: () => 0, nowNs: 0 };
  const vm = machine.vm = createVm({
    id: `guest-${seed}`, node, engine, memoryBytes: MEMORY, vcpuCount: 1, clock: { nowNs: () => machine.nowNs }, startEpochMs: 1_700_000_000_000, console: createConsole(() => {}),
    entropy: () => random.u32(),
  });
  const booted = vm.boot(() => ({ kernel: Uint8Array.of(0xf4), initrds: [], commandLine: "", flat: { gpa: 0x7c00, mode: random.pick(["real", "protected", "long"]) } }));
  if ("issues" in booted) throw new Error(JSON.stringify(booted.issues));
  machine.memory = vm.memory;
  machine.vcpu = vm.vcpus[0];
  return machine;
}

/** Makes the guest of a seed; on every engine it is the same. */
export function createGuest({ seed, engine, mode: wanted, pc, sealed = false }: GuestOptions): Guest {
  const random = createRandom(seed, "guest"), machineRandom = createRandom(seed, "machine"), outside = createRandom(seed, "outside");
  const mode = wanted ?? random.pick(MODES), withPc = pc ?? random.chance(50);
  const node = createNodeMemory(NODE_BYTES);
  placeOther(node, GUARD, "guard");
  placeOther(node, NEIGHBOUR, "RAM of another virtual node");
  const machine = (withPc ? createPcMachine : createBareMachine)(engine, node, machineRandom, seed);
  const { vcpu, memory, vm } = machine;
  const end = node.allocate(64, 64, "end of the vCPU's own");
  placeOther(node, NEIGHBOUR, "RAM of another virtual node");
  placeOther(node, GUARD, "guard");
  makeWorld(random, { mode, memory, state: vcpu.state, sealed, fresh: true });
  const fence: Fence = raiseFence(node, memory, vcpu, ownSpan(vcpu, end));
  const ram = memory.regions.filter(({ kind }) => kind === "ram").map(({ host, bytes }) => node.bytes.subarray(host, host + bytes));

  const respawn = () => {
    if (vm) vm.reset();
    else vcpu.reset();
    makeWorld(random, { mode: wanted ?? random.pick(MODES), memory, state: vcpu.state, sealed, fresh: false });
    for (const { gpa, bytes } of memory.regions) vcpu.invalidateCode(gpa, bytes);
  };
  let lives = 40;
  const step = (instructions: number): boolean => {
    machine.nowNs += outside.chance(2) ? outside.u32() * 64 : instructions * 4;
    if (vm) vm.timers.fire();
    else vcpu.setInterruptLine(outside.chance(30));
    if (outside.chance(2)) vcpu.injectNmi();
    if (outside.chance(1)) vcpu.kick();
    const { reason } = vcpu.run(instructions);
    let dead = reason === "shutdown" || reason === "unsupported";
    if (reason === "hlt") {
      if (vm) machine.nowNs = Math.max(machine.nowNs, vm.timers.next() ?? 0);
      if (outside.chance(30)) vcpu.injectNmi();
      else if (outside.chance(10)) dead = true;
    }
    if (vm && (vm.outcome || vm.resetRequested)) {
      vm.outcome = undefined;
      dead = true;
    }
    if (!dead) return true;
    if (lives-- <= 0) return false;
    respawn();
    return true;
  };
  const check = (): void => {
    const problem = fence.check();
    if (problem) throw new Error(`guest ${seed} on ${engine.name} (${mode}${withPc ? ", PC" : ""}), at ${hex(vcpu.state.read("rip"))} after ${vcpu.retired()} instructions: ${problem}`);
  };
  return { seed, mode, vcpu, node, memory, ram, busHash: machine.busHash, step, check };
}

/** Runs a guest to its end or for `instructions`. @returns how many were executed */
export function runGuest(options: GuestOptions, instructions: number, onStep: (guest: Guest) => void = () => {}): number {
  const guest = createGuest(options), chunks = createRandom(options.seed, "chunks");
  let done = 0, steps = 0;
  while (done < instructions) {
    const before = guest.vcpu.retired();
    onStep(guest);
    const alive = guest.step(chunks.chance(50) ? 1 + chunks.below(100) : 1 + chunks.below(20_000));
    const after = guest.vcpu.retired();
    done += after > before ? after - before : 100; // a reset counts from 0 again
    if (++steps % 256 === 0) guest.check();
    if (!alive) break;
  }
  guest.check();
  return done;
}
