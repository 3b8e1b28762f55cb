// Debuggers that come, go without a word, come again, and are two at once; and what becomes of the guest.

import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import test from "node:test";
import { createPacketReader, packet, type PacketEvent } from "../debug/packet.ts";
import { startNode } from "./node.ts";
import { oneZone } from "../nvl/plan.ts";

const BASE = 0x10000;
/** inc rax; jmp to it: for ever */
const COUNT = [0x48, 0xff, 0xc0, 0xeb, 0xfb];
/** sti; hlt; jmp to it */
const SLEEP = [0xf4, 0xeb, 0xfd];

async function start(code: readonly number[], wait = false) {
  const kernel = path.join(mkdtempSync(path.join(tmpdir(), "nvl-gdb-")), "program.bin"), memoryBytes = 16 << 20;
  writeFileSync(kernel, Uint8Array.from(code));
  let address = "";
  const [node] = await startNode({ nodeName: "test", totalMemoryBytes: memoryBytes, virtualNodes: [{
    name: "guest", zones: oneZone([0], memoryBytes), debug: { gdb: { host: "127.0.0.1", port: 0 }, wait },
    boot: { kernel, initrds: [], commandLine: "", files: {}, flat: { address: BASE, mode: "long" } },
  }] }, "interp", { debugging: (_, at) => { address = at; } });
  while (address === "") await new Promise((resolve) => setTimeout(resolve, 5));
  return { node, port: Number(address.split(":")[1]) };
}

interface Client { socket: Socket; ask(text: string): Promise<string>; next(): Promise<string>; send(bytes: Uint8Array): void; closed: Promise<void> }

function client(port: number): Promise<Client> {
  const socket = connect(port, "127.0.0.1"), read = createPacketReader(), arrived: PacketEvent[] = [];
  let notify = () => {};
  socket.on("data", (bytes) => {
    arrived.push(...read(bytes));
    notify();
  });
  const closed = new Promise<void>((resolve) => { socket.on("close", () => resolve()); });
  socket.on("error", () => {});
  const next = async (): Promise<string> => {
    while (arrived.length === 0) await new Promise<void>((resolve) => { notify = resolve; });
    const event = arrived.shift()!;
    return event.kind === "packet" ? event.text : event.kind;
  };
  const send = (bytes: Uint8Array) => { socket.write(bytes); };
  const ask = (text: string) => {
    send(packet(text));
    return next();
  };
  return new Promise((resolve) => { socket.on("connect", () => resolve({ socket, ask, next, send, closed })); });
}
const RAX = 0, INTERRUPT = Uint8Array.of(3);
const value = (digits: string) => BigInt(`0x${digits.match(/../g)!.reverse().join("")}`);

test("a debugger holds, lets go, interrupts, vanishes, and comes again", async () => {
  const { node, port } = await start(COUNT);
  const first = await client(port);
  assert.match(await first.ask("?"), /^T05thread:1;/);
  const held = value(await first.ask(`p${RAX}`));
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(value(await first.ask(`p${RAX}`)), held, "it stands still");
  first.send(packet("c"));
  await new Promise((resolve) => setTimeout(resolve, 20));
  first.send(INTERRUPT);
  assert.match(await first.next(), /^T02/);
  const later = value(await first.ask(`p${RAX}`));
  assert.ok(later > held, "it ran");
  assert.equal(await first.ask(`Z0,${BASE.toString(16)},1`), "OK");
  first.socket.destroy();
  await first.closed;
  await new Promise((resolve) => setTimeout(resolve, 100)); // the other end must have noticed

  const second = await client(port);
  assert.match(await second.ask("?"), /^T05/);
  assert.ok(value(await second.ask(`p${RAX}`)) >= later);
  const third = await client(port);
  await third.closed; // one at a time
  second.send(packet("c"));
  await new Promise((resolve) => setTimeout(resolve, 20));
  second.send(INTERRUPT);
  assert.match(await second.next(), /^T02/, "the breakpoint went with who set it");
  second.send(packet("k"));
  assert.deepEqual((await node.ended).outcome, { kind: "stopped" });
  await second.closed;
});

test("a guest that waits for a debugger can be stopped, and one that sleeps can be held", async () => {
  const waiting = await start(COUNT, true);
  waiting.node.stop();
  const { outcome, statistics } = await waiting.node.ended;
  assert.deepEqual([outcome.kind, statistics.instructions], ["stopped", 0]);

  const sleeping = await start([0xfb, ...SLEEP]), debug = await client(sleeping.port);
  assert.match(await debug.ask("?"), /^T05/);
  debug.send(packet("c"));
  await new Promise((resolve) => setTimeout(resolve, 100));
  debug.send(INTERRUPT);
  assert.match(await debug.next(), /^T02/);
  debug.send(packet("vCont;s:1")); // there is nothing that would wake it
  await new Promise((resolve) => setTimeout(resolve, 50));
  debug.send(INTERRUPT);
  assert.match(await debug.next(), /^T02/);
  sleeping.node.stop();
  assert.equal((await sleeping.node.ended).outcome.kind, "stopped");
});
