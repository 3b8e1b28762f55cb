// Two cascaded 8259A interrupt controllers, with the edge/level control registers that PCI chipsets added.
// Source: Intel 8259A datasheet; Intel 82371SB (PIIX3) datasheet, "Edge/Level Control Registers".
// Only the 8086 mode is there: the MCS-80 sequence of three INTA pulses is not, and no PC can ask for it.

import type { Device } from "../device.ts";
import type { IrqLine } from "./irq.ts";
import { IRQ } from "../../abi/pc.ts";

/** Offsets of the device's bytes; the bus puts them at 0x20, 0xa0 and 0x4d0. */
export const PIC_OFFSET = { master: 0, slave: 2, elcr: 4 } as const;

export interface Pic extends Device {
  /** Input 0..15; 2 is the cascade and leads nowhere. */
  line(irq: number): IrqLine;
  /** Whether INTR is asserted. */
  pending(): boolean;
  /** Both INTA cycles. @returns the vector; input 7 of the chip when the request has gone away (8259A: "default IR7") */
  acknowledge(): number;
}

interface Chip {
  /** Levels of the inputs; edges seen and not yet acknowledged; masked; in service. */
  lines: number; edges: number; mask: number; inService: number;
  /** Inputs that request by level (ELCR). */
  level: number;
  vectorBase: number;
  /** Input of lowest priority: the one after it is the highest. */
  lowest: number;
  /** Next initialization word expected at the odd port: 0 none, else 2..4. */
  expects: number;
  needsIcw4: boolean; single: boolean;
  autoEoi: boolean; rotateOnAutoEoi: boolean; specialFullyNested: boolean; specialMask: boolean;
  /** The next read is a poll. */
  poll: boolean;
  /** Reads of the even port give ISR, not IRR. */
  readsInService: boolean;
}

const powerOn = (): Chip => ({
  lines: 0, edges: 0, mask: 0, inService: 0, level: 0, vectorBase: 0, lowest: 7, expects: 0, needsIcw4: false, single: false,
  autoEoi: false, rotateOnAutoEoi: false, specialFullyNested: false, specialMask: false, poll: false, readsInService: false,
});
const ALL = 0xff;
/** Inputs that are edges on every PC: timer, keyboard, cascade; RTC, coprocessor (PIIX3: ELCR1, ELCR2). */
const ALWAYS_EDGE = [0x07, 0x21] as const;

/** @param interrupt the INTR output */
export function createPic(interrupt: IrqLine): Pic {
  const state = { chips: [powerOn(), powerOn()].map((chip) => ({ ...chip, mask: ALL })) }; // masked, as firmware leaves them to a kernel

  /** The request register: a request lasts only while its line does, so that one which goes away ends as "default IR7". */
  const requests = (chip: Chip) => chip.lines & (chip.edges | chip.level);
  /** 0 is the highest priority. */
  const rank = (chip: Chip, input: number) => (input - chip.lowest - 1) & 7;
  const first = (chip: Chip, inputs: number) => {
    for (let step = 1; step <= 8; step++) {
      const input = (chip.lowest + step) & 7;
      if (inputs & (1 << input)) return input;
    }
    return -1;
  };
  /** Input that is to be served now, or -1. */
  const winner = (index: number) => {
    const chip = state.chips[index];
    const input = first(chip, requests(chip) & ~chip.mask);
    if (input < 0) return -1;
    const serving = chip.specialMask ? chip.inService & ~chip.mask : chip.inService;
    // special fully nested: the slave may interrupt its own service with a higher one
    const blocking = chip.specialFullyNested && index === 0 ? serving & ~(1 << IRQ.cascade) : serving;
    const limit = first(chip, blocking);
    return limit < 0 || rank(chip, input) < rank(chip, limit) ? input : -1;
  };
  const setLine = (chip: Chip, input: number, level: boolean) => {
    const bit = 1 << input;
    if (level) {
      if (!(chip.lines & bit)) chip.edges |= bit;
      chip.lines |= bit;
    } else {
      chip.lines &= ~bit;
      chip.edges &= ~bit;
    }
  };
  const update = () => {
    setLine(state.chips[0], IRQ.cascade, winner(1) >= 0);
    interrupt.set(winner(0) >= 0);
  };

  /** The INTA cycle of one chip. @returns its input; 7 when there is none */
  const accept = (index: number) => {
    const chip = state.chips[index];
    const input = winner(index);
    if (input < 0) return 7;
    const bit = 1 << input;
    chip.edges &= ~bit;
    if (!chip.autoEoi) chip.inService |= bit;
    else if (chip.rotateOnAutoEoi) chip.lowest = input;
    return input;
  };
  const acknowledge = () => {
    const [master, slave] = state.chips;
    const input = accept(0);
    let vector = master.vectorBase + input;
    if (input === IRQ.cascade && !master.single) {
      vector = slave.vectorBase + accept(1);
      setLine(master, IRQ.cascade, false); // its INT falls with INTA: what is left is a new edge
    }
    update();
    return vector;
  };

  const operate = (chip: Chip, value: number) => { // OCW2
    const command = value >> 5;
    const specific = (command & 3) === 3;
    const input = specific || command === 6 ? value & 7 : first(chip, chip.specialMask ? chip.inService & ~chip.mask : chip.inService);
    switch (command) {
      case 0: chip.rotateOnAutoEoi = false; break;
      case 4: chip.rotateOnAutoEoi = true; break;
      case 6: chip.lowest = input; break;
      case 1: case 3: case 5: case 7:
        if (input < 0) break;
        chip.inService &= ~(1 << input);
        if (command >= 5) chip.lowest = input;
        break;
      default: break; // 2: no operation
    }
  };
  const writeEven = (index: number, value: number) => {
    const chip = state.chips[index];
    if (value & 0x10) { // ICW1
      const { lines, level } = chip;
      Object.assign(chip, powerOn(), { lines, level, expects: 2, needsIcw4: (value & 1) !== 0, single: (value & 2) !== 0 });
    } else if (value & 0x08) { // OCW3
      chip.poll = (value & 4) !== 0;
      if (value & 2) chip.readsInService = (value & 1) !== 0;
      if (value & 0x40) chip.specialMask = (value & 0x20) !== 0;
    } else operate(chip, value);
  };
  const writeOdd = (chip: Chip, value: number) => {
    switch (chip.expects) {
      case 2:
        chip.vectorBase = value & 0xf8;
        chip.expects = chip.single ? (chip.needsIcw4 ? 4 : 0) : 3;
        break;
      case 3: // which input the slave is on is wired, not told
        chip.expects = chip.needsIcw4 ? 4 : 0;
        break;
      case 4:
        chip.specialFullyNested = (value & 0x10) !== 0;
        chip.autoEoi = (value & 2) !== 0;
        chip.expects = 0;
        break;
      default: chip.mask = value;
    }
  };
  const poll = (index: number) => {
    state.chips[index].poll = false;
    const found = winner(index) >= 0;
    const input = accept(index);
    if (index === 1) setLine(state.chips[0], IRQ.cascade, false);
    update();
    return (found ? 0x80 : 0) | input;
  };

  const read = (offset: number) => {
    if (offset >= PIC_OFFSET.elcr) return state.chips[offset - PIC_OFFSET.elcr].level;
    const index = offset >> 1, chip = state.chips[index];
    if (chip.poll) return poll(index);
    if (offset & 1) return chip.mask;
    return chip.readsInService ? chip.inService : requests(chip);
  };
  const write = (offset: number, value: number) => {
    if (offset >= PIC_OFFSET.elcr) {
      const index = offset - PIC_OFFSET.elcr;
      state.chips[index].level = value & ALL & ~ALWAYS_EDGE[index];
    } else if (offset & 1) writeOdd(state.chips[offset >> 1], value);
    else writeEven(offset >> 1, value);
    update();
  };
  const line = (irq: number): IrqLine => ({
    set: (level) => {
      if (level === ((state.chips[irq >> 3].lines >> (irq & 7) & 1) !== 0)) return; // devices say it often
      setLine(state.chips[irq >> 3], irq & 7, level);
      update();
    },
  });
  return { id: "pic", accessBytes: 1, state, update, read, write, line, pending: () => winner(0) >= 0, acknowledge };
}
