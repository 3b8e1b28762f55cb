// RFLAGS as data.

import { instruction, type Instruction } from "../instruction.ts";

const CF = 1n, DF = 0x400n;
/** SF ZF AF PF CF */
const LOW = 0xd5n;

const clc = instruction("clc", "SDM 2A, CLC", ["F8"], (e) => e.setFlagBits(e.int(0), CF));
const stc = instruction("stc", "SDM 2B, STC", ["F9"], (e) => e.setFlagBits(e.int(CF), CF));
const cmc = instruction("cmc", "SDM 2A, CMC", ["F5"], (e) => e.setFlag("cf", e.isZero(e.flag("cf"))));
const cld = instruction("cld", "SDM 2A, CLD", ["FC"], (e) => e.setFlagBits(e.int(0), DF));
const std = instruction("std", "SDM 2B, STD", ["FD"], (e) => e.setFlagBits(e.int(DF), DF));

const lahf = instruction("lahf", "SDM 2A, LAHF", ["9F"], (e) => e.setHighByte(0, e.and(e.flags(), e.int(0xff))));
const sahf = instruction("sahf", "SDM 2B, SAHF", ["9E"], (e) => e.setFlagBits(e.highByte(0), LOW));

/** RF and VM are pushed as zero. */
const pushf = instruction("pushf", "SDM 2B, PUSHF/PUSHFD/PUSHFQ", ["9C  ; d64"],
  (e, { width }) => e.push(width, e.zeroExtend(width, e.and(e.flags(), e.int(0xfc_ffff)))));

/** Which bits may change depends on CPL and IOPL; some of them change what comes next. */
const popf = instruction("popf", "SDM 2B, POPF/POPFD/POPFQ", ["9D  ; d64"], (e, { width }) => {
  const value = e.pop(width);
  e.when(e.call("popFlags", value, e.int(width), e.nextRip()), () => e.leave());
});

export const FLAG: readonly Instruction[] = [clc, stc, cmc, cld, std, lahf, sahf, pushf, popf];
