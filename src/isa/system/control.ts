// Control and debug registers, descriptor tables, TLB and caches.

import { instruction, type Instruction } from "../instruction.ts";
import { resume } from "./resume.ts";

const movFromControl = instruction("mov", "SDM 2B, MOV—Move to/from Control Registers", [
  "0F 20 /r  rm32  CR  ; no64 cpl0",
  "0F 20 /r  rm64  CR  ; only64 cpl0",
], (e, { dst, src }) => e.store(dst.width === 64 ? 64 : 32, dst, e.call("readControl", e.registerNumber(src))));
const movToControl = instruction("mov", "SDM 2B, MOV—Move to/from Control Registers", [
  "0F 22 /r  CR  rm32  ; no64 cpl0",
  "0F 22 /r  CR  rm64  ; only64 cpl0",
], (e, { dst, src }) => {
  e.call("writeControl", e.registerNumber(dst), e.load(src.width === 64 ? 64 : 32, src));
  resume(e);
});

const movFromDebug = instruction("mov", "SDM 2B, MOV—Move to/from Debug Registers", [
  "0F 21 /r  rm32  DR  ; no64 cpl0",
  "0F 21 /r  rm64  DR  ; only64 cpl0",
], (e, { dst, src }) => e.store(dst.width === 64 ? 64 : 32, dst, e.call("readDebug", e.registerNumber(src))));
const movToDebug = instruction("mov", "SDM 2B, MOV—Move to/from Debug Registers", [
  "0F 23 /r  DR  rm32  ; no64 cpl0",
  "0F 23 /r  DR  rm64  ; only64 cpl0",
], (e, { dst, src }) => {
  e.call("writeDebug", e.registerNumber(dst), e.load(src.width === 64 ? 64 : 32, src));
  resume(e);
});

const smsw = instruction("smsw", "SDM 2B, SMSW", ["0F 01 /4  r*/m16"], (e, { width, dst }) => {
  e.call("checkUserMode");
  const cr0 = e.call("readControl", e.int(0));
  if (dst.kind === "mem") e.store(16, dst, e.zeroExtend(16, cr0));
  else e.store(width, dst, e.zeroExtend(width, cr0));
});
const lmsw = instruction("lmsw", "SDM 2A, LMSW", ["0F 01 /6  r*/m16  ; cpl0"], (e, { dst }) => {
  e.call("loadStatusWord", e.load(16, dst));
  resume(e);
});
const clts = instruction("clts", "SDM 2A, CLTS", ["0F 06  ; cpl0"], (e) => {
  e.call("clearTaskSwitched");
  resume(e);
});

const GDT = 0, IDT = 1;
const loadTable = (mnemonic: string, digit: number, table: number) => instruction(mnemonic, "SDM 2A, LGDT/LIDT", [
  `0F 01 /${digit}  m  ; * cpl0`,
], (e, { width, dst }) => {
  const linear = e.linearAddress(dst, 6, "read");
  e.call("loadTable", linear, e.int(width / 8), e.int(table));
});
const storeTable = (mnemonic: string, digit: number, table: number) => instruction(mnemonic, `SDM 2B, ${mnemonic.toUpperCase()}`, [
  `0F 01 /${digit}  m`,
], (e, { dst }) => {
  e.call("checkUserMode");
  e.call("storeTable", e.linearAddress(dst, 6, "write"), e.int(table));
});

const invlpg = instruction("invlpg", "SDM 2A, INVLPG", ["0F 01 /7  m  ; cpl0"], (e, { dst }) => {
  e.call("invalidatePage", e.decoded("segment"), e.effectiveAddress(dst));
  resume(e);
});
const invpcid = instruction("invpcid", "SDM 2A, INVPCID", [
  "66 0F 38 82 /r  r32  m128  ; no64 cpl0",
  "66 0F 38 82 /r  r64  m128  ; only64 cpl0",
], (e, { dst, src }) => {
  e.call("invalidateContext", e.load(dst.width === 64 ? 64 : 32, dst), e.linearAddress(src, 16, "read"));
  resume(e);
});
/** Caches are always coherent with memory. */
const caches = [["invd", "08", "SDM 2A, INVD"], ["wbinvd", "09", "SDM 2D, WBINVD"]].map(([mnemonic, opcode, source]) =>
  instruction(mnemonic, source, [`0F ${opcode}  ; cpl0`], () => {}));

export const CONTROL: readonly Instruction[] = [
  movFromControl, movToControl, movFromDebug, movToDebug, smsw, lmsw, clts, loadTable("lgdt", 2, GDT), loadTable("lidt", 3, IDT), storeTable("sgdt", 0, GDT),
  storeTable("sidt", 1, IDT), invlpg, invpcid, ...caches,
];
