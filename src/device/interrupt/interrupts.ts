// The interrupt controllers of a PC, wired together: 8259 pair, IOAPIC and one LAPIC for each vCPU.

import { createIoapic, type Ioapic } from "./ioapic.ts";
import { deliver, deliverIpi, type InterruptMessage } from "./ipi.ts";
import { fanOut, UNCONNECTED, wiredOr, type IrqLine } from "./irq.ts";
import { createLapic, type Lapic, type LapicTarget } from "./lapic.ts";
import { createPic, type Pic } from "./pic.ts";
import type { Clock } from "../../base/timers.ts";
import { IOAPIC_PINS, IRQ, TIMER_GSI } from "../../abi/pc.ts";

/** What the controllers do to one vCPU. */
export interface VcpuWires {
  setInterruptLine(level: boolean): void;
  /** Its number where none is given. */
  apicId?: number;
  injectNmi(): void;
  /** INIT: the vCPU goes to the state after INIT; all but the bootstrap one then wait for `startup`. */
  init(): void;
  /** SIPI: a vCPU that waits for it begins in real mode at `vector` * 4096; others ignore it. */
  startup(vector: number): void;
  /** Guest TSC minus the clock's ticks: the `tscOffset` of the vCPU's state. */
  tscOffset?(): number;
  /** Something has changed by which messages find its LAPIC. */
  changed?(): void;
}
/** A vCPU whose LAPIC is on another thread. */
export interface RemoteVcpu { remote: LapicTarget; apicId?: number }

export interface Interrupts {
  readonly pic: Pic;
  readonly ioapic: Ioapic;
  /** Those of this thread; the first vCPUs are. */
  readonly lapics: readonly Lapic[];
  /** A new input of ISA line 0..15: on the 8259 and on the IOAPIC. */
  isaLine(irq: number): IrqLine;
  /** A new input of a GSI: of the IOAPIC, and where an ISA line has that number, of the 8259. */
  gsiLine(gsi: number): IrqLine;
  /** Delivers a message to the LAPICs: an MSI, for instance. */
  send(message: InterruptMessage): boolean;
}

export function createInterrupts(clock: Clock, tscHz: number, vcpus: readonly (VcpuWires | RemoteVcpu)[]): Interrupts {
  const lapics: Lapic[] = [], targets: LapicTarget[] = [];
  const send = (message: InterruptMessage) => deliver(targets, message);
  const pic = createPic({ set: (level) => { for (const lapic of lapics) lapic.setLint(0, level); } });
  const ioapic = createIoapic(send);
  vcpus.forEach((vcpu, index) => {
    if ("remote" in vcpu) return void targets.push(vcpu.remote);
    const lapic = createLapic(vcpu.apicId ?? index, {
      clock, tscHz, tscOffset: () => vcpu.tscOffset?.() ?? 0,
      interrupt: { set: (level) => vcpu.setInterruptLine(level) },
      nmi: () => vcpu.injectNmi(), init: () => vcpu.init(), startup: (vector) => vcpu.startup(vector),
      external: pic,
      send: (source, shorthand, message) => deliverIpi(targets, source, shorthand, message), changed: vcpu.changed,
      endOfInterrupt: (vector) => ioapic.endOfInterrupt(vector),
    });
    lapics.push(lapic);
    targets.push(lapic);
  });
  const isIsa = (gsi: number) => gsi < 16 && gsi !== TIMER_GSI && gsi !== IRQ.timer;
  const inputs = Array.from({ length: IOAPIC_PINS }, (_, gsi) =>
    wiredOr(gsi === TIMER_GSI ? fanOut(pic.line(IRQ.timer), ioapic.pin(gsi)) : isIsa(gsi) ? fanOut(pic.line(gsi), ioapic.pin(gsi)) : ioapic.pin(gsi)));
  const gsiLine = (gsi: number) => inputs[gsi]?.() ?? UNCONNECTED;
  const isaLine = (irq: number) => gsiLine(irq === IRQ.timer ? TIMER_GSI : irq);
  return { pic, ioapic, lapics, isaLine, gsiLine, send };
}
