// Interrupt flag, HLT, SMAP's AC, FS and GS bases, MONITOR.

import type { Emit } from "../emit.ts";
import { instruction, type Instruction } from "../instruction.ts";
import { resume } from "./resume.ts";

const IF = 0x200n, FS = 4, GS = 5;

const cli = instruction("cli", "SDM 2A, CLI", ["FA"], (e) => {
  e.when(e.cpl(), () => {
    const iopl = e.and(e.shr(64, e.flags(), e.int(12)), e.int(3));
    e.when(e.ltU(iopl, e.cpl()), () => e.raise("#GP", e.int(0)));
  });
  e.setFlagBits(e.int(0), IF);
});
const sti = instruction("sti", "SDM 2B, STI", ["FB"], (e) => {
  e.when(e.call("enableInterrupts", e.nextRip(), e.decoded("last")), () => e.leave());
});
const hlt = instruction("hlt", "SDM 2A, HLT", ["F4  ; cpl0"], (e) => {
  e.call("halt", e.nextRip());
  e.leave();
});

/** #UD, not #GP: instructions that exist at level 0 only. */
function levelZero<V>(e: Emit<V>): void {
  e.when(e.ne(e.cpl(), e.int(0)), () => e.raise("#UD"));
}

const accessControl = (mnemonic: string, modrm: string, on: number) => instruction(mnemonic, `SDM 2A, ${mnemonic.toUpperCase()}`, [
  `NP 0F 01 ${modrm}`,
], (e) => {
  levelZero(e);
  e.call("accessControl", e.int(on));
});

const swapgs = instruction("swapgs", "SDM 2B, SWAPGS", ["0F 01 F8  ; only64 cpl0"], (e) => { e.call("swapGs"); });

const readBase = (mnemonic: string, digit: number, segment: number) => instruction(mnemonic, "SDM 2B, RDFSBASE/RDGSBASE", [
  `F3 0F AE /${digit}  rm32  ; only64`,
  `F3 REX.W 0F AE /${digit}  rm64  ; only64`,
], (e, { dst }) => {
  e.call("checkFsGsBase");
  const width = dst.width === 64 ? 64 : 32;
  e.store(width, dst, e.zeroExtend(width, e.call("readBase", e.int(segment))));
});
const writeBase = (mnemonic: string, digit: number, segment: number) => instruction(mnemonic, "SDM 2D, WRFSBASE/WRGSBASE", [
  `F3 0F AE /${digit}  rm32  ; only64`,
  `F3 REX.W 0F AE /${digit}  rm64  ; only64`,
], (e, { dst }) => {
  e.call("checkFsGsBase");
  e.call("writeBase", e.int(segment), e.load(dst.width === 64 ? 64 : 32, dst));
});

/** MONITOR and MWAIT are not announced by CPUID; whoever uses them all the same is woken at once, as the manual allows. */
const monitor = instruction("monitor", "SDM 2B, MONITOR", ["NP 0F 01 C8"], (e) => {
  levelZero(e);
  const segment = e.decoded("segment");
  e.loadLinear(8, e.linear(segment, e.and(e.reg(64, 0), e.shr(64, e.int(0xffff_ffff_ffff_ffffn), e.sub(64, e.int(64), e.decoded("addressWidth")))), 1, "read"));
  e.when(e.ne(e.reg(32, 1), e.int(0)), () => e.raise("#GP", e.int(0)));
});
const mwait = instruction("mwait", "SDM 2B, MWAIT", ["NP 0F 01 C9"], (e) => {
  levelZero(e);
  e.when(e.ne(e.reg(32, 1), e.int(0)), () => e.raise("#GP", e.int(0)));
  resume(e);
});

export const PRIVILEGE: readonly Instruction[] = [
  cli, sti, hlt, accessControl("clac", "CA", 0), accessControl("stac", "CB", 1), swapgs, readBase("rdfsbase", 0, FS), readBase("rdgsbase", 1, GS),
  writeBase("wrfsbase", 2, FS), writeBase("wrgsbase", 3, GS), monitor, mwait,
];
