// Page walks over random tables, compared with a walk written here as the manual describes it, level by level, without any speed in mind.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { createBareCore, type BareCore } from "./bare.ts";

const module = new WebAssembly.Module(readFileSync(new URL("core.wasm", import.meta.url)));
const RAM = 2 ** 19, TABLES = 40, PAGE = 4096;
const P = 1n, W = 2n, U = 4n, A = 32n, D = 64n, PS = 128n, G = 256n, NX = 1n << 63n;
const PG = 1n << 31n, WP = 1n << 16n, PSE = 16n, PAE = 32n, SMEP = 1n << 20n, SMAP = 1n << 21n, LMA = 1n << 10n, NXE = 1n << 11n, AC = 1n << 18n;
const bits = (from: bigint, to: bigint) => ((1n << (to - from + 1n)) - 1n) << from;

interface Mode { name: string; shifts: bigint[]; entryBytes: number; cr4: bigint; efer: bigint }
const MODES: Mode[] = [
  { name: "long mode", shifts: [39n, 30n, 21n, 12n], entryBytes: 8, cr4: PAE, efer: LMA | 0x100n },
  { name: "PAE", shifts: [30n, 21n, 12n], entryBytes: 8, cr4: PAE, efer: 0n },
  { name: "32-bit paging", shifts: [22n, 12n], entryBytes: 4, cr4: PSE, efer: 0n },
  { name: "32-bit paging without PSE", shifts: [22n, 12n], entryBytes: 4, cr4: 0n, efer: 0n },
];
type Access = "read" | "write" | "fetch";
interface Setting { mode: Mode; cr0: bigint; cr3: bigint; cr4: bigint; efer: bigint; user: boolean; ac: boolean }

let seed = 12345;
const random = (n: number) => { seed = (Math.imul(seed, 1103515245) + 12345) >>> 0; return Math.floor((seed / 2 ** 32) * n); };
const chance = (p: number) => random(1000) < p * 1000;

function reservedBits({ mode, cr4, efer }: Setting, level: number, entry: bigint): bigint {
  const shift = mode.shifts[level], large = (entry & PS) !== 0n;
  if (mode.entryBytes === 4) return level === 0 && large && cr4 & PSE ? bits(21n, 21n) : 0n;
  let reserved = bits(40n, 51n);
  if (mode.name === "PAE") {
    reserved |= bits(52n, 62n);
    if (level === 0) return reserved | NX | bits(1n, 2n) | bits(5n, 8n);
  }
  if (!(efer & NXE)) reserved |= NX;
  if (shift === 39n) reserved |= PS;
  else if (shift === 30n && large) reserved |= bits(13n, 29n);
  else if (shift === 21n && large) reserved |= bits(13n, 20n);
  return reserved;
}

/** @returns the error code of a #PF, or the gpa and the entries that get other bits */
function reference(core: BareCore, set: Setting, linear: bigint, access: Access): { code: number } | { gpa: bigint; marks: [gpa: number, bits: bigint][] } {
  const { mode, cr0, cr4, efer, user } = set;
  const nxOn = (efer & NXE) !== 0n && (cr4 & PAE) !== 0n;
  const code = (access === "write" ? 2 : 0) | (user ? 4 : 0) | (access === "fetch" && (nxOn || cr4 & SMEP) ? 16 : 0);
  let table = set.cr3 & (mode.name === "PAE" ? ~31n & 0xffff_ffffn : ~0xfffn), rights = W | U, nx = false;
  const used: [number, bigint][] = [];
  for (let level = 0; level < mode.shifts.length; level++) {
    const shift = mode.shifts[level], last = level === mode.shifts.length - 1, pointer = mode.name === "PAE" && level === 0;
    const index = (linear >> shift) & (pointer ? 3n : mode.entryBytes === 8 ? 511n : 1023n);
    const at = Number(table + index * BigInt(mode.entryBytes));
    const view = new DataView(core.memory.read(at, mode.entryBytes).buffer);
    const entry = mode.entryBytes === 8 ? view.getBigUint64(0, true) : BigInt(view.getUint32(0, true));
    if (!(entry & P)) return { code };
    if (entry & reservedBits(set, level, entry)) return { code: code | 9 };
    if (!pointer) {
      rights &= entry;
      nx ||= (entry & NX) !== 0n;
      used.push([at, A]);
    }
    const large = !last && !pointer && (entry & PS) !== 0n && (mode.entryBytes === 8 || (cr4 & PSE) !== 0n);
    if (!last && !large) {
      table = entry & bits(12n, 39n);
      continue;
    }
    const userPage = (rights & U) !== 0n, writable = (rights & W) !== 0n;
    const allowed = user
      ? userPage && (access !== "write" || writable) && !(access === "fetch" && nx)
      : (access !== "write" || writable || !(cr0 & WP)) && !(access === "fetch" && nx) && !(userPage && access === "fetch" && cr4 & SMEP)
        && !(userPage && access !== "fetch" && cr4 & SMAP && !set.ac);
    if (!allowed) return { code: code | 1 };
    if (access === "write") used[used.length - 1][1] |= D;
    const offset = linear & ((1n << shift) - 1n);
    const base = mode.entryBytes === 4 && large ? (entry & bits(22n, 31n)) | (((entry >> 13n) & 0xffn) << 32n) : entry & bits(shift, 39n);
    return { gpa: base | offset, marks: used };
  }
  throw new Error("unreachable");
}

function fillTables(core: BareCore, mode: Mode): void {
  for (let table = 0; table < TABLES; table++) for (let index = 0; index < PAGE / mode.entryBytes; index++) {
    let entry = 0n;
    for (const [bit, p] of [[P, 0.93], [W, 0.8], [U, 0.7], [A, 0.3], [D, 0.3], [PS, 0.15], [G, 0.2]] as const) if (chance(p)) entry |= bit;
    // some entries lead to tables, some to other pages, some outside of RAM
    const frame = chance(0.85) ? random(TABLES) : chance(0.8) ? random(RAM / PAGE) : 0x80000 + random(1000);
    entry |= BigInt(frame) << 12n;
    if (entry & PS && chance(0.9)) entry &= ~(mode.entryBytes === 4 ? bits(21n, 21n) : chance(0.5) ? bits(13n, 20n) : bits(13n, 29n));
    if (mode.entryBytes === 8) {
      if (chance(0.15)) entry |= NX;
      if (chance(0.02)) entry |= 1n << BigInt(40 + random(23));
      if (mode.name === "PAE" && table === 0) entry &= ~(bits(5n, 8n) | bits(1n, 2n) | NX);
    }
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, entry, true);
    core.memory.write(table * PAGE + index * mode.entryBytes, bytes.subarray(0, mode.entryBytes));
  }
}

for (const mode of MODES) test(`walks like the manual in ${mode.name}`, () => {
  const core = createBareCore(module, RAM), { state } = core;
  const outcomes: Record<string, number> = {};
  for (let round = 0; round < 4; round++) {
    core.memory.write(TABLES * PAGE, Uint8Array.from({ length: RAM - TABLES * PAGE }, () => random(256)));
    fillTables(core, mode);
    for (let i = 0; i < 1500; i++) {
      const pick = (value: bigint) => chance(0.5) ? value : 0n;
      const set: Setting = {
        mode, cr0: PG | 1n | pick(WP), cr3: BigInt(random(TABLES) * PAGE), cr4: mode.cr4 | pick(SMEP) | pick(SMAP), efer: mode.efer | pick(NXE), user: chance(0.5), ac: chance(0.5),
      };
      if (mode.name === "PAE") set.cr3 = BigInt(random(128) * 32);
      state.write("cr0", set.cr0); state.write("cr3", set.cr3); state.write("cr4", set.cr4); state.write("efer", set.efer);
      state.writeField("cpl", set.user ? 3n : 0n);
      state.write("rflags", set.ac ? AC | 2n : 2n);
      let linear = BigInt(random(2 ** 30)) << 18n | BigInt(random(2 ** 18));
      linear = mode.entryBytes === 4 || mode.name === "PAE" ? BigInt.asUintN(32, linear) : BigInt.asUintN(64, BigInt.asIntN(48, linear));
      const access = (["read", "write", "fetch"] as const)[random(3)];
      core.exports.sync();
      core.exports.flush();
      const expected = reference(core, set, linear, access);
      const before = new Uint8Array(core.memory.read(0, RAM));
      core.log.length = 0;
      const value = access === "read" ? core.exports.load8(linear) : access === "write" ? core.exports.store8(linear, 0x5an) : core.exports.fetch(linear);
      const what = `${mode.name} ${access} ${linear.toString(16)} cr3 ${set.cr3.toString(16)} cr4 ${set.cr4.toString(16)} user ${set.user} ac ${set.ac}`;
      const vector = core.takeFault(), after = core.memory.read(0, RAM);
      if ("code" in expected) {
        assert.equal(vector, 14, what);
        assert.equal(Number(state.readField("faultCode")), expected.code, what);
        assert.equal(state.readField("faultAddress"), linear, what);
      } else {
        const inRam = expected.gpa < RAM, gpa = Number(expected.gpa);
        assert.equal(vector, access === "fetch" && !inRam ? 6 : -1, what);
        for (const [at, mark] of expected.marks) if (at < RAM) before[at] |= Number(mark);
        if (access === "write" && inRam) before[gpa] = 0x5a;
        if (access === "read") assert.equal(value, inRam ? BigInt(after[gpa]) : 0xffn, what);
        if (access === "fetch" && inRam) assert.equal(Number(value) >>> 0, core.memory.host(gpa, 1), what);
        assert.deepEqual(core.log, inRam || access === "fetch" ? [] : [access === "read" ? `read 1 ${gpa.toString(16)}` : `write 1 ${gpa.toString(16)} 5a`], what);
      }
      assert.equal(Buffer.compare(before, after), 0, `${what}: memory`);
      const outcome = "code" in expected ? `#PF ${expected.code}` : expected.gpa < RAM ? "RAM" : "outside";
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    }
  }
  assert.ok(outcomes["RAM"] > 200 && outcomes["outside"] > 5, JSON.stringify(outcomes));
  for (const code of mode.entryBytes === 8 ? [0, 1, 2, 3, 4, 5, 6, 7, 9, 13, 16, 17, 20, 21] : [0, 1, 2, 3, 4, 5, 6, 7]) assert.ok(outcomes[`#PF ${code}`] > 0, `no #PF ${code} in ${JSON.stringify(outcomes)}`);
});
