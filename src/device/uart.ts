// A 16550A serial port. Source: National Semiconductor PC16550D datasheet; Linux tests ours as it tests real ones (uart.test.ts).
// Transmission takes no time: a byte is out when it is written, and THR is empty again. Reception keeps the line's speed, one FIFO at a
// time, so that a guest can keep up with pasted text. No input is lost: what came stays with the console until it is read, so a driver that
// starts by emptying the receiver drops nothing, and input waits outside until the guest listens: it has receive interrupts enabled or polls
// LSR. A guest that has ever raised RTS stops input by lowering it (hardware flow control).
// Input never stops within a character, so what is below the trigger level times out at once.

import type { ConsolePort } from "../backend/console.ts";
import type { Clock } from "../base/timers.ts";
import type { Device } from "./device.ts";
import type { IrqLine } from "./interrupt/irq.ts";

const IER = { receive: 1, transmit: 2, line: 4, modem: 8 } as const;
const IIR = { none: 0x01, modem: 0x00, transmit: 0x02, receive: 0x04, timeout: 0x0c, line: 0x06, fifo: 0xc0 } as const;
const FCR = { enable: 1, clearReceive: 2, clearTransmit: 4 } as const;
const LCR_DLAB = 0x80;
const LSR = { ready: 0x01, overrun: 0x02, idle: 0x60 } as const;
const MCR = { dtr: 1, rts: 2, out1: 4, out2: 8, loop: 0x10 } as const;
const MSR = { cts: 0x10, dsr: 0x20, ring: 0x40, carrier: 0x80 } as const;
/** A terminal that is switched on. */
const CONNECTED = MSR.cts | MSR.dsr | MSR.carrier;
const FIFO_BYTES = 16;
const TRIGGER = [1, 4, 8, 14] as const;
const BASE_BAUD = 115_200;
/** So many more reads of LSR than characters sent are a guest that waits for input: one that only sends reads it once for each, and Linux's
 * console once more at the end of a message. */
const POLLS = 3;

/** @param interrupt through OUT2, as on a PC */
export function createUart(id: string, clock: Clock, interrupt: IrqLine, console: ConsolePort): Device {
  const state = {
    ier: 0, lcr: 0, mcr: 0, scratch: 0, divisor: 12,
    fifo: false, trigger: 1,
    /** What came in loopback. */
    received: [] as number[], overrun: false,
    /** How much of the console's input has come over the line and was not read yet. */
    arrived: 0,
    /** A THR-empty interrupt is due: THR became empty, or the interrupt was just enabled, and IIR has not told it yet. */
    transmitPending: false,
    /** Level of the modem inputs last seen, and which of them changed (MSR bits 0..3). */
    modem: CONNECTED as number, modemDelta: 0,
    /** When the line is ready for more input. */
    inputNs: 0,
    /** Reads of LSR less characters sent since another register was written, up to POLLS. */
    polls: 0,
    usesRts: false,
  };

  const depth = () => (state.fifo ? FIFO_BYTES : 1);
  const loops = () => (state.mcr & MCR.loop) !== 0;
  const isListening = () => !loops() && ((state.ier & IER.receive) !== 0 || state.polls >= POLLS);
  const accepts = () => isListening() && (!state.usesRts || (state.mcr & MCR.rts) !== 0);
  /** How many characters can be read. */
  const readable = () => state.received.length || (isListening() ? state.arrived : 0);
  /** The highest source of an interrupt (PC16550D, Interrupt Control Functions). */
  const source = () => {
    if (state.ier & IER.line && state.overrun) return IIR.line;
    if (state.ier & IER.receive && readable() > 0) return state.fifo && readable() < state.trigger ? IIR.timeout : IIR.receive;
    if (state.ier & IER.transmit && state.transmitPending) return IIR.transmit;
    if (state.ier & IER.modem && state.modemDelta) return IIR.modem;
    return IIR.none;
  };
  const update = () => {
    // in loopback the outputs are off, and OUT2 with them
    interrupt.set(source() !== IIR.none && (state.mcr & (MCR.out2 | MCR.loop)) === MCR.out2);
    const waits = console.available() > state.arrived && accepts() && state.arrived < depth();
    alarm.set(waits ? Math.max(1, state.inputNs) : 0);
  };
  /** Takes from the line what has come by now: at most a FIFO in the time that a FIFO takes. */
  const listen = () => {
    if (accepts() && console.available() > state.arrived) {
      const now = clock.nowNs();
      const coming = Math.min(depth(), console.available()) - state.arrived;
      if (now >= state.inputNs && coming > 0) {
        state.arrived += coming;
        state.inputNs = now + (coming * 10 * 1e9 * (state.divisor || 0x10000)) / BASE_BAUD;
      }
    }
    update();
  };
  const alarm = clock.alarm(listen);
  console.onInput(listen);

  const modemInputs = () => {
    if (!loops()) return CONNECTED;
    const { mcr } = state; // outputs come back as inputs
    return (mcr & MCR.rts ? MSR.cts : 0) | (mcr & MCR.dtr ? MSR.dsr : 0) | (mcr & MCR.out1 ? MSR.ring : 0) | (mcr & MCR.out2 ? MSR.carrier : 0);
  };
  const senseModem = () => {
    const next = modemInputs(), changed = state.modem ^ next;
    const ringEnded = state.modem & ~next & MSR.ring; // of RI only the end counts
    state.modemDelta |= ((changed & ~MSR.ring) | ringEnded) >> 4;
    state.modem = next;
  };
  const transmit = (byte: number) => {
    if (!loops()) console.write(byte);
    else if (state.received.length < depth()) state.received.push(byte);
    else state.overrun = true;
    state.transmitPending = true; // it is out: THR is empty again
    update();
  };
  const receive = () => {
    let byte = 0;
    if (state.received.length > 0) byte = state.received.shift()!;
    else if (readable() > 0) {
      byte = console.read();
      state.arrived--;
    }
    listen();
    return byte;
  };
  const identify = () => {
    const what = source();
    if (what === IIR.transmit) {
      state.transmitPending = false;
      update();
    }
    return what | (state.fifo ? IIR.fifo : 0);
  };
  const lineStatus = () => {
    if (state.polls < POLLS) state.polls++;
    if (readable() === 0 && console.available() > 0) listen();
    const value = LSR.idle | (readable() > 0 ? LSR.ready : 0) | (state.overrun ? LSR.overrun : 0);
    if (state.overrun) {
      state.overrun = false;
      update();
    }
    return value;
  };
  const modemStatus = () => {
    const value = state.modem | state.modemDelta;
    if (state.modemDelta) {
      state.modemDelta = 0;
      update();
    }
    return value;
  };
  const enableInterrupts = (value: number) => {
    // enabling it while THR is empty tells so at once (PC16550D, "Interrupt Enable Register"); drivers rely on that to start sending
    if (value & ~state.ier & IER.transmit) state.transmitPending = true;
    state.ier = value & 0x0f;
    listen();
  };
  const controlFifo = (value: number) => {
    const enable = (value & FCR.enable) !== 0;
    if (enable !== state.fifo || value & FCR.clearReceive) { // both FIFOs are emptied when the bit changes
      state.received = [];
      state.arrived = 0; // and come again
    }
    if (enable && value & FCR.clearTransmit) state.transmitPending = true;
    state.fifo = enable;
    state.trigger = enable ? TRIGGER[value >> 6 & 3] : 1;
    listen();
  };
  const controlModem = (value: number) => {
    state.mcr = value & 0x1f;
    if (!loops() && value & MCR.rts) state.usesRts = true;
    senseModem();
    listen();
  };

  const isDivisor = () => (state.lcr & LCR_DLAB) !== 0;
  const read = (offset: number) => {
    switch (offset) {
      case 0: return isDivisor() ? state.divisor & 0xff : receive();
      case 1: return isDivisor() ? state.divisor >> 8 : state.ier;
      case 2: return identify();
      case 3: return state.lcr;
      case 4: return state.mcr;
      case 5: return lineStatus();
      case 6: return modemStatus();
      default: return state.scratch;
    }
  };
  const write = (offset: number, value: number) => {
    state.polls = offset === 0 ? Math.max(0, state.polls - 1) : 0;
    switch (offset) {
      case 0: return isDivisor() ? void (state.divisor = (state.divisor & 0xff00) | value) : transmit(value);
      case 1: return isDivisor() ? void (state.divisor = (state.divisor & 0xff) | (value << 8)) : enableInterrupts(value);
      case 2: return controlFifo(value);
      case 3: state.lcr = value; return;
      case 4: return controlModem(value);
      case 7: state.scratch = value; return;
      default: // LSR and MSR are for reading
    }
  };
  return { id, accessBytes: 1, state, update, read, write };
}
