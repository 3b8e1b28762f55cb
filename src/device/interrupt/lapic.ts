// The local APIC of one vCPU: xAPIC registers by address, x2APIC registers by MSR, local interrupts and IPIs. The timer is lapic-timer.ts.
// Source: SDM 3A, Advanced Programmable Interrupt Controller (APIC). Version 0x14: six LVT entries, no CMCI, no suppression of EOI broadcasts.
// SMIs are dropped: there is no system management mode.

import { createLapicTimer, timerPowerOn } from "./lapic-timer.ts";
import type { Device } from "../device.ts";
import type { InterruptMessage } from "./ipi.ts";
import type { IrqLine } from "./irq.ts";
import type { Clock } from "../../base/timers.ts";
import { APIC_BASE, APIC_ERROR, BROADCAST, DELIVERY, LAPIC_REGISTER as R, LVT_MASKED, MSR, SHORTHAND } from "../../abi/apic.ts";
import { MMIO } from "../../abi/pc.ts";

export interface LapicWires {
  clock: Clock;
  tscHz: number;
  /** Guest TSC minus the ticks of the clock. */
  tscOffset(): number;
  /** INTR of the vCPU. */
  interrupt: IrqLine;
  nmi(): void;
  init(): void;
  /** A startup IPI: begin at `vector` * 4096. */
  startup(vector: number): void;
  /** The 8259 behind LINT0. */
  external: { pending(): boolean; acknowledge(): number };
  /** Something has changed by which messages find it. */
  changed?(): void;
  send(source: Lapic, shorthand: number, message: InterruptMessage): void;
  /** The end of a level-triggered interrupt, for the IOAPIC. */
  endOfInterrupt(vector: number): void;
}

/** What others need of a LAPIC to send to it. */
export interface LapicTarget {
  receive(message: InterruptMessage): boolean;
  isMeant(destination: number, logical: boolean): boolean;
  isEnabled(): boolean;
  processorPriority(): number;
}

export interface Lapic extends Device, LapicTarget {
  readonly apicId: number;
  /** Where its registers are, or -1 while there are none (disabled, x2APIC). */
  base(): number;
  readMsr(msr: number): bigint | undefined;
  writeMsr(msr: number, value: bigint): boolean;
  /** CR8. */
  readTpr(): number;
  writeTpr(priority: number): void;
  /** Vector of the highest pending interrupt, now in service, or -1. */
  acknowledge(): number;
  /** The local interrupt with this vector as text, "" when there is none. */
  sourceOf(vector: number): string;
  /** Sets INTR once more to what it should be. */
  settle(): void;
  /** Inputs LINT0 (the 8259) and LINT1 (NMI). */
  setLint(pin: 0 | 1, level: boolean): void;
  /** What firmware leaves on the bootstrap vCPU: enabled, LINT0 external, LINT1 NMI (Intel MultiProcessor Specification, "Virtual Wire Mode"). */
  enterVirtualWireMode(): void;
}

const VERSION = 0x0005_0014;
const SVR_ENABLE = 0x100;
const LVT_FIRST = R.lvtTimer, LVT_LAST = R.lvtError;
/** Writable bits of the LVT entries, from the timer's on. */
const LVT_WRITABLE = [0x700ff, 0x107ff, 0x107ff, 0x1a7ff, 0x1a7ff, 0x100ff] as const;
const LVT_NAMES = ["timer", "thermal sensor", "performance counter", "LINT0", "LINT1", "error"] as const;
const MODEL_FLAT = 0xf;
const noVectors = Array.from({ length: 8 }, () => 0);

const registersPowerOn = () => ({
  tpr: 0, ldr: 0, dfr: 0xffff_ffff, svr: 0xff, icr: 0, icrHigh: 0, esr: 0, errors: 0,
  /** Bit n % 32 of word n / 32 is vector n. */
  isr: [...noVectors], tmr: [...noVectors], irr: [...noVectors],
  lvt: Array.from({ length: LVT_LAST - LVT_FIRST + 1 }, () => LVT_MASKED),
  timer: timerPowerOn(),
});

const highest = (words: readonly number[]) => {
  for (let index = 7; index >= 0; index--) if (words[index] !== 0) return index * 32 + 31 - Math.clz32(words[index]);
  return -1;
};
const has = (words: readonly number[], vector: number) => (words[vector >> 5] & (1 << (vector & 31))) !== 0;
const put = (words: number[], vector: number, on: boolean) => {
  if (on) words[vector >> 5] |= 1 << (vector & 31);
  else words[vector >> 5] &= ~(1 << (vector & 31));
};

/** Logical ID in x2APIC mode (SDM 3A, Deriving Logical x2APIC ID from the Local x2APIC ID). */
const x2apicLogicalId = (apicId: number) => (((apicId >> 4) << 16) | (1 << (apicId & 15))) >>> 0;

/** Is a LAPIC meant by a destination? (SDM 3A, Determining IPI Destination) */
export function isMeantFor({ apicId, x2apic, ldr, dfr }: { apicId: number; x2apic: boolean; ldr: number; dfr: number }, destination: number, logical: boolean): boolean {
  if (destination === BROADCAST) return true;
  if (!logical) return destination === apicId;
  if (x2apic) {
    const own = x2apicLogicalId(apicId);
    return destination >>> 16 === own >>> 16 && (destination & own & 0xffff) !== 0;
  }
  const set = destination & 0xff, mine = ldr >>> 24;
  if (dfr >>> 28 === MODEL_FLAT) return (set & mine) !== 0;
  return (set >> 4 === mine >> 4 || set >> 4 === 15) && (set & mine & 15) !== 0;
}

/** @param apicId 0 is the bootstrap processor's */
export function createLapic(apicId: number, wires: LapicWires): Lapic {
  const apicBasePowerOn = () => ({ baseGpa: MMIO.lapic as number, baseBits: APIC_BASE.enable | (apicId === 0 ? APIC_BASE.bootstrap : 0) });
  const state = { ...apicBasePowerOn(), ...registersPowerOn(), lint: [false, false] };

  const isOn = () => (state.baseBits & APIC_BASE.enable) !== 0;
  const isX2apic = () => isOn() && (state.baseBits & APIC_BASE.x2apic) !== 0;
  const isEnabled = () => isOn() && (state.svr & SVR_ENABLE) !== 0;
  const entry = (register: number) => state.lvt[register - LVT_FIRST];
  const logicalId = () => (isX2apic() ? x2apicLogicalId(apicId) : state.ldr);

  // -- priorities and the INTR pin
  const processorPriority = () => {
    const serving = highest(state.isr);
    return serving >= 0 && (serving & 0xf0) > (state.tpr & 0xf0) ? serving & 0xf0 : state.tpr;
  };
  const deliverable = () => {
    const vector = highest(state.irr);
    return vector >= 0 && (vector & 0xf0) > (processorPriority() & 0xf0) ? vector : -1;
  };
  /** Without a LAPIC, INTR of the bootstrap vCPU is the 8259's. */
  const takesExternal = () => {
    if (!isOn()) return (state.baseBits & APIC_BASE.bootstrap) !== 0;
    return (entry(R.lvtLint0) & (LVT_MASKED | 0x700)) === DELIVERY.extInt << 8;
  };
  let driven = false; // the level that the pin has: saves calls, is no state
  const drive = (level: boolean) => {
    if (level === driven) return;
    driven = level;
    wires.interrupt.set(level);
  };
  const level = () => (isOn() && deliverable() >= 0) || (takesExternal() && wires.external.pending());
  const evaluate = () => {
    wires.changed?.();
    drive(level());
  };

  // -- interrupts that arrive
  const report = (error: number) => {
    if (state.errors & error) return;
    state.errors |= error;
    raiseLocal(R.lvtError);
  };
  const accept = (vector: number, level: boolean) => {
    if (!isEnabled()) return false;
    if (vector < 16) {
      report(APIC_ERROR.receiveIllegalVector);
      return true;
    }
    put(state.irr, vector, true);
    put(state.tmr, vector, level);
    evaluate();
    return true;
  };
  const initialize = () => {
    Object.assign(state, registersPowerOn());
    timer.update();
    evaluate();
    wires.init();
  };
  const receive = ({ mode, vector, level }: InterruptMessage) => {
    switch (mode) {
      case DELIVERY.fixed: case DELIVERY.lowestPriority: return accept(vector, level);
      case DELIVERY.nmi: wires.nmi(); return true;
      case DELIVERY.init: initialize(); return true;
      case DELIVERY.startup: wires.startup(vector); return true;
      default: return false;
    }
  };
  /** An event of a local source: the timer, an error, a pin. */
  const raiseLocal = (register: number) => {
    const value = entry(register);
    if (value & LVT_MASKED) return;
    const mode = register === R.lvtTimer || register === R.lvtError ? DELIVERY.fixed : (value >> 8) & 7;
    const isPin = register === R.lvtLint0 || register === R.lvtLint1;
    if (mode !== DELIVERY.extInt) receive({ destination: 0, logical: false, mode, vector: value & 0xff, level: isPin && (value & 0x8000) !== 0 });
  };
  const setLint = (pin: 0 | 1, level: boolean) => {
    const rises = level && !state.lint[pin];
    state.lint[pin] = level;
    if (rises && isOn()) raiseLocal(pin === 0 ? R.lvtLint0 : R.lvtLint1);
    evaluate();
  };
  const acknowledge = () => {
    if (takesExternal() && wires.external.pending()) {
      const vector = wires.external.acknowledge();
      evaluate();
      return vector;
    }
    const vector = isOn() ? deliverable() : -1;
    if (vector >= 0) {
      put(state.irr, vector, false);
      put(state.isr, vector, true);
    }
    evaluate();
    return vector;
  };
  const endOfInterrupt = () => {
    const vector = highest(state.isr);
    if (vector < 0) return;
    put(state.isr, vector, false);
    if (has(state.tmr, vector)) wires.endOfInterrupt(vector);
    const pin = [R.lvtLint0, R.lvtLint1].findIndex((register) => (entry(register) & 0x187ff) === (0x8000 | vector));
    if (pin >= 0 && state.lint[pin]) raiseLocal(pin === 0 ? R.lvtLint0 : R.lvtLint1); // a level that is still there
    evaluate();
  };

  const timer = createLapicTimer(wires, state, () => entry(R.lvtTimer), () => raiseLocal(R.lvtTimer));

  // -- registers
  const sendIpi = (shorthand: number, message: InterruptMessage) => {
    const needsVector = message.mode === DELIVERY.fixed || message.mode === DELIVERY.lowestPriority;
    if (needsVector && message.vector < 16) return report(APIC_ERROR.sendIllegalVector);
    wires.send(lapic, shorthand, message);
  };
  const writeIcr = (value: number) => {
    state.icr = value & 0x000c_cfff;
    const mode = (value >> 8) & 7;
    const asserted = (value & 0x4000) !== 0;
    if (mode === DELIVERY.init && !asserted) return; // INIT level de-assert: only the arbitration IDs of long ago
    const logical = (value & 0x800) !== 0;
    let destination = isX2apic() ? state.icrHigh : state.icrHigh >>> 24;
    if (!isX2apic() && !logical && destination === 0xff) destination = BROADCAST;
    sendIpi((value >> 18) & 3, { destination, logical, mode, vector: value & 0xff, level: false });
  };
  const writeLvt = (register: number, value: number) => {
    const slot = register - LVT_FIRST;
    const before = state.lvt[slot];
    state.lvt[slot] = (value & LVT_WRITABLE[slot]) | (state.svr & SVR_ENABLE ? 0 : LVT_MASKED);
    if (register === R.lvtTimer) timer.modeChanged(before);
    evaluate();
  };
  const writeSvr = (value: number) => {
    state.svr = value & 0x3ff;
    if (!(value & SVR_ENABLE)) state.lvt = state.lvt.map((each) => each | LVT_MASKED);
    evaluate();
  };

  const isLvt = (register: number) => register >= LVT_FIRST && register <= LVT_LAST;
  const readRegister = (register: number): number => {
    if (register >= R.isr && register < R.isr + 8) return state.isr[register - R.isr];
    if (register >= R.tmr && register < R.tmr + 8) return state.tmr[register - R.tmr];
    if (register >= R.irr && register < R.irr + 8) return state.irr[register - R.irr];
    if (isLvt(register)) return entry(register);
    switch (register) {
      case R.id: return isX2apic() ? apicId : apicId << 24;
      case R.version: return VERSION;
      case R.tpr: return state.tpr;
      case R.ppr: return processorPriority();
      case R.ldr: return logicalId();
      case R.dfr: return state.dfr;
      case R.svr: return state.svr;
      case R.esr: return state.esr;
      case R.icr: return state.icr;
      case R.icrHigh: return state.icrHigh;
      case R.initialCount: return state.timer.initialCount;
      case R.currentCount: return timer.currentCount();
      case R.divide: return state.timer.divide;
      default: return 0;
    }
  };
  const writeRegister = (register: number, value: number): void => {
    if (isLvt(register)) return writeLvt(register, value);
    switch (register) {
      case R.tpr: state.tpr = value & 0xff; return evaluate();
      case R.eoi: return endOfInterrupt();
      case R.ldr: state.ldr = (value & 0xff00_0000) >>> 0; return wires.changed?.();
      case R.dfr: state.dfr = (value | 0x0fff_ffff) >>> 0; return wires.changed?.();
      case R.svr: return writeSvr(value);
      case R.esr: state.esr = state.errors; state.errors = 0; return;
      case R.icr: return writeIcr(value);
      case R.icrHigh: state.icrHigh = value & 0xff00_0000; return;
      case R.initialCount: return timer.start(value);
      case R.divide: return timer.setDivide(value & 0x0b);
      default: // ID, version and the read-only noVectors ignore it
    }
  };
  const read = (offset: number) => {
    if (offset & 0xf) return 0; // registers are 16 bytes apart
    if (offset < R.id << 4) report(APIC_ERROR.illegalRegister);
    return readRegister(offset >> 4);
  };
  const write = (offset: number, value: number) => {
    if (offset & 0xf) return;
    if (offset < R.id << 4) report(APIC_ERROR.illegalRegister);
    writeRegister(offset >> 4, value);
  };

  // -- MSRs
  const readMsr = (msr: number): bigint | undefined => {
    if (msr === MSR.apicBase) return BigInt(state.baseGpa) | BigInt(state.baseBits);
    if (msr === MSR.tscDeadline) return timer.readDeadline();
    const register = msr - MSR.x2apicFirst;
    if (!isX2apic() || !X2APIC_READABLE.has(register)) return undefined;
    const value = BigInt(readRegister(register) >>> 0);
    return register === R.icr ? value | (BigInt(state.icrHigh >>> 0) << 32n) : value;
  };
  const writeBase = (value: bigint) => {
    const bits = Number(value & 0xfffn), baseGpa = Number(value & ~0xfffn);
    if (value >> 52n || bits & ~(APIC_BASE.bootstrap | APIC_BASE.x2apic | APIC_BASE.enable)) return false;
    const on = (bits & APIC_BASE.enable) !== 0, x2apic = (bits & APIC_BASE.x2apic) !== 0;
    // SDM 3A, x2APIC State Transitions: x2APIC is entered from xAPIC only and left to disabled only
    if (x2apic && (!on || !isOn())) return false;
    if (isX2apic() && on && !x2apic) return false;
    if (!on && isOn()) Object.assign(state, registersPowerOn());
    if (x2apic && !isX2apic()) state.icrHigh = 0;
    state.baseGpa = baseGpa;
    state.baseBits = bits;
    timer.update();
    evaluate();
    return true;
  };
  const writeMsr = (msr: number, value: bigint): boolean => {
    if (msr === MSR.apicBase) return writeBase(value);
    if (msr === MSR.tscDeadline) {
      timer.writeDeadline(value);
      return true;
    }
    const register = msr - MSR.x2apicFirst;
    const writable = X2APIC_WRITABLE.get(register);
    if (!isX2apic() || writable === undefined || value & ~writable) return false;
    const low = Number(value & 0xffff_ffffn);
    if (register === R.selfIpi) sendIpi(SHORTHAND.self, { destination: apicId, logical: false, mode: DELIVERY.fixed, vector: low, level: false });
    else {
      if (register === R.icr) state.icrHigh = Number(value >> 32n);
      writeRegister(register, low);
    }
    return true;
  };

  const isMeant = (destination: number, logical: boolean) => isMeantFor({ apicId, x2apic: isX2apic(), ldr: state.ldr, dfr: state.dfr }, destination, logical);
  const settle = () => {
    driven = level();
    wires.interrupt.set(driven);
  };

  const update = () => {
    timer.update();
    wires.changed?.();
    settle();
  };
  const writeTpr = (priority: number) => {
    state.tpr = (priority & 15) << 4;
    evaluate();
  };
  const enterVirtualWireMode = () => {
    writeSvr(SVR_ENABLE | 0xff);
    writeLvt(R.lvtLint0, DELIVERY.extInt << 8);
    writeLvt(R.lvtLint1, DELIVERY.nmi << 8);
  };
  const sourceOf = (vector: number) => {
    const slot = state.lvt.findIndex((value) => (value & 0xff) === vector && !(value & LVT_MASKED));
    return slot < 0 ? "" : `LAPIC ${LVT_NAMES[slot]}`;
  };
  const lapic: Lapic = {
    sourceOf,
    id: `lapic${apicId}`, accessBytes: 4, state, apicId, update, read, write, base: () => (isOn() && !isX2apic() ? state.baseGpa : -1),
    readMsr, writeMsr, readTpr: () => state.tpr >> 4, writeTpr, acknowledge, receive, isMeant, isEnabled, processorPriority, settle, setLint, enterVirtualWireMode,
  };
  return lapic;
}

// -- which x2APIC MSRs exist, and which of their bits may be set (SDM 3A, x2APIC Register Address Space)
const vectors = (first: number) => Array.from({ length: 8 }, (_, index) => first + index);
const LVT_REGISTERS = LVT_WRITABLE.map((_, slot) => LVT_FIRST + slot);
const X2APIC_READABLE: ReadonlySet<number> = new Set([
  R.id, R.version, R.tpr, R.ppr, R.ldr, R.svr, ...vectors(R.isr), ...vectors(R.tmr), ...vectors(R.irr), R.esr, R.icr,
  ...LVT_REGISTERS, R.initialCount, R.currentCount, R.divide,
]);
const X2APIC_WRITABLE: ReadonlyMap<number, bigint> = new Map<number, bigint>([
  [R.tpr, 0xffn], [R.eoi, 0n], [R.svr, 0x3ffn], [R.esr, 0n], [R.icr, 0xffff_ffff_000c_dfffn], [R.initialCount, 0xffff_ffffn], [R.divide, 0x0bn], [R.selfIpi, 0xffn],
  ...LVT_WRITABLE.map((bits, slot): [number, bigint] => [LVT_FIRST + slot, BigInt(bits | 0x5000)]), // delivery status and remote IRR are ignored
]);
