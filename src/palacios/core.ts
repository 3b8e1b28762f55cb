// One of a VM's vCPUs on a thread of its own: its LAPIC and timers are here, all other devices at vCPU 0 (cores.ts).

import { createTimers } from "../base/timers.ts";
import { LAPIC_TIMER_HZ } from "../abi/pc.ts";
import { restore, save } from "../device/device.ts";
import { vcpuBus } from "../device/pc.ts";
import { deliverIpi } from "../device/interrupt/ipi.ts";
import { createLapic, type Lapic, type LapicTarget } from "../device/interrupt/lapic.ts";
import { ownLapic, receivingBus } from "../device/interrupt/remote.ts";
import { openVnodeMemory, type NodeMemory } from "../hal/memory.ts";
import type { Engine, GuestClock, Vcpu } from "../hal/vcpu.ts";
import { ASK, type Cores } from "./cores.ts";
import type { Place } from "./topology.ts";
import { neverWakes, PATIENCE, realSlices } from "./run.ts";
import { TSC_HZ } from "./vm.ts";

export interface CoreSetup {
  index: number;
  node: NodeMemory;
  engine: Engine;
  cores: Cores;
  /** Of all vCPUs of the virtual node. */
  places: readonly Place[];
  clock: GuestClock;
  entropy(): number;
}

/** Runs until vCPU 0's thread says stop. */
export function runCore({ index, node, engine, cores, places, clock, entropy }: CoreSetup): void {
  const memory = openVnodeMemory(node, cores.table());
  const holder = { timers: createTimers(clock, (deadlineNs) => { if (deadlineNs < holder.sliceEndNs) vcpu.kick(); }), sliceEndNs: 0 };
  const { apicId, socketBits, socketCores } = places[index], { timers } = holder, words = cores.lapicWords(index);
  const own = ownLapic(words, () => lapic);
  const line = (level: boolean) => {
    vcpu?.setInterruptLine(level);
    if (!level && own.waiting()) vcpu?.setInterruptLine(true);
  };
  let vcpu: Vcpu;
  const lapic: Lapic = createLapic(apicId, {
    clock: timers, tscHz: TSC_HZ, tscOffset: () => Number(BigInt.asIntN(64, vcpu.state.readField("tscOffset"))),
    interrupt: { set: line }, nmi: () => vcpu.injectNmi(), init: () => vcpu.initialize(), startup: (vector) => vcpu.startup(vector),
    external: { pending: () => false, acknowledge: () => -1 }, changed: () => { if (vcpu) own.publish(); },
    send: (source, shorthand, message) => deliverIpi(targets, source, shorthand, message),
    endOfInterrupt: (vector) => { cores.ask(index, { kind: ASK.endOfInterrupt, at: vector, bytes: 0, value: 0 }); },
  });
  const targets: LapicTarget[] = Array.from({ length: cores.count }, (_, other) => (other === index ? lapic : cores.target(other, places[other].apicId)));
  const ask = (kind: number, at: number, bytes: number, value = 0) => cores.ask(index, { kind, at, bytes, value });
  const bus = vcpuBus(lapic, {
    pioRead: (port, bytes) => ask(ASK.pioRead, port, bytes), pioWrite: (port, bytes, value) => { ask(ASK.pioWrite, port, bytes, value); },
    mmioRead: (gpa, bytes) => ask(ASK.mmioRead, gpa, bytes), mmioWrite: (gpa, bytes, value) => { ask(ASK.mmioWrite, gpa, bytes, value); },
  });
  vcpu = engine.createVcpu({
    node, memory, index, bus: receivingBus(bus, lapic, own, line), clock, entropy, parallel: true,
    model: { tscHz: TSC_HZ, apicTimerHz: LAPIC_TIMER_HZ, vcpuCount: cores.count, apicId, socket: { bits: socketBits, cores: socketCores } },
  });
  const powerOn = save(lapic);
  const reset = () => {
    words.fill(0);
    vcpu.reset();
    restore(lapic, powerOn);
  };
  vcpu.reset();
  lapic.update();

  const slice = realSlices(holder);
  while (cores.goesOn(index, reset)) {
    const seen = cores.wakeWord(index);
    own.events((vector) => vcpu.startup(vector));
    timers.fire();
    if (!vcpu.canRun()) {
      cores.setDead(index, neverWakes(vcpu));
      const next = timers.next();
      cores.sleep(index, seen, next === undefined ? Infinity : (next - clock.nowNs()) / 1e6);
      continue;
    }
    cores.setDead(index, false);
    if (cores.crowded) vcpu.state.writeField("pauses", PATIENCE);
    const { reason, detail } = slice(vcpu, 1);
    if (reason === "pause") cores.sleep(index, seen, 0.05);
    else if (reason === "shutdown") ask(ASK.tripleFault, Number(vcpu.state.read("rip")), 0);
    else if (reason === "unsupported" || reason === "entry-failed") ask(ASK.unsupported, Number(detail), 0, Number(vcpu.state.readField("unsupported")));
  }
}
