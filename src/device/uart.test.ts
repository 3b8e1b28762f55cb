import assert from "node:assert/strict";
import test from "node:test";
import { createTestPc } from "./testing.ts";

const BASE = 0x3f8;
const RX = 0, IER = 1, IIR = 2, FCR = 2, LCR = 3, MCR = 4, LSR = 5, MSR = 6, SCR = 7;

function setUp() {
  const { outb, inb, ...rest } = createTestPc();
  return { ...rest, out: (register: number, value: number) => outb(BASE + register, value), in: (register: number) => inb(BASE + register) };
}
const bytes = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

test("Linux's autoconfig takes it for a 16550A", () => { // drivers/tty/serial/8250: autoconfig(), autoconfig_16550a(), size_fifo()
  const uart = setUp();
  uart.out(IER, 0);
  assert.equal(uart.in(IER) & 0x0f, 0);
  uart.out(IER, 0x0f);
  assert.equal(uart.in(IER) & 0x0f, 0x0f);
  uart.out(IER, 0);
  // loopback: RTS and OUT2 come back as CTS and DCD
  uart.out(MCR, 0x10 | 0x0a);
  assert.equal(uart.in(MSR) & 0xf0, 0x90);
  uart.out(MCR, 0);
  uart.out(LCR, 0);
  uart.out(FCR, 1);
  assert.equal(uart.in(IIR) >> 6, 3, "FIFOs are enabled");
  uart.out(FCR, 0x21);
  assert.equal(uart.in(IIR) >> 5, 6, "no 64-byte FIFO of a 16750");
  uart.out(LCR, 0xbf);
  assert.notEqual(uart.in(IIR), 0, "no EFR of a 16650");
  uart.out(LCR, 0);
  uart.out(IER, 0x40);
  assert.equal(uart.in(IER) & 0x40, 0, "no unit enable of an XScale");
  // the FIFO holds 16 bytes: send 256 in loopback, count what comes back
  uart.out(FCR, 7);
  uart.out(MCR, 0x10);
  for (let index = 0; index < 256; index++) uart.out(RX, index);
  let count = 0;
  for (; uart.in(LSR) & 1 && count < 256; count++) assert.equal(uart.in(RX), count);
  assert.equal(count, 16);
  assert.equal(uart.text(), "", "nothing left the loop");
});

test("Linux's test of the THR-empty interrupt finds it working", () => { // serial8250_do_startup()
  const uart = setUp();
  uart.out(LCR, 3);
  uart.out(FCR, 1);
  uart.out(IER, 2);
  const first = uart.in(IIR);
  uart.out(IER, 0);
  uart.out(IER, 2);
  const second = uart.in(IIR);
  uart.out(IER, 0);
  assert.deepEqual([first & 15, second & 15], [2, 2], "enabling it again tells it again");
  uart.out(IER, 2);
  assert.equal(uart.in(LSR) & 0x40, 0x40);
  assert.equal(uart.in(IIR) & 1, 0, "UART_BUG_TXEN is not there");
});

test("a THR-empty interrupt is told once, and comes again after a write", () => {
  const uart = setUp();
  uart.out(IER, 2);
  assert.equal(uart.in(IIR), 2);
  assert.equal(uart.in(IIR), 1);
  uart.out(RX, 0x41);
  assert.equal(uart.in(IIR), 2);
  assert.equal(uart.in(IIR), 1);
  assert.equal(uart.text(), "A");
});

test("the interrupt reaches IRQ 4 through OUT2 only", () => {
  const uart = setUp();
  const line = () => (uart.pc.interrupts.pic.state as { chips: { lines: number }[] }).chips[0].lines >> 4 & 1;
  uart.out(IER, 2);
  assert.equal(line(), 0);
  uart.out(MCR, 8);
  assert.equal(line(), 1);
  uart.out(MCR, 0x18);
  assert.equal(line(), 0, "loopback switches the outputs off");
});

test("input waits for receive interrupts, comes a FIFO at a time and keeps the line's speed", () => {
  const uart = setUp();
  uart.out(LCR, 0x80);
  uart.out(0, 1); // 115200 baud
  uart.out(1, 0);
  uart.out(LCR, 3);
  uart.out(FCR, 0x81); // trigger at 8
  const text = "0123456789abcdefghijklmnop";
  assert.equal(uart.console.feed(bytes(text)), text.length);
  assert.equal(uart.in(LSR) & 1, 0, "not ready yet");
  uart.out(IER, 1);
  assert.equal(uart.in(IIR) & 15, 4);
  let got = "";
  while (uart.in(LSR) & 1) {
    if (16 - got.length < 8) assert.equal(uart.in(IIR) & 15, 0x0c, "below the trigger level: time-out");
    got += String.fromCharCode(uart.in(RX));
  }
  assert.equal(got, text.slice(0, 16));
  assert.equal(uart.in(IIR) & 15, 1);
  uart.clock.advance(16 * 86_806);
  while (uart.in(LSR) & 1) got += String.fromCharCode(uart.in(RX));
  assert.equal(got, text);
});

test("input waits while Linux starts its driver, and is whole then", () => { // serial8250_console_write(), serial8250_do_startup()
  const uart = setUp();
  uart.console.feed(bytes("uname\n"));
  for (const message of ["first", "second"]) {
    uart.out(IER, 0);
    for (const byte of bytes(message)) if (uart.in(LSR) & 0x20) uart.out(RX, byte);
    uart.in(LSR);
    uart.out(IER, 0);
  }
  uart.out(FCR, 7);
  for (const register of [LSR, RX, IIR, MSR]) uart.in(register);
  uart.out(LCR, 3);
  uart.out(MCR, 0x0b); // DTR, RTS and OUT2 are on before the receiver is emptied once more
  for (const register of [LSR, RX, IIR, MSR]) uart.in(register);
  assert.equal(uart.console.available(), 6);
  uart.out(IER, 5);
  uart.out(FCR, 0); // the FIFO was on until now: what came into it is gone, and comes again
  uart.out(FCR, 0x81);
  uart.clock.advance(10e6);
  let got = "";
  while (uart.in(LSR) & 1) {
    got += String.fromCharCode(uart.in(RX));
    uart.clock.advance(2e6);
  }
  assert.equal(got, "uname\n");
});

test("a guest that lowers RTS gets no input until it raises it again", () => {
  const uart = setUp();
  uart.out(IER, 1);
  uart.out(MCR, 3);
  uart.out(MCR, 1);
  uart.console.feed(bytes("x"));
  assert.equal(uart.in(LSR) & 1, 0);
  uart.out(MCR, 3);
  assert.deepEqual([uart.in(LSR) & 1, uart.in(RX)], [1, 0x78]);
});

test("a guest that polls gets input without any interrupt", () => {
  const uart = setUp();
  uart.console.feed(bytes("hi"));
  let got = "";
  for (let turn = 0; turn < 10 && got.length < 2; turn++) {
    if (uart.in(LSR) & 1) got += String.fromCharCode(uart.in(RX));
    uart.clock.advance(2e6);
  }
  assert.equal(got, "hi");
});

test("a guest that sends between its polls gets input too", () => {
  const uart = setUp();
  uart.console.feed(bytes("hi"));
  let got = "";
  for (let turn = 0; turn < 20 && got.length < 2; turn++) {
    for (let count = 0; count < 5; count++) if (uart.in(LSR) & 0x20) uart.out(RX, 0x2e);
    if (uart.in(LSR) & 1) got += String.fromCharCode(uart.in(RX));
    uart.clock.advance(2e6);
  }
  assert.equal(got, "hi");
});

test("an overrun is reported and cleared by reading LSR", () => {
  const uart = setUp();
  uart.out(MCR, 0x10);
  uart.out(IER, 4);
  uart.out(RX, 1);
  uart.out(RX, 2);
  assert.equal(uart.in(IIR), 6);
  assert.equal(uart.in(LSR), 0x63);
  assert.equal(uart.in(LSR), 0x61);
  assert.equal(uart.in(IIR), 1);
  assert.equal(uart.in(RX), 1);
});

test("changes of the modem inputs are told once", () => {
  const uart = setUp();
  uart.out(IER, 8);
  assert.equal(uart.in(MSR), 0xb0, "the terminal is switched on");
  uart.out(MCR, 0x10); // in the loop all inputs fall
  assert.equal(uart.in(IIR), 0);
  assert.equal(uart.in(MSR), 0x0b);
  assert.equal(uart.in(MSR), 0);
  assert.equal(uart.in(IIR), 1);
});

test("scratch and divisor are kept", () => {
  const uart = setUp();
  uart.out(SCR, 0x5a);
  uart.out(LCR, 0x83);
  uart.out(0, 0x34);
  uart.out(1, 0x12);
  assert.deepEqual([uart.in(SCR), uart.in(0), uart.in(1), uart.in(LCR)], [0x5a, 0x34, 0x12, 0x83]);
});
