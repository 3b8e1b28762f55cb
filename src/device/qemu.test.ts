// Our devices beside QEMU's, through its qtest protocol: the same random accesses, the same answers. Where both follow the data sheet in
// different ways the test keeps away, and says so. Skipped where there is no qemu-system-x86_64.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import test from "node:test";
import { createPic } from "./interrupt/pic.ts";
import { UNCONNECTED } from "./interrupt/irq.ts";
import { createTestPc } from "./testing.ts";

const ARGUMENTS = ["-machine", "pc", "-accel", "tcg", "-S", "-nodefaults", "-display", "none", "-serial", "null", "-rtc", "base=2024-02-28T12:00:00,clock=vm"];
/** Feeds QEMU until it has said `lines` lines, or all that it has to say. */
function qemu(extra: string[], input: string, lines = Infinity): Promise<string[]> {
  const child = spawn("qemu-system-x86_64", [...ARGUMENTS, ...extra], { stdio: ["pipe", "pipe", "ignore"] });
  const timer = setTimeout(() => child.kill(), 30_000);
  let text = "", count = 0;
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      child.kill("SIGKILL");
      resolve(text.split("\n"));
    };
    child.on("error", finish).on("close", finish);
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      count += chunk.split("\n").length - 1;
      if (count >= lines) finish();
    });
    child.stdin.on("error", () => {}); // it may have gone
    child.stdin.write(input);
  });
}
const tree = (await qemu(["-monitor", "stdio"], "info qom-tree\nquit\n")).join("\n");
const skip = tree.includes("i8259") ? false : "no qemu-system-x86_64";
/** Both chips of the pair, the master first. */
const picPaths = [...tree.matchAll(/\/(device\[\d+\]) \(isa-i8259\)/g)].map((match) => `/machine/unattached/${match[1]}`);

/** Numbers from a seed (xorshift32). */
function random(seed: number) {
  let state = seed;
  return (limit: number) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

/** A command for QEMU, and what we answer where the answers are compared. `mask`: the bits that count. */
interface Step { command: string; ours?: number; mask?: number }

async function compare(steps: readonly Step[]) {
  const input = steps.map(({ command }) => `${command}\n`).join("");
  const answers = await qemu(["-monitor", "none", "-qtest", "stdio", "-qtest-log", "/dev/null"], input, steps.length);
  assert.ok(answers.length >= steps.length, "QEMU went away");
  steps.forEach(({ command, ours, mask = 0xffff_ffff }, index) => {
    assert.match(answers[index], /^OK/, command);
    if (ours === undefined) return;
    const theirs = Number(answers[index].split(" ")[1]);
    assert.equal((ours & mask) >>> 0, (theirs & mask) >>> 0, `${command}, after ${steps.slice(Math.max(0, index - 20), index).map((step) => step.command).join("; ")}`);
  });
}
const hex = (value: number) => `0x${(value >>> 0).toString(16)}`;

test("the 8259 pair", { skip }, async () => {
  for (const seed of [1, 2, 3, 4]) {
    const next = random(seed);
    const pic = createPic(UNCONNECTED);
    const state = pic.state as { chips: { lines: number; edges: number; level: number; specialMask: boolean }[] };
    const ports = [0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1];
    const steps: Step[] = [];
    const write = (offset: number, value: number) => {
      pic.write(offset, value);
      steps.push({ command: `outb ${hex(ports[offset])} ${hex(value)}` });
    };
    const read = (offset: number) => steps.push({ command: `inb ${hex(ports[offset])}`, ours: pic.read(offset) });
    const setLine = (irq: number, level: boolean) => {
      pic.line(irq).set(level);
      steps.push({ command: `set_irq_in ${picPaths[irq >> 3]} unnamed-gpio-in ${irq & 7} ${Number(level)}` });
    };
    const initialize = (chip: number) => {
      write(2 * chip, 0x11);
      for (const value of [0x20 + 8 * chip, chip ? 2 : 4, [1, 1, 3, 0x11][next(4)]]) write(2 * chip + 1, value);
    };
    // QEMU's PIT holds line 0, and its reset leaves lines and ELCR as ours
    setLine(0, false);
    initialize(0);
    initialize(1);
    for (let count = 0; count < 3000; count++) {
      const chip = seed & 1, irq = next(8) + 8 * chip; // one chip only: its output would be such an edge for the other
      switch (next(9)) {
        case 0: case 1: if (irq !== 2) setLine(irq, true); break;
        case 2: {
          // QEMU keeps an edge that went away, the data sheet ends it as "default IR7": only lower what was acknowledged
          const { edges, level } = state.chips[irq >> 3];
          if (irq !== 2 && ((edges | level) & (1 << (irq & 7)) & ~level) === 0) setLine(irq, false);
          break;
        }
        case 3: write(2 * chip + 1, next(256)); break;
        case 4: {
          // in special mask mode a non-specific EOI passes over masked ones (8259A, "Special Mask Mode"); QEMU's does not
          const commands = [0x60 | next(8), 0xc0 | next(8), 0xe0 | next(8), 0x20, 0xa0];
          write(2 * chip, commands[next(state.chips[chip].specialMask ? 3 : 5)]);
          break;
        }
        case 5: write(2 * chip, 0x0a + next(2)); read(2 * chip); break;
        case 6: write(2 * chip, next(2) ? 0x48 : 0x68); break;
        case 7: read(2 * chip + 1); break;
        default:
          // a poll without a request: QEMU answers 0, the data sheet only that bit 7 is 0
          write(2 * chip, 0x0c);
          steps.push({ command: `inb ${hex(ports[2 * chip])}`, ours: pic.read(2 * chip) });
          if (!(steps[steps.length - 1].ours! & 0x80)) steps[steps.length - 1].mask = 0x80;
      }
    }
    await compare(steps);
  }
});

test("the I/O APIC's registers", { skip }, async () => {
  const next = random(5), { bus } = createTestPc();
  const steps: Step[] = [];
  const BASE = 0xfec0_0000;
  for (let count = 0; count < 1500; count++) {
    const register = [0, 1, 0x10 + next(48)][next(3)];
    const value = (next(0x10000) << 16 | next(0x10000)) | (register >= 0x10 && !(register & 1) ? 0x10000 : 0); // nothing is delivered
    bus.mmioWrite(BASE, 4, register);
    steps.push({ command: `writel ${hex(BASE)} ${hex(register)}` });
    if (next(2)) {
      bus.mmioWrite(BASE + 0x10, 4, value);
      steps.push({ command: `writel ${hex(BASE + 0x10)} ${hex(value)}` });
    }
    // QEMU keeps all bits of the upper halves, of which 0..23 are reserved, and of the lower ones
    steps.push({ command: `readl ${hex(BASE + 0x10)}`, ours: bus.mmioRead(BASE + 0x10, 4), mask: register >= 0x10 ? (register & 1 ? 0xff00_0000 : 0x0001_ffff) : 0xffff_ffff });
  }
  await compare(steps);
});

test("the UART: loopback, FIFOs, interrupt identification", { skip }, async () => {
  for (const seed of [6, 7, 8]) {
    const next = random(seed), { outb, inb } = createTestPc();
    const steps: Step[] = [];
    const write = (register: number, value: number) => {
      outb(0x3f8 + register, value);
      steps.push({ command: `outb ${hex(0x3f8 + register)} ${hex(value)}` });
    };
    const read = (register: number, mask = 0xff) => steps.push({ command: `inb ${hex(0x3f8 + register)}`, ours: inb(0x3f8 + register), mask });
    for (const [register, value] of [[3, 3], [2, 1], [4, 0]]) write(register, value);
    read(6);
    for (let count = 0; count < 4000; count++) {
      switch (next(10)) {
        case 0: write(0, next(256)); break;
        case 1: write(1, next(16) & 2); break; // the receive time-out comes later in QEMU, and its loop has no modem interrupt
        case 2: read(2); break;
        case 3: write(4, [0, 0x0b, 0x10, 0x1b, 0x13, 0x1c][next(6)]); break;
        case 4: read(5, 0x61); break;
        case 5: read(6, 0xf0); break;
        case 6: if (inb(0x3fd) & 1) read(0); else steps.push({ command: "inb 0x3fd" }); break;
        case 7: write(7, next(256)); read(7); break;
        case 8: write(3, 0x83); write(0, next(256)); write(1, 0); read(0); read(1); write(3, 3); break;
        default: read(1); read(3); read(4);
      }
    }
    await compare(steps);
  }
});

test("the CMOS clock: setting and reading in every format", { skip }, async () => {
  for (const seed of [9, 10, 11, 12]) {
    const next = random(seed), { outb, inb } = createTestPc(1, Date.UTC(2024, 1, 28, 12));
    const steps: Step[] = [];
    const write = (index: number, value: number) => {
      outb(0x70, index);
      outb(0x71, value);
      steps.push({ command: `outb 0x70 ${hex(index)}` }, { command: `outb 0x71 ${hex(value)}` });
    };
    const read = (index: number, mask = 0xff) => {
      outb(0x70, index);
      steps.push({ command: `outb 0x70 ${hex(index)}` }, { command: "inb 0x71", ours: inb(0x71), mask });
    };
    for (let count = 0; count < 60; count++) {
      const binary = next(2) === 1, hours24 = next(2) === 1;
      const format = (binary ? 4 : 0) | (hours24 ? 2 : 0);
      const encode = (value: number) => (binary ? value : Math.floor(value / 10) * 16 + (value % 10));
      const hour = next(24);
      write(0x0b, 0x80 | format);
      write(0x32, encode(20));
      write(9, encode(next(100)));
      write(8, encode(1 + next(12)));
      write(7, encode(1 + next(28)));
      write(4, hours24 ? encode(hour) : encode(hour % 12 || 12) | (hour >= 12 ? 0x80 : 0));
      write(2, encode(next(60)));
      write(0, encode(next(60)));
      write(0x0b, format);
      for (const index of [9, 8, 7, 4, 2, 0, 0x0b, 0x0d]) read(index);
    }
    await compare(steps);
  }
});

test("the PIT: counts before time passes, status, latches", { skip }, async () => {
  const next = random(13), { outb, inb } = createTestPc();
  const steps: Step[] = [];
  const write = (port: number, value: number) => {
    outb(port, value);
    steps.push({ command: `outb ${hex(port)} ${hex(value)}` });
  };
  for (let count = 0; count < 500; count++) {
    const counter = next(3), access = 1 + next(3), mode = next(6);
    write(0x43, counter << 6 | access << 4 | mode << 1);
    const value = 2 + 2 * next(0x7000);
    if (access & 1) write(0x40 + counter, value & 0xff || 2);
    if (access & 2) write(0x40 + counter, value >> 8 || 2);
    // null count: QEMU never sets it; OUT: QEMU has its own idea of modes 2, 4 and 5
    write(0x43, 0xe0 | 2 << counter);
    steps.push({ command: `inb ${hex(0x40 + counter)}`, ours: inb(0x40 + counter), mask: 0x3f });
    if (next(2)) write(0x43, counter << 6);
    // a count that a gate has not started yet is undefined
    const defined = mode !== 1 && mode !== 5;
    for (let part = 0; part < (access === 3 ? 2 : 1); part++)
      steps.push({ command: `inb ${hex(0x40 + counter)}`, ours: inb(0x40 + counter), mask: defined ? 0xff : 0 });
  }
  await compare(steps);
});
