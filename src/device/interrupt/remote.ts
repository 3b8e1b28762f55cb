// A LAPIC on another thread. Each vCPU has a few words that all threads of its virtual node share: its owner writes there how messages find it, others put
// there what they send. Everything is one atomic operation per word; nobody waits.

import { APIC_BASE, DELIVERY } from "../../abi/apic.ts";
import type { Bus } from "../../hal/vcpu.ts";
import type { InterruptMessage } from "./ipi.ts";
import { isMeantFor, type Lapic, type LapicTarget } from "./lapic.ts";

/** Words of one vCPU (Int32): what it is, then what it has been sent. */
const FLAGS = 0, LDR = 1, DFR = 2, PRIORITY = 3, EVENTS = 4, REQUESTS = 5, LEVELS = 13;
export const LAPIC_WORDS = 32;
const X2APIC = 1, ENABLED = 2;
const INIT = 1, STARTUP = 2;

/** How others tell a vCPU that there is something for it. */
export interface Doorbell {
  /** An interrupt: at its next border between instructions. */
  interrupt(): void;
  nmi(): void;
  /** Whatever is not an interrupt: as soon as it is outside of run(). */
  kick(): void;
}

/** The sender's side. @param words of this vCPU alone */
export function remoteLapic(words: Int32Array, apicId: number, doorbell: Doorbell): LapicTarget {
  const isEnabled = () => (Atomics.load(words, FLAGS) & ENABLED) !== 0;
  const accept = (vector: number, level: boolean) => {
    if (!isEnabled() || vector < 16) return false;
    const bit = 1 << (vector & 31), word = vector >> 5;
    if (level) Atomics.or(words, LEVELS + word, bit);
    else Atomics.and(words, LEVELS + word, ~bit);
    Atomics.or(words, REQUESTS + word, bit);
    doorbell.interrupt();
    return true;
  };
  const event = (bits: number) => {
    Atomics.or(words, EVENTS, bits);
    doorbell.kick();
    return true;
  };
  const receive = ({ mode, vector, level }: InterruptMessage): boolean => {
    switch (mode) {
      case DELIVERY.fixed: case DELIVERY.lowestPriority: return accept(vector, level);
      case DELIVERY.nmi: doorbell.nmi(); return true;
      case DELIVERY.init: return event(INIT);
      case DELIVERY.startup:
        Atomics.and(words, EVENTS, INIT);
        return event(STARTUP | vector << 8);
      default: return false;
    }
  };
  return {
    isMeant: (destination, logical) => isMeantFor({ apicId, x2apic: (Atomics.load(words, FLAGS) & X2APIC) !== 0, ldr: words[LDR] >>> 0, dfr: words[DFR] >>> 0 }, destination, logical),
    receive, isEnabled, processorPriority: () => words[PRIORITY],
  };
}

export interface OwnLapic {
  /** Says how messages find the LAPIC. */
  publish(): void;
  /** Takes interrupts that were sent. */
  collect(): void;
  /** Have interrupts been sent? */
  waiting(): boolean;
  /** Takes INIT and startup. */
  events(startup: (vector: number) => void): void;
}

/** The owner's side. */
export function ownLapic(words: Int32Array, lapic: () => Lapic): OwnLapic {
  const waiting = () => {
    for (let word = 0; word < 8; word++) if (Atomics.load(words, REQUESTS + word) !== 0) return true;
    return false;
  };
  const collect = () => {
    for (let word = 0; word < 8; word++) {
      if (Atomics.load(words, REQUESTS + word) === 0) continue;
      const levels = Atomics.load(words, LEVELS + word);
      for (let bits = Atomics.exchange(words, REQUESTS + word, 0); bits !== 0; bits &= bits - 1) {
        const bit = bits & -bits;
        lapic().receive({ destination: 0, logical: false, mode: DELIVERY.fixed, vector: word * 32 + 31 - Math.clz32(bit), level: (levels & bit) !== 0 });
      }
    }
  };
  const put = (word: number, value: number) => { if (words[word] !== (value | 0)) Atomics.store(words, word, value); };
  const publish = () => {
    const { ldr, dfr, baseBits } = lapic().state as { ldr: number; dfr: number; baseBits: number };
    const x2apic = (baseBits & (APIC_BASE.enable | APIC_BASE.x2apic)) === (APIC_BASE.enable | APIC_BASE.x2apic);
    put(FLAGS, (x2apic ? X2APIC : 0) | (lapic().isEnabled() ? ENABLED : 0));
    put(LDR, ldr);
    put(DFR, dfr);
    put(PRIORITY, lapic().processorPriority());
  };
  const events = (startup: (vector: number) => void) => {
    if (Atomics.load(words, EVENTS) === 0) return;
    const taken = Atomics.exchange(words, EVENTS, 0);
    if (taken & INIT) lapic().receive({ destination: 0, logical: false, mode: DELIVERY.init, vector: 0, level: false });
    if (taken & STARTUP) startup((taken >> 8) & 0xff);
  };
  return { publish, collect, waiting, events };
}

/** The bus of a vCPU to whose LAPIC others send by way of shared words. @param line the vCPU's INTR */
export function receivingBus(bus: Bus, lapic: Lapic, own: OwnLapic, line: (level: boolean) => void): Bus {
  return { ...bus, acknowledge: () => {
    own.collect();
    const vector = lapic.acknowledge();
    lapic.settle(); // a sender has raised the line for the LAPIC
    if (own.waiting()) line(true);
    return vector;
  } };
}
