// What random registers and memory would seldom hit: counts, pointers, return addresses, selectors, divisors that do not overflow.

import type { Form } from "../../isa/forms.ts";
import { CODE, codeBase, dataBase, initialSelectors, USER_CODE32, USER_CODE64, USER_DATA, type Mode } from "./case.ts";
import { integer64, type Random } from "../random.ts";

/** A case in the making. */
export interface Draft {
  form: Form;
  mode: Mode;
  random: Random;
  gpr: BigUint64Array;
  bytes: Uint8Array;
  window: number;
  size: number;
  rip: number;
  /** registers whose value must stay */
  pinned: Set<number>;
  /** numbers in ModRM.reg and in ModRM.rm or the opcode */
  modrmReg: number;
  modrmRm: number;
  ripTarget?: bigint;
}

export interface Special {
  /** before the address is chosen */
  registers?(draft: Draft): void;
  /** contents of the memory operand, at an offset in the window */
  memory?(draft: Draft, at: number): void;
  /** after the address is chosen: registers that may spoil it */
  finish?(draft: Draft): void;
  immediate?(draft: Draft, second: boolean): bigint | undefined;
  /** the address size counts without a memory operand */
  addressSize?: boolean;
}

const RAX = 0, RCX = 1, RDX = 2, RBX = 3, RSP = 4, RBP = 5, RSI = 6, RDI = 7;
const SELECTORS = [0, 1, 2, 3, USER_DATA, USER_DATA, USER_DATA, USER_DATA, USER_DATA, USER_DATA & ~3, USER_CODE32, USER_CODE64, 0x10, 0x18, 0x50, 0x7f8, 0x2c, 0x07, 0x0f, 0x17, 0x1f, 0x27];

const pin = (draft: Draft, register: number, value: bigint) => {
  draft.gpr[register] = draft.mode === "long" ? BigInt.asUintN(64, value) : BigInt.asUintN(32, value);
  draft.pinned.add(register);
};
const setLow = (draft: Draft, register: number, width: number, value: bigint) => {
  const old = draft.gpr[register]!;
  pin(draft, register, (old >> BigInt(width) << BigInt(width)) | BigInt.asUintN(width, value));
};
const poke = (draft: Draft, at: number, value: bigint, bytes: number) => {
  for (let index = 0; index < bytes; index++) if (at + index >= 0 && at + index < draft.size) draft.bytes[at + index] = Number((value >> BigInt(8 * index)) & 0xffn);
};
/** An offset in DS, ES and SS that is in the window. */
const inWindow = (draft: Draft, margin = 32) => BigInt(draft.window - dataBase(draft.mode) + margin + draft.random.below(draft.size - 2 * margin));
/** An address in the code pages, away from the instruction. */
const landing = ({ random, mode }: Draft): bigint => random.chance(88) ? BigInt(CODE - codeBase(mode) + 0x100 + random.below(0x500))
  : mode === "long" ? random.pick([0x3000_0000n, 0x8000_0000_0000n, 0xffff_7000_0000_0000n, 0x7fff_0000_0000n]) : 0x3000_0000n;
const stackOffset = (draft: Draft) => Number(draft.mode === "sixteen" ? draft.gpr[RSP]! & 0xffffn : draft.gpr[RSP]!) + dataBase(draft.mode) - draft.window;
const widthBytes = (draft: Draft) => draft.form.width / 8;
const codeSelector = ({ random, mode }: Draft) => BigInt(random.chance(80) ? initialSelectors(mode)[1]!
  // a far call from 16-bit into 64-bit code: by which stack it pushes depends on the processor
  : random.pick([0, 3, 0x10, 0x2b, 0x18, ...(mode === "sixteen" ? [0x0f, 0x17] : [0x33, 0x30]), 0x23, 0x50]));

const shiftCount: Special = {
  registers: (draft) => { if (draft.form.operands.some((one) => one.from === "fixed" && one.kind === "reg")) setLow(draft, RCX, 8, BigInt(draft.random.below(draft.random.chance(80) ? 70 : 256))); },
  immediate: ({ random }) => BigInt(random.below(random.chance(80) ? 70 : 256)),
};
const divide: Special = {
  registers: (draft) => {
    const { random, form } = draft, signed = form.mnemonic === "idiv";
    if (random.chance(25)) return;
    const low = signed ? BigInt.asIntN(form.width, integer64(random)) : BigInt.asUintN(form.width, integer64(random));
    const high = signed ? (low < 0n ? -1n : 0n) : random.chance(50) ? 0n : BigInt(random.below(100));
    if (form.width === 8) return setLow(draft, RAX, 16, ((high & 0xffn) << 8n) | (low & 0xffn));
    setLow(draft, RAX, form.width, low);
    setLow(draft, RDX, form.width, high);
  },
  finish: (draft) => {
    // a divisor in a register: seldom zero
    const { random, gpr, modrmRm, form } = draft;
    if (form.mod === "reg" && !draft.pinned.has(modrmRm) && random.chance(80)) gpr[modrmRm] = draft.mode === "long" ? integer64(random) | 1n : (integer64(random) | 1n) & 0xffff_ffffn;
  },
};
const bitTest: Special = {
  registers: (draft) => { if (draft.form.modrm === "reg" && draft.random.chance(85)) pin(draft, draft.modrmReg, BigInt(draft.random.below(1200) - 600)); },
};
const strings: Special = {
  addressSize: true,
  registers: (draft) => {
    const { random } = draft;
    pin(draft, RSI, random.chance(92) ? inWindow(draft) : BigInt(draft.window - dataBase(draft.mode) + draft.size - random.below(12)));
    pin(draft, RDI, random.chance(92) ? inWindow(draft) : BigInt(draft.window - dataBase(draft.mode) + draft.size - random.below(12)));
    pin(draft, RCX, BigInt(random.chance(90) ? random.below(24) : random.below(4000)));
    // equal strings now and then
    if (random.chance(50)) draft.bytes.fill(random.pick([0, 1, 0xff]), 0, random.below(draft.size));
    if (random.chance(50)) draft.gpr[RAX] = BigInt.asUintN(draft.mode === "long" ? 64 : 32, random.pick([0n, 0x101010101010101n, -1n]));
  },
};
const counted: Special = { addressSize: true, registers: (draft) => { if (draft.random.chance(60)) pin(draft, RCX, draft.random.pick([0n, 1n, 2n, 0x1_0000_0000n, 0x1_0000_0001n, 0xffff_ffffn])); } };
const transfer: Special = {
  // whether the target or the stack is looked at first is not the same in all processors
  registers: (draft) => pin(draft, RSP, inWindow(draft)),
  finish: (draft) => { if (draft.form.mod === "reg" && draft.modrmRm !== RSP) draft.gpr[draft.modrmRm] = landing(draft); },
  memory: (draft, at) => {
    poke(draft, at, landing(draft), widthBytes(draft));
    poke(draft, at + widthBytes(draft), codeSelector(draft), 2); // far pointers
  },
  immediate: (draft, second) => second ? codeSelector(draft) : landing(draft),
};
const nearReturn: Special = {
  registers: (draft) => poke(draft, stackOffset(draft), landing(draft), widthBytes(draft)),
  immediate: ({ random }) => random.chance(80) ? BigInt(random.below(64)) : undefined,
};
const farReturn: Special = {
  registers: (draft) => {
    pin(draft, RSP, inWindow(draft, 112)); // some processors read the outer stack before they look at the selector
    const bytes = widthBytes(draft), at = stackOffset(draft);
    poke(draft, at, landing(draft), bytes);
    poke(draft, at + bytes, codeSelector(draft), bytes);
    poke(draft, at + 2 * bytes, (draft.random.u64() & 0x250cd5n) | 0x202n, bytes); // of IRET: RFLAGS without TF, VM
    poke(draft, at + 3 * bytes, inWindow(draft), bytes);
    poke(draft, at + 4 * bytes, BigInt(draft.random.chance(90) ? USER_DATA : 0), bytes);
  },
  immediate: ({ random }) => BigInt(random.below(64)),
};
const selector: Special = {
  finish: (draft) => { if (draft.form.mod === "reg") draft.gpr[draft.modrmRm] = BigInt(draft.random.pick(SELECTORS)); },
  memory: (draft, at) => poke(draft, at, BigInt(draft.random.pick(SELECTORS)), 2),
};
const popSelector: Special = { registers: (draft) => {
  // only the forms that pop into a segment register
  if (draft.form.operands[0]?.kind === "sreg") poke(draft, stackOffset(draft), BigInt(draft.random.pick(SELECTORS)), widthBytes(draft));
} };
const farPointer: Special = { memory: (draft, at) => poke(draft, at + widthBytes(draft), BigInt(draft.random.pick(SELECTORS)), 2) };
const compareExchange: Special = {
  memory: (draft, at) => {
    const { form, gpr, random } = draft;
    if (random.chance(50)) return;
    if (form.mnemonic === "cmpxchg8b") { poke(draft, at, gpr[RAX]!, 4); poke(draft, at + 4, gpr[RDX]!, 4); }
    else if (form.mnemonic === "cmpxchg16b") { poke(draft, at, gpr[RAX]!, 8); poke(draft, at + 8, gpr[RDX]!, 8); }
    else poke(draft, at, gpr[RAX]!, widthBytes(draft));
  },
  registers: (draft) => { for (const register of [RAX, RDX]) draft.pinned.add(register); },
  finish: (draft) => { if (draft.form.mod === "reg" && draft.random.chance(50)) draft.gpr[RAX] = draft.gpr[draft.modrmRm]!; },
};
const bound: Special = { memory: (draft, at) => {
  const bytes = widthBytes(draft), value = draft.gpr[draft.modrmReg]!, below = BigInt(draft.random.below(4) - 1);
  poke(draft, at, value - below, bytes);
  poke(draft, at + bytes, value + BigInt(draft.random.below(4) - 1), bytes);
} };
const saved: Special = { memory: (draft, at) => {
  const place = at + (draft.form.mnemonic === "ldmxcsr" ? 0 : 24);
  // MXCSR without reserved bits; never with bit 17 alone, which is reserved for us and Intel but not for AMD
  if (draft.random.chance(85)) poke(draft, place, BigInt(draft.random.u32() & 0xffff), 4);
  else poke(draft, place + 2, BigInt(draft.random.u32() & 0xfffd), 2);
} };
const frame: Special = {
  registers: (draft) => { if (draft.random.chance(90)) pin(draft, RBP, inWindow(draft, 64) & ~7n); },
  immediate: ({ random }, second) => BigInt(second ? random.below(random.chance(70) ? 4 : 40) : random.below(48)),
};

const SPECIALS: readonly (readonly [RegExp, Special])[] = [
  [/^(rol|ror|rcl|rcr|shl|sal|shr|sar|shld|shrd)$/, shiftCount],
  [/^(div|idiv)$/, divide],
  [/^bt[src]?$/, bitTest],
  [/^(movs|cmps|stos|lods|scas|ins|outs)[bwdq]$/, strings],
  [/^(loop(n?e)?|jr?e?cxz)$/, counted],
  [/^(call|jmp)$/, transfer],
  [/^ret$/, nearReturn],
  [/^(retf|lret|ret_?far|iret[dq]?)$/, farReturn],
  [/^mov$/, { finish: (draft) => { if (draft.form.operands[0]?.kind === "sreg") selector.finish!(draft); }, memory: (draft, at) => { if (draft.form.operands[0]?.kind === "sreg") selector.memory!(draft, at); } }],
  [/^(lar|lsl|verr|verw|arpl|lldt|ltr)$/, selector],
  [/^pop$/, popSelector],
  [/^l[defgs]s$/, farPointer],
  [/^cmpxchg/, compareExchange],
  [/^bound$/, bound],
  [/^(ldmxcsr|fxrstor|fxrstor64)$/, saved],
  [/^(enter|leave)$/, frame],
  [/^xlat/, { registers: (draft) => { pin(draft, RBX, inWindow(draft) - 128n); pin(draft, RAX, draft.gpr[RAX]!); } }],
  [/^maskmov/, { registers: (draft) => pin(draft, RDI, inWindow(draft)) }],
  [/^pcmpestr/, { registers: (draft) => { for (const register of [RAX, RDX]) if (draft.random.chance(80)) pin(draft, register, BigInt(draft.random.below(40) - 20)); } }],
  // AMD's processors have loaded some registers when POPA faults
  [/^popa/, { registers: (draft) => { draft.gpr[RSP] = inWindow(draft); } }],
  [/^aa[md]$/, { immediate: ({ random }) => random.chance(50) ? 10n : undefined }],
];

const cache = new Map<Form, Special | undefined>();
export function specialOf(form: Form): Special | undefined {
  if (!cache.has(form)) cache.set(form, SPECIALS.find(([pattern, special]) => pattern.test(form.mnemonic)
    && !(special === strings && form.attributes.has("sse")))?.[1]); // MOVSD and CMPSD are two instructions each
  return cache.get(form);
}
