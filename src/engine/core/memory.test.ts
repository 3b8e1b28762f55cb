// Slow paths and TLB: page crossing, devices, ROM, flush rules, and what a guest can reach by page tables of its own making.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { CONSTANTS as C, OFFSET } from "../../hal/layout.ts";
import { createBareCore, type BareCore } from "./bare.ts";

const module = new WebAssembly.Module(readFileSync(new URL("core.wasm", import.meta.url)));
const P = 1n, W = 2n, U = 4n, D = 64n, G = 256n;
const CR3 = 0x1000, PDPT = 0x2000, PD = 0x3000, PT = 0x4000, RAM = 2 ** 20;

/** Long mode with the first 2 MiB mapped one to one by 4-KiB pages, all dirty; `map` changes one. */
function paged(): BareCore & { map(page: number, entry: bigint): void } {
  const core = createBareCore(module, RAM, []), { state } = core;
  const put = (at: number, value: bigint) => {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, value, true);
    core.memory.write(at, bytes);
  };
  put(CR3, BigInt(PDPT) | P | W | U);
  put(PDPT, BigInt(PD) | P | W | U);
  put(PD, BigInt(PT) | P | W | U);
  for (let i = 0; i < 512; i++) put(PT + i * 8, BigInt(i * 4096) | P | W | D);
  state.write("cr0", 0x8001_0001n);
  state.write("cr3", BigInt(CR3));
  state.write("cr4", 0xa0n);
  state.write("efer", 0xd00n);
  core.exports.sync();
  core.exports.flush();
  return Object.assign(core, { map: (page: number, entry: bigint) => put(PT + page * 8, entry) });
}

/** Which kinds of access hit the TLB inline: as compiled code looks. */
function hits(core: BareCore, linear: bigint, view: number = C.TLB_VIEW_SUPERVISOR): string {
  const index = Number(linear >> 12n & BigInt(C.TLB_ENTRIES - 1));
  const area = Number(core.state.readField("tlbArea")), context = Math.floor((Number(core.state.readField("tlb")) - area) / C.TLB_CONTEXT_BYTES);
  const entry = area + context * C.TLB_CONTEXT_BYTES + (view * C.TLB_ENTRIES + index) * C.TLB_ENTRY_BYTES;
  const page = linear & ~0xfffn;
  return [["r", C.TLB_READ], ["w", C.TLB_WRITE], ["x", C.TLB_EXEC]].filter(([, at]) => core.node.view.getBigUint64(entry + Number(at), true) === page).map(([name]) => name).join("");
}

test("a store that crosses into a page that cannot be written changes no byte of the first", () => {
  const core = paged();
  core.map(0x21, 0x21000n | P);
  for (const [name, bytes] of [["store16", 2], ["store32", 4], ["store64", 8]] as const) {
    core.exports[name](BigInt(0x21000 - bytes + 1), 0x1122_3344_5566_7788n);
    assert.equal(core.takeFault(), 14);
    assert.equal(core.state.readField("faultAddress"), 0x21000n);
    assert.equal(core.state.readField("faultCode"), 3n);
  }
  core.exports.storeVector(0x20ff8n, 0);
  assert.equal(core.takeFault(), 14);
  assert.deepEqual([...core.memory.read(0x20ff0, 32)], Array(32).fill(0));
});

test("accesses that cross pages reach both, wherever these are", () => {
  const core = paged();
  core.map(0x10, 0x50000n | P | W);
  core.map(0x11, 0x30000n | P | W);
  core.exports.store64(0x10ffdn, 0x8877_6655_4433_2211n);
  assert.deepEqual([...core.memory.read(0x50ffd, 3)], [0x11, 0x22, 0x33]);
  assert.deepEqual([...core.memory.read(0x30000, 5)], [0x44, 0x55, 0x66, 0x77, 0x88]);
  assert.equal(core.exports.load64(0x10ffdn), BigInt.asIntN(64, 0x8877_6655_4433_2211n));
  assert.equal(core.exports.load32(0x10ffdn), 0x4433_2211n);
  assert.equal(core.exports.load16(0x10fffn), 0x4433n);
});

test("what is no memory goes to the bus, 4 bytes at a time, low half first", () => {
  const core = paged();
  core.map(0x40, 0xfee0_0000n | P | W);
  core.bus.mmioRead = (gpa, bytes) => { core.log.push(`read ${bytes} ${gpa.toString(16)}`); return gpa & 0xff; };
  assert.equal(core.exports.load64(0x40010n), 0x14_0000_0010n);
  core.exports.store64(0x40020n, 0x1_0000_0002n);
  core.exports.store8(0x40030n, 0xffn);
  core.exports.store16(0x40fffn, 0xabcdn); // its second byte is RAM
  assert.deepEqual(core.log, ["read 4 fee00010", "read 4 fee00014", "write 4 fee00020 2", "write 4 fee00024 1", "write 1 fee00030 ff", "write 1 fee00fff cd"]);
  assert.equal(core.memory.read(0x41000, 1)[0], 0xab);
  assert.equal(hits(core, 0x40000n), "");
});

test("ROM is read, not written", () => {
  const core = createBareCore(module, 0x10000);
  const rom = core.node.allocate(4096, 4096, "ROM");
  core.node.bytes.fill(0x77, rom, rom + 4096);
  core.node.view.setUint32(core.memory.table, 2, true);
  const entry = core.memory.table + C.REGION_FIRST + C.REGION_ENTRY_BYTES;
  core.node.view.setBigUint64(entry, 0xf0000n, true);
  core.node.view.setBigUint64(entry + 8, 4096n, true);
  core.node.view.setUint32(entry + 16, rom, true);
  core.node.view.setUint32(entry + 20, C.REGION_ROM, true);
  assert.equal(core.exports.load32(0xf0000n), 0x7777_7777n);
  core.exports.store32(0xf0000n, 0n);
  core.exports.store32(0xefffen, 0n); // half hole, half ROM
  assert.equal(core.exports.load32(0xf0000n), 0x7777_7777n);
  assert.equal(hits(core, 0xf0000n), "rx");
  assert.equal(core.exports.probeWrite(0xf0000n, 4), 0);
});

test("the TLB gets just the rights of the page, and the write tag with the dirty bit only", () => {
  const core = paged();
  core.map(0x20, 0x20000n | P | W);
  core.exports.load8(0x20000n);
  assert.equal(hits(core, 0x20000n), "rx");
  core.exports.store8(0x20000n, 1n);
  assert.equal(hits(core, 0x20000n), "rwx");
  core.map(0x22, 0x22000n | P | D);
  core.exports.load8(0x22000n);
  assert.equal(hits(core, 0x22000n), "rx");
  core.map(0x23, 0x23000n | P | W | U | D);
  core.exports.load8(0x23000n);
  assert.equal(hits(core, 0x23000n), "rwx");
  assert.equal(hits(core, 0x23000n, C.TLB_VIEW_USER), "");
});

test("flush rules: CR3 keeps global pages, INVLPG drops one page of any size, CR4.PGE drops all", () => {
  const core = paged();
  core.map(0x30, 0x30000n | P | W | G);
  const touch = () => { core.exports.load8(0x30000n); core.exports.load8(0x31000n); };
  touch();
  core.call("writeControl", 3, BigInt(CR3));
  assert.deepEqual([hits(core, 0x30000n) !== "", hits(core, 0x31000n) !== ""], [true, false]);
  touch();
  core.exports.invalidate(0x30123n);
  assert.deepEqual([hits(core, 0x30000n) !== "", hits(core, 0x31000n) !== ""], [false, true]);
  touch();
  core.call("writeControl", 4, 0x20n);
  assert.deepEqual([hits(core, 0x30000n), hits(core, 0x31000n)], ["", ""]);
  // a 2-MiB page is many entries
  core.memory.write(PD, Uint8Array.of(0x83 | Number(D), 0, 0, 0, 0, 0, 0, 0));
  core.exports.flush();
  touch();
  core.exports.invalidate(0x1f0000n);
  assert.deepEqual([hits(core, 0x30000n), hits(core, 0x31000n)], ["", ""]);
});

test("pages that were entered again and again are dropped all the same", () => {
  const core = paged();
  for (let round = 0; round < 20; round++) for (let page = 8n; page < 250n; page++) { core.exports.invalidate(page << 12n); core.exports.load8(page << 12n); }
  core.call("writeControl", 3, BigInt(CR3));
  for (let page = 8n; page < 250n; page++) assert.equal(hits(core, page << 12n), "");
});

test("PCID: a switch without flush shows no entry of the other context", () => {
  const core = paged();
  core.call("writeControl", 4, 0x200a0n);
  assert.equal(core.takeFault(), -1);
  core.exports.load8(0x31000n);
  core.call("writeControl", 3, BigInt.asIntN(64, (1n << 63n) | BigInt(CR3)));
  assert.equal(hits(core, 0x31000n), "rwx"); // the same context, nothing dropped
  core.call("writeControl", 3, BigInt.asIntN(64, (1n << 63n) | BigInt(CR3 | 5)));
  assert.equal(hits(core, 0x31000n), "");
  assert.equal(core.state.read("cr3"), BigInt(CR3 | 5));
});

/** PCIDs, and a page of each kind that every one of them touches. */
function contexts() {
  const core = paged();
  core.map(0x30, 0x30000n | P | W | G);
  core.call("writeControl", 4, 0x200a0n);
  const go = (pcid: number, keep = true) => core.call("writeControl", 3, BigInt.asIntN(64, (keep ? 1n << 63n : 0n) | BigInt(CR3 | pcid)));
  const touch = () => { core.exports.load8(0x30000n); core.exports.load8(0x31000n); };
  const seen = () => `${hits(core, 0x30000n) && "global "}${hits(core, 0x31000n) && "own"}`;
  const invalidate = (type: number, pcid: number, linear: bigint) => {
    core.exports.store64(0x40000n, BigInt(pcid));
    core.exports.store64(0x40008n, linear);
    core.call("invalidateContext", BigInt(type), 0x40000n);
    assert.equal(core.takeFault(), -1);
  };
  return { core, go, touch, seen, invalidate };
}

test("PCID: every context finds its pages again, unless CR3 is loaded without bit 63", () => {
  const { go, touch, seen } = contexts();
  for (const pcid of [1, 2, 3]) { go(pcid); touch(); }
  for (const pcid of [3, 1, 2]) { go(pcid); assert.equal(seen(), "global own"); }
  go(1, false);
  assert.equal(seen(), "global ");
  go(2);
  assert.equal(seen(), "global own");
});

test("PCID: INVPCID and INVLPG reach contexts that are not in use", () => {
  const { core, go, touch, seen, invalidate } = contexts();
  const fillAll = () => { for (const pcid of [1, 2]) { go(pcid); touch(); } };
  const check = (first: string, second: string) => { go(1); assert.equal(seen(), first); go(2); assert.equal(seen(), second); };
  fillAll();
  invalidate(0, 1, 0x31000n);
  go(1);
  assert.equal(seen(), "global ");
  fillAll();
  invalidate(1, 1, 0n);
  check("global ", "global own");
  fillAll();
  invalidate(3, 0, 0n);
  check("global ", "global ");
  fillAll();
  invalidate(2, 0, 0n);
  check("", "");
  fillAll();
  core.exports.invalidate(0x30000n); // global: of all
  go(1);
  assert.equal(seen(), "own");
});

test("PCID: more contexts than there is room for forget the one used longest ago, and stores watch all of them", () => {
  const { core, go, touch, seen } = contexts();
  for (let pcid = 1; pcid <= C.TLB_CONTEXTS + 1; pcid++) { go(pcid); touch(); }
  go(2);
  const before = seen();
  go(1);
  assert.deepEqual([before, seen()], ["global own", "global "]);
  core.exports.watchPage(core.exports.hostAddress(0x31000n));
  for (let pcid = 4; pcid <= C.TLB_CONTEXTS + 1; pcid++) { go(pcid); assert.ok(!hits(core, 0x31000n).includes("w")); }
});

test("SMAP: three views of one page", () => {
  const core = paged();
  core.map(0x32, 0x32000n | P | W | U | D);
  core.call("writeControl", 4, 0x2000a0n);
  core.exports.load8(0x32000n);
  assert.equal(core.takeFault(), 14);
  core.call("accessControl", 1);
  core.exports.load8(0x32000n);
  assert.equal(core.takeFault(), -1);
  assert.equal(hits(core, 0x32000n, C.TLB_VIEW_AC), "rwx");
  core.call("accessControl", 0);
  core.exports.load8(0x32000n);
  assert.equal(core.takeFault(), 14);
});

test("alignment is checked for programs under CR0.AM and EFLAGS.AC, behind page faults", () => {
  const core = paged(), AC = 0x40000n;
  core.map(0x32, 0x32000n | P | W | U | D);
  core.map(0x33, 0x33000n | P | W | U | D);
  core.state.write("cr0", 0x8005_0001n);
  core.state.writeField("cpl", 3n);
  core.exports.writeFlags(AC, AC);
  core.exports.sync();
  core.exports.load32(0x32002n);
  assert.deepEqual([core.takeFault(), core.state.readField("faultCode")], [17, 0n]);
  core.exports.store64(0x32004n, 0n);
  assert.equal(core.takeFault(), 17);
  core.exports.store16(0x33fffn, 0n); // page 0x34 is not the program's
  assert.equal(core.takeFault(), 14);
  core.exports.store64(0x32008n, 5n);
  core.exports.load8(0x32001n);
  assert.notEqual(core.exports.fetch(0x32001n), 0);
  assert.equal(core.takeFault(), -1);
  assert.equal(hits(core, 0x32000n, C.TLB_VIEW_ALIGNED), "x");
  core.exports.writeFlags(0n, AC);
  core.exports.sync();
  core.exports.load32(0x32002n);
  assert.equal(core.takeFault(), -1);
});

test("pages with decoded code have no write tag, and a store there says so", () => {
  const core = paged();
  core.exports.store8(0x33000n, 1n);
  const host = core.memory.host(0x33000, 1);
  core.call("claimCode", host);
  assert.equal(hits(core, 0x33000n), "rx");
  core.exports.store8(0x33000n, 2n);
  assert.equal(hits(core, 0x33000n).includes("w"), core.node.bytes[core.node.codePages + 4 * (host >> 12)] === 0);
  assert.equal(core.memory.read(0x33000, 1)[0], 2);
});

test("non-canonical addresses are #GP in long mode", () => {
  const core = paged();
  for (const linear of [0x8000_0000_0000n, 0xffff_7fff_ffff_ffffn, 1n << 63n]) {
    core.exports.load8(BigInt.asIntN(64, linear));
    assert.equal(core.takeFault(), 13, linear.toString(16));
  }
  core.exports.load64(0x7fff_ffff_fffcn); // its end is not
  assert.notEqual(core.takeFault(), -1);
});

test("an attacker's tables reach nothing outside of the own node", () => {
  const core = paged();
  const ram = core.memory.host(0, 1), before = new Uint8Array(core.node.bytes);
  // frames around RAM, at the host addresses of our own data, and at every power of two
  const targets = [RAM, RAM + 4096, ram, ram + RAM, ram - 4096, core.address & ~4095, core.memory.table, core.node.codePages, ...Array.from({ length: 27 }, (_, i) => 2 ** (13 + i))]
    .filter((gpa) => gpa >= RAM && gpa < 2 ** 40);
  for (const gpa of targets) {
    core.map(0x60, BigInt(gpa - gpa % 4096) | P | W | U | D);
    core.exports.invalidate(0x60000n);
    assert.equal(core.exports.load64(0x60000n), -1n, gpa.toString(16));
    core.exports.store64(0x60008n, 0x4141_4141_4141_4141n);
    core.exports.storeVector(0x60010n, 0);
    assert.equal(core.exports.probeWrite(0x60000n, 8), 0);
    assert.equal(core.exports.fetch(0x60000n), 0);
    assert.equal(core.takeFault(), 6);
    assert.equal(hits(core, 0x60000n), "");
  }
  // page tables outside of RAM, by CR3 and by every level: all ones are a reserved-bit fault, and no A bit is set anywhere
  for (const level of [-1, CR3, PDPT, PD]) for (const gpa of targets) {
    const entry = BigInt(gpa - gpa % 4096) | P | W | U;
    if (level === -1) core.state.write("cr3", entry & ~0xfffn);
    else {
      core.state.write("cr3", BigInt(CR3));
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setBigUint64(0, entry, true);
      core.memory.write(level, bytes);
    }
    core.exports.flush();
    core.exports.store64(0x60000n, 1n);
    assert.equal(core.takeFault(), 14);
    assert.equal(core.state.readField("faultCode"), 11n);
    if (level !== -1) core.memory.write(level, new Uint8Array(new BigUint64Array([BigInt(level + 4096) | P | W | U]).buffer));
  }
  const after = core.node.bytes, own = (at: number) => (at >= ram && at < ram + RAM) || (at >= core.address && at < core.address + OFFSET.tlbArea + 64)
    || (at >= Number(core.state.readField("tlbArea")) && at < Number(core.state.readField("tlbArea")) + C.TLB_AREA_BYTES);
  for (let at = 0x100000; at < after.length; at++) if (after[at] !== before[at] && !own(at)) assert.fail(`byte ${at.toString(16)} of the host has changed`);
});
