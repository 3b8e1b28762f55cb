// A PC: RAM, ROM with its ACPI tables, vCPUs of whatever engine is handed in, devices, and a kernel to boot. All of it lives on one thread.

import type { Issue } from "../base/error.ts";
import { NvlError } from "../base/error.ts";
import { createTimers, type Timers } from "../base/timers.ts";
import type { Console } from "../backend/console.ts";
import { LAPIC_TIMER_HZ } from "../abi/pc.ts";
import { createPcDevices, PC_HARDWARE, type PcDevices } from "../device/pc.ts";
import { CONSTANTS } from "../hal/layout.ts";
import { openVcpuState, type VcpuState } from "../hal/state.ts";
import { createVnodeMemory, type NodeMemory, type VnodeMemory } from "../hal/memory.ts";
import type { Tracer, TraceTopic } from "../hal/trace.ts";
import type { Engine, GuestClock, Vcpu } from "../hal/vcpu.ts";
import { acpiTables } from "./acpi/tables.ts";
import { enter } from "./boot/entry.ts";
import type { BootImage } from "./boot/image.ts";
import { loadKernel, type FlatKernel } from "./boot/load.ts";
import { writeFirmware } from "./firmware.ts";
import { watchForPanic } from "./panic.ts";
import { traceLine } from "./trace.ts";
import type { VirtualClock } from "./virtual-time.ts";
import { ASK, type Cores } from "./cores.ts";
import { ownLapic, receivingBus, type OwnLapic } from "../device/interrupt/remote.ts";
import { tripleFaultMessage, unsupportedMessage } from "./run.ts";
import { acpiZones, flatShape, placeVcpus, type ZoneShape } from "./topology.ts";
import { e820, pcRegions } from "./memory-map.ts";

export interface VmSetup {
  id: string;
  node: NodeMemory;
  engine: Engine;
  memoryBytes: number;
  vcpuCount: number;
  /** Guest time: nanoseconds since power-on. */
  clock: GuestClock | VirtualClock;
  /** All vCPUs but the first run on threads of their own. */
  others?: Cores;
  /** The clock counts instructions (virtual-time.ts), and whatever happens to a vCPU happens at an instruction that is the same in every run. */
  deterministic?: boolean;
  /** What the RTC says at power-on, in milliseconds since 1970. */
  startEpochMs: number;
  /** What COM1 is connected to. */
  console: Console;
  entropy(): number;
  /** What is traced, and the sink of its lines. */
  trace?: { topics: ReadonlySet<TraceTopic>; write(line: string): void };
  /** Its vCPUs and its memory by NUMA zone; undefined: one zone, one socket. */
  zones?: readonly ZoneShape[];
}

/** What a VM boots. */
export interface BootSource { kernel: Uint8Array; initrds: readonly Uint8Array[]; commandLine: string; flat?: FlatKernel }

/** How a guest ended.
 * - power-off: it switched itself off; debug-exit: it wrote `status` to the debug port
 * - panic: its kernel said so on the console; triple-fault: it could not handle an exception; halted: it waits with interrupts off
 * - unsupported: it needs something that the engine does not do; stopped: somebody outside ended it */
export type Outcome =
  | { kind: "power-off" | "stopped" }
  | { kind: "debug-exit"; status: number }
  | { kind: "panic" | "triple-fault" | "halted" | "unsupported"; message: string };

export interface Vm {
  readonly id: string;
  readonly memory: VnodeMemory;
  readonly vcpus: readonly Vcpu[];
  readonly timers: Timers;
  /** The moment until which vCPUs run before somebody looks at the timers, 0 when none runs. */
  sliceEndNs: number;
  readonly devices: PcDevices;
  /** Set when the guest has ended. */
  outcome: Outcome | undefined;
  /** The guest has asked for a reset; the run loop does it between instructions. */
  resetRequested: boolean;
  resets: number;
  /** Exits by reason, since power-on. */
  readonly exits: Record<string, number>;
  /** Set when time counts instructions. */
  readonly virtualClock: VirtualClock | undefined;
  readonly trace: Tracer | undefined;
  /** States of all vCPUs, those on other threads too, as far as they have begun. */
  states(): VcpuState[];
  /** The vCPUs that are not in `vcpus`. */
  readonly others: Cores | undefined;
  /** Answers what other vCPUs have asked. */
  serveOthers(): void;
  /** What has been asked of a vCPU while another one ran takes effect: between runs, before its own. */
  settle(index: number): void;
  /** Loads a kernel and brings the first vCPU to its entry. @param open gives the files, and gives them again at a reset: nothing keeps them between
   * @returns the protocol, or what is wrong with the files */
  boot(open: () => BootSource): { protocol: string } | { issues: Issue[] };
  /** Back to the state after `boot`. */
  reset(): void;
}

/** What a vCPU shall do before it runs on. */
interface Asked { line: boolean; nmi: boolean; init: boolean; startup: number }

function tracer({ topics, write }: NonNullable<VmSetup["trace"]>, nowNs: () => number, devices: PcDevices): Tracer {
  const names = { device: devices.ownerOf, interrupt: devices.sourceOf };
  return { topics, event: (vcpu, rip, event) => write(`${traceLine(nowNs(), vcpu, rip, event, names)}\n`) };
}

/** Ticks per second of the time-stamp counter that guests see. */
export const TSC_HZ = 1_000_000_000;

/** Builds a PC in memory of `node`. @throws node/out-of-memory, palacios/memory-size */
export function createVm(setup: VmSetup): Vm {
  const { id, node, memoryBytes, vcpuCount, zones = flatShape(vcpuCount, memoryBytes) } = setup;
  const places = placeVcpus(zones);
  const host = node.allocate(memoryBytes, 2 * 2 ** 20, `RAM of ${id}`);
  const memory = createVnodeMemory(node, pcRegions(memoryBytes, host));
  const timers = createTimers(setup.clock, (deadlineNs) => { if (deadlineNs < vm.sliceEndNs) interrupt(); });
  const vcpus: Vcpu[] = [];
  let open: (() => BootSource) | undefined;

  const { others } = setup;
  let own: OwnLapic | undefined;
  const virtualClock = setup.deterministic ? setup.clock as VirtualClock : undefined;
  const asked: Asked[] = Array.from({ length: vcpuCount }, () => ({ line: false, nmi: false, init: false, startup: -1 }));
  const vm: Vm = { id, memory, vcpus, timers, virtualClock, trace: undefined, others, states, settle, serveOthers, sliceEndNs: 0, devices: undefined as unknown as PcDevices, outcome: undefined, resetRequested: false, resets: 0, exits: {}, boot, reset };
  const panic = watchForPanic(setup.console, (message) => end({ kind: "panic", message }));
  const devices = createPcDevices({
    timers, console: panic.port, memoryBytes, startEpochMs: setup.startEpochMs, tscHz: TSC_HZ,
    vcpus: Array.from({ length: vcpuCount }, (_, index) => others && index > 0 ? { apicId: places[index].apicId, remote: others.target(index, places[index].apicId) } : {
      apicId: places[index].apicId,
      changed: () => own?.publish(),
      // the devices come first and settle their lines once more when `start` resets them
      setInterruptLine: (level: boolean) => setInterruptLine(index, level),
      injectNmi: () => {
        if (virtualClock) asked[index].nmi = true;
        else vcpus[index]?.injectNmi();
        interrupt();
      },
      // the bootstrap processor begins anew at the reset vector, where there is nothing but a reset
      init: () => {
        if (index === 0) vm.resetRequested = true;
        else Object.assign(asked[index], { init: true, startup: -1 });
        interrupt();
      },
      startup: (vector: number) => {
        asked[index].startup = vector;
        interrupt();
      },
      tscOffset: () => Number(BigInt.asIntN(64, vcpus[index]?.state.readField("tscOffset") ?? 0n)),
    }),
    onPowerOff: () => end({ kind: "power-off" }),
    onReset: () => {
      const message = panic.message();
      if (message) return end({ kind: "panic", message });
      vm.resetRequested = true;
      interrupt();
    },
    onDebugExit: (status: number) => end({ kind: "debug-exit", status }),
  });
  (vm as { devices: PcDevices }).devices = devices;
  const trace = setup.trace && tracer(setup.trace, () => virtualClock?.peekNs() ?? setup.clock.nowNs(), devices);
  (vm as { trace: Tracer | undefined }).trace = trace;
  own = others && ownLapic(others.lapicWords(0), () => devices.interrupts.lapics[0]);
  const busOf = (index: number) => own ? receivingBus(devices.bus(index), devices.interrupts.lapics[0], own, (level) => setInterruptLine(index, level)) : devices.bus(index);
  others?.open(memory.table);
  own?.publish();
  for (const [index, { apicId, socketBits, socketCores }] of (others ? places.slice(0, 1) : places).entries()) vcpus.push(setup.engine.createVcpu({
    node, memory, index, parallel: others !== undefined, bus: busOf(index), clock: setup.clock, entropy: setup.entropy, model: { tscHz: TSC_HZ, apicTimerHz: LAPIC_TIMER_HZ, vcpuCount, apicId, socket: { bits: socketBits, cores: socketCores } }, ...(trace && { trace }),
  }));
  const acpi = acpiTables(PC_HARDWARE, places.map(({ apicId }) => apicId), acpiZones(zones));

  /** Ends the slice that runs. In a deterministic run it ends where it would have ended: a border between blocks is not the same place on every engine. */
  function interrupt(): void {
    if (!virtualClock) for (const vcpu of vcpus) vcpu.kick();
  }
  function end(outcome: Outcome): void {
    vm.outcome ??= outcome;
    interrupt();
  }
  function setInterruptLine(index: number, level: boolean): void {
    const vcpu = vcpus[index] as Vcpu | undefined;
    if (virtualClock) {
      asked[index].line = level;
      if (!level) vcpu?.setInterruptLine(false);
    } else {
      if (!level && own?.waiting()) level = true; // somebody else has raised it
      const waits = vm.sliceEndNs !== 0 && level && vcpu?.canRun() === false;
      vcpu?.setInterruptLine(level);
      if (waits && vcpus.length > 1) interrupt(); // it gets its turn
    }
  }
  function states(): VcpuState[] {
    const addresses = Array.from({ length: vcpuCount }, (_, index) => node.view.getUint32(memory.table + CONSTANTS.REGION_PEERS + 4 * index, true));
    return addresses.filter((address) => address !== 0).map((address) => openVcpuState(node.view, address));
  }
  function serveOthers(): void {
    if (!others) return;
    own!.events(() => {});
    others.serve(({ kind, at, bytes, value }) => {
      switch (kind) {
        case ASK.pioRead: return devices.shared.pioRead(at, bytes);
        case ASK.mmioRead: return devices.shared.mmioRead(at, bytes);
        case ASK.pioWrite: devices.shared.pioWrite(at, bytes, value); break;
        case ASK.mmioWrite: devices.shared.mmioWrite(at, bytes, value); break;
        case ASK.endOfInterrupt: devices.endOfInterrupt(at); break;
        case ASK.tripleFault: end({ kind: "triple-fault", message: tripleFaultMessage(at) }); break;
        case ASK.unsupported: end({ kind: "unsupported", message: unsupportedMessage(value, at) }); break;
      }
      return 0;
    });
  }
  function settle(index: number): void {
    const vcpu = vcpus[index], wish = asked[index];
    if (wish.init) vcpu.initialize();
    if (wish.startup >= 0) vcpu.startup(wish.startup);
    if (wish.line) vcpu.setInterruptLine(true);
    if (wish.nmi) vcpu.injectNmi();
    wish.init = wish.nmi = false;
    wish.startup = -1;
  }
  function load({ kernel, initrds, commandLine, flat }: BootSource) {
    return loadKernel({ kernel, initrds, commandLine, memoryMap: e820(memoryBytes), rsdpGpa: acpi.rsdpGpa }, flat);
  }
  function boot(files: () => BootSource): { protocol: string } | { issues: Issue[] } {
    const loaded = load(files());
    if ("issues" in loaded) return loaded;
    open = files;
    start(loaded.image, "power-on");
    return { protocol: loaded.image.protocol };
  }
  function reset(): void {
    vm.resets++;
    others?.pause(serveOthers);
    const loaded = open && load(open());
    if (loaded && "issues" in loaded)
      throw new NvlError("palacios/reset", `${id} cannot boot again: ${loaded.issues.map(({ message }) => message).join("; ")}`, { context: { issues: loaded.issues } });
    start(loaded?.image, "reset");
    others?.resume("reset");
  }
  function start(image: BootImage | undefined, why: "power-on" | "reset"): void {
    vm.resetRequested = false;
    for (const vcpu of vcpus) vcpu.reset();
    for (const wish of asked) Object.assign(wish, { line: false, nmi: false, init: false, startup: -1 });
    devices.reset();
    memory.write(acpi.gpa, acpi.bytes);
    writeFirmware(memory); // at the end of the ROM, behind the tables
    if (!image) return;
    for (const { gpa, bytes, memoryBytes: total } of image.pieces) {
      memory.write(gpa, bytes);
      // RAM is zero at power-on: clearing it again would only make the host commit its pages
      if (why === "reset" && total !== undefined && total > bytes.length) memory.clear(gpa + bytes.length, total - bytes.length);
      vcpus[0].invalidateCode(gpa, total ?? bytes.length); // and that of all others
    }
    enter(vcpus[0].state, memory, image.entry);
  }
  return vm;
}
