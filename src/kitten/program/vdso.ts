// The vDSO (vdso(7)): an ELF image of one page in every address space, by which programs read the clock without a system call.

import { EM_X86_64, ET_DYN, PF_R, PF_X, PT_DYNAMIC, PT_LOAD } from "../../abi/elf.ts";
import { PROT } from "../../abi/linux/memory.ts";
import type { Kitten } from "../kitten.ts";
import { findHole, insert, populate, TOUCH, type Aspace, type PageSource } from "../memory/aspace.ts";
import { FRAME } from "../memory/pmem.ts";
import { VDSO_CODE } from "./vdso-code.ts";

const HEADER_BYTES = 64, PROGRAM_HEADER_BYTES = 56, SYMBOL_BYTES = 24, DYNAMIC_BYTES = 16;
const DT = { null: 0, hash: 4, strtab: 5, symtab: 6, strsz: 10, syment: 11, soname: 14 } as const;
const FUNCTION = 0x12; // STB_GLOBAL, STT_FUNC
const TEXT_SECTION = 1;

interface Code { bytes: Uint8Array; symbols: { name: string; at: number }[]; epochAt: number }
function readCode(): Code {
  const bytes: number[] = [], symbols: Code["symbols"] = [];
  for (const line of VDSO_CODE.trim().split("\n")) {
    const label = /^(\w+):$/.exec(line);
    if (label) symbols.push({ name: label[1], at: bytes.length });
    else for (const [byte] of line.trim().split(" ")[0].matchAll(/../g)) bytes.push(Number.parseInt(byte, 16));
  }
  return { bytes: Uint8Array.from(bytes), symbols: symbols.filter(({ name }) => name !== "epoch"), epochAt: symbols.find(({ name }) => name === "epoch")!.at };
}

/** @param epochNs nanoseconds from 1970 to the TSC's 0 */
export function vdsoImage(epochNs: bigint): Uint8Array {
  const { bytes: code, symbols, epochAt } = readCode();
  const names = ["", "linux-vdso.so.1", ...symbols.map(({ name }) => name)], offsets: number[] = [];
  let strings = "";
  for (const name of names) {
    offsets.push(strings.length);
    strings += `${name}\0`;
  }
  const dynamicAt = HEADER_BYTES + 2 * PROGRAM_HEADER_BYTES, symbolsAt = dynamicAt + 7 * DYNAMIC_BYTES, count = symbols.length + 1, hashAt = symbolsAt + count * SYMBOL_BYTES;
  const stringsAt = hashAt + 4 * (3 + count), codeAt = Math.ceil((stringsAt + strings.length) / 64) * 64;
  const out = new Uint8Array(FRAME), view = new DataView(out.buffer), u64 = (at: number, value: number | bigint) => view.setBigUint64(at, BigInt(value), true);
  const words = (at: number, values: readonly number[]) => values.forEach((value, index) => view.setUint32(at + 4 * index, value, true));
  out.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  [ET_DYN, EM_X86_64].forEach((value, index) => view.setUint16(16 + 2 * index, value, true));
  view.setUint32(20, 1, true);
  u64(32, HEADER_BYTES);
  [HEADER_BYTES, PROGRAM_HEADER_BYTES, 2].forEach((value, index) => view.setUint16(52 + 2 * index, value, true));
  const header = (index: number, kind: number, rights: number, at: number, bytes: number) => {
    const place = HEADER_BYTES + index * PROGRAM_HEADER_BYTES;
    words(place, [kind, rights]);
    [at, at, at, bytes, bytes, 8].forEach((value, field) => u64(place + 8 + 8 * field, value));
  };
  header(0, PT_LOAD, PF_R | PF_X, 0, codeAt + code.length);
  header(1, PT_DYNAMIC, PF_R, dynamicAt, symbolsAt - dynamicAt);
  [[DT.hash, hashAt], [DT.strtab, stringsAt], [DT.symtab, symbolsAt], [DT.strsz, strings.length], [DT.syment, SYMBOL_BYTES], [DT.soname, offsets[1]], [DT.null, 0]].forEach(([tag, value], index) => {
    u64(dynamicAt + index * DYNAMIC_BYTES, tag);
    u64(dynamicAt + index * DYNAMIC_BYTES + 8, value);
  });
  symbols.forEach(({ at }, index) => {
    const place = symbolsAt + (index + 1) * SYMBOL_BYTES;
    view.setUint32(place, offsets[index + 2], true);
    out[place + 4] = FUNCTION;
    view.setUint16(place + 6, TEXT_SECTION, true);
    u64(place + 8, codeAt + at);
    u64(place + 16, (symbols[index + 1]?.at ?? epochAt) - at);
  });
  // one bucket: a chain of all symbols
  words(hashAt, [1, count, 1, ...Array.from({ length: count }, (_, index) => index === 0 || index === count - 1 ? 0 : index + 1)]);
  out.set(new TextEncoder().encode(strings), stringsAt);
  out.set(code, codeAt);
  u64(codeAt + epochAt, epochNs);
  return out;
}

const sources = new WeakMap<Kitten, PageSource>();
/** The image's frame, the same for all. */
function sourceOf(k: Kitten): PageSource | undefined {
  const known = sources.get(k);
  if (known) return known;
  const gpa = k.pmem.allocate(1, "kernel");
  if (gpa < 0) return undefined;
  k.pmem.bytes(gpa, FRAME).set(vdsoImage(BigInt(Math.floor(k.startEpochMs)) * 1_000_000n));
  const source: PageSource = { name: "[vdso]", size: () => FRAME, page: () => gpa, share: () => {}, writable: () => false, unmapped: () => {}, hold: () => {}, drop: () => {} };
  sources.set(k, source);
  return source;
}

/** Maps the vDSO. @returns its address, or 0 */
export function mapVdso(k: Kitten, aspace: Aspace): number {
  const source = sourceOf(k), start = findHole(aspace, FRAME);
  if (!source || start < 0) return 0;
  const vma = { start, end: start + FRAME, prot: PROT.read | PROT.exec, shared: false, lazy: false, source, offset: 0, name: "[vdso]" };
  insert(aspace, vma);
  return populate(aspace, vma) === TOUCH.done ? start : 0;
}
