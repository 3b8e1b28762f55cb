// The single-byte ports of a PC's system board: port 0x61, port 0x92, the keyboard controller's reset line, the reset control register,
// the POST code and the port by which a test ends its machine.
// Sources: IBM PC AT Technical Reference; Intel 82371SB (PIIX3) datasheet, "NMI Status and Control", "Reset Control Register", "Port 92".

import type { Device } from "./device.ts";
import type { Pit } from "./time/pit.ts";
import type { Clock } from "../base/timers.ts";

/** DRAM refresh: bit 4 of port 0x61 changes every 15.085 µs. */
const REFRESH_NS = 15_085;

/** Port 0x61: gate of the PIT's counter 2, speaker, refresh toggle. */
export function createSystemControlB(clock: Clock, pit: Pit): Device {
  const state = { control: 0 }; // bit 0 gate, bit 1 speaker, bits 2 and 3 mask NMI sources
  const read = () => state.control | (Math.floor(clock.nowNs() / REFRESH_NS) & 1) << 4 | Number(pit.output()) << 5;
  const update = () => pit.setGate((state.control & 1) !== 0);
  const write = (_offset: number, value: number) => {
    state.control = value & 0x0f;
    update();
  };
  return { id: "system-control-b", accessBytes: 1, state, update, read, write };
}

/** Port 0x92: bit 0 resets when it rises, bit 1 is the A20 gate, which is always open here whatever it reads. */
export function createSystemControlA(onReset: () => void): Device {
  const state = { control: 2 };
  const write = (_offset: number, value: number) => {
    const rises = (value & ~state.control & 1) !== 0;
    state.control = value & 0xff;
    if (rises) onReset();
  };
  return { id: "system-control-a", accessBytes: 1, state, update() {}, read: () => state.control, write };
}

/** The place of the 8042. There is none: it reads as all ones, which drivers take for absent. Its reset line works (command 0xfe). */
export function createKeyboardController(onReset: () => void): Device {
  const COMMAND = 4, PULSE_RESET = 0xfe;
  const write = (offset: number, value: number) => {
    if (offset === COMMAND && value === PULSE_RESET) onReset();
  };
  return { id: "keyboard-controller", accessBytes: 1, state: {}, update() {}, read: () => 0xff, write };
}

/** Port 0xcf9: bit 2 resets when it rises; bit 1 says how hard, which makes no difference to us. */
export function createResetControl(onReset: () => void): Device {
  const state = { control: 0 };
  const write = (_offset: number, value: number) => {
    const rises = (value & ~state.control & 4) !== 0;
    state.control = value & 0x0e;
    if (rises) onReset();
  };
  return { id: "reset-control", accessBytes: 1, state, update() {}, read: () => state.control, write };
}

/** Port 0x80: what firmware says of its progress, and what kernels write to wait about a microsecond. */
export function createPostPort(): Device & { state: { code: number } } {
  const state = { code: 0 };
  return { id: "post", accessBytes: 1, state, update() {}, read: () => state.code, write: (_offset, value) => { state.code = value; } };
}

/** Port 0xf4: a write ends the machine with status value * 2 + 1, as QEMU's isa-debug-exit does. */
export function createDebugExit(onExit: (status: number) => void): Device {
  return { id: "debug-exit", accessBytes: 4, state: {}, update() {}, read: () => 0, write: (_offset, value) => onExit(((value << 1) | 1) >>> 0) };
}
