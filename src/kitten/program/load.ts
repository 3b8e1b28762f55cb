// From an executable file to an address space that is ready to run: segments, interpreter, vDSO, stack with arguments and auxiliary vector.

import { PF_R, PF_W, PF_X } from "../../abi/elf.ts";
import { AUX } from "../../abi/linux/auxv.ts";
import { ERRNO } from "../../abi/linux/errno.ts";
import { PROT } from "../../abi/linux/memory.ts";
import type { OpenFile } from "../file/inode.ts";
import { findHole, insert, isFree, isStatic, pageDown, pageUp, populate, TOUCH, type Aspace, type PageSource, type Vma } from "../memory/aspace.ts";
import { LARGE_BYTES } from "../memory/page-tables.ts";
import { FRAME } from "../memory/pmem.ts";
import { copyOut } from "../memory/user.ts";
import { headersAddress, parseElf, type Elf } from "./elf.ts";

/** Where position-independent programs lie, as on Linux without randomization. */
/** Bytes that arguments and environment may have together. */
const MOST_ARGUMENTS = 2 * 2 ** 20;
const STACK_AT_ONCE = 128 * 1024;

export interface Image { entry: number; stack: number }
export interface LoadSetup {
  aspace: Aspace;
  file: OpenFile;
  source(file: OpenFile): PageSource;
  /** Opens the interpreter that a program names. */
  open(path: string): OpenFile | number;
  argv: readonly string[];
  environment: readonly string[];
  /** What AT_EXECFN says. */
  name: string;
  uid: number;
  gid: number;
  stackBytes: number;
  random: Uint8Array;
  /** Address of the vDSO, 0 for none. */
  vdso: number;
}

const readFile = (file: OpenFile) => (offset: number, bytes: number): Uint8Array => {
  const out = new Uint8Array(bytes);
  let done = 0;
  while (done < bytes) {
    const count = file.read(out.subarray(done), offset + done);
    if (count <= 0) break;
    done += count;
  }
  return out.subarray(0, done);
};

/** @returns -ENOEXEC, -ENOMEM, ...: the address space is then to be thrown away */
export function loadProgram(setup: LoadSetup): Image | number {
  const { aspace, file } = setup, read = readFile(file), elf = parseElf(read);
  if (typeof elf === "number") return elf;
  const base = elf.relocatable ? aspace.programBase : 0;
  let done = mapSegments(aspace, elf, base, setup.source(file), file.path);
  if (done < 0) return done;
  aspace.heapStart = aspace.heapEnd = base + elf.end;
  let entry = base + elf.entry, interpreterBase = 0;
  if (elf.interpreter) {
    const path = new TextDecoder().decode(read(elf.interpreter.offset, elf.interpreter.bytes)).replace(/\0.*$/s, "");
    const interpreter = setup.open(path);
    if (typeof interpreter === "number") return interpreter;
    const other = parseElf(readFile(interpreter));
    if (typeof other === "number") {
      interpreter.close?.();
      return -ERRNO.ELIBBAD;
    }
    if (other.relocatable) interpreterBase = findHole(aspace, other.end - other.start + LARGE_BYTES) - other.start;
    done = mapSegments(aspace, other, interpreterBase, setup.source(interpreter), interpreter.path);
    if (--interpreter.users === 0) interpreter.close?.();
    if (done < 0) return done;
    entry = interpreterBase + other.entry;
  }
  const stackVma: Vma = {
    start: aspace.stackTop - pageUp(setup.stackBytes), end: aspace.stackTop, prot: PROT.read | PROT.write | (elf.executableStack ? PROT.exec : 0), shared: false, lazy: true, offset: 0, name: "[stack]",
  };
  if (!isFree(aspace, stackVma.start, stackVma.end)) return -ERRNO.ENOMEM;
  insert(aspace, stackVma);
  if (populate(aspace, stackVma, aspace.stackTop - STACK_AT_ONCE) !== TOUCH.done) return -ERRNO.ENOMEM;
  const stack = buildStack(setup, elf, base, interpreterBase);
  return stack < 0 ? stack : { entry, stack };
}

function mapSegments(aspace: Aspace, { segments }: Elf, base: number, source: PageSource, name: string): number {
  for (const { offset, address, fileBytes, memoryBytes, rights } of segments) {
    const start = pageDown(base + address), fileEnd = base + address + fileBytes, end = pageUp(base + address + memoryBytes);
    const prot = (rights & PF_R ? PROT.read : 0) | (rights & PF_W ? PROT.write : 0) | (rights & PF_X ? PROT.exec : 0);
    if (!isFree(aspace, start, end)) return -ERRNO.EINVAL;
    const filePages = fileBytes > 0 ? pageUp(fileEnd) : start;
    const parts: Vma[] = [];
    if (filePages > start) parts.push({ start, end: filePages, prot, shared: false, lazy: false, source, offset: pageDown(offset), name });
    if (end > filePages) parts.push({ start: filePages, end, prot, shared: false, lazy: false, offset: 0, name: "" });
    for (const vma of parts) {
      insert(aspace, vma);
      const touched = isStatic(vma) ? populate(aspace, vma) : TOUCH.done;
      if (touched !== TOUCH.done) return touched === TOUCH.bus ? -ERRNO.ENOEXEC : -ERRNO.ENOMEM;
    }
    // the rest of the last page is zeros, behind the end of the segment too: ld.so counts on it
    if (memoryBytes > fileBytes && prot & PROT.write && filePages > fileEnd && !copyOut(aspace, fileEnd, new Uint8Array(filePages - fileEnd))) return -ERRNO.ENOMEM;
  }
  return 0;
}

/** Strings at the top, below them vectors (System V ABI, AMD64 supplement: Process Initialization). @returns the stack pointer */
function buildStack({ aspace, argv, environment, name, uid, gid, random, vdso }: LoadSetup, elf: Elf, base: number, interpreterBase: number): number {
  const encode = (text: string) => new TextEncoder().encode(`${text}\0`);
  const strings = [...argv, ...environment, name, "x86_64"].map(encode), total = strings.reduce((sum, each) => sum + each.length, 0);
  if (total > MOST_ARGUMENTS) return -ERRNO.E2BIG;
  const area = new Uint8Array(total);
  const stringsAt = aspace.stackTop - 8 - total, addresses: number[] = [];
  let at = 0;
  for (const bytes of strings) {
    addresses.push(stringsAt + at);
    area.set(bytes, at);
    at += bytes.length;
  }
  const randomAt = Math.floor((stringsAt - 16) / 16) * 16;
  const [execfn, platform] = addresses.slice(-2);
  const auxiliary: [number, number][] = [
    ...(vdso ? [[AUX.sysinfoEhdr, vdso] as [number, number]] : []),
    [AUX.hwcap, 0x0783_fbff], [AUX.pagesz, FRAME], [AUX.clktck, 100], [AUX.phdr, base + headersAddress(elf)], [AUX.phent, elf.headers.bytes], [AUX.phnum, elf.headers.count],
    [AUX.base, interpreterBase], [AUX.flags, 0], [AUX.entry, base + elf.entry], [AUX.uid, uid], [AUX.euid, uid], [AUX.gid, gid], [AUX.egid, gid], [AUX.secure, 0], [AUX.random, randomAt],
    [AUX.hwcap2, 2], [AUX.execfn, execfn], [AUX.platform, platform], [AUX.minsigstksz, 2048], [AUX.null, 0],
  ];
  const words = [argv.length, ...addresses.slice(0, argv.length), 0, ...addresses.slice(argv.length, argv.length + environment.length), 0, ...auxiliary.flat()];
  const stack = Math.floor((randomAt - 8 * words.length) / 16) * 16;
  const vector = new BigUint64Array(words.map((word) => BigInt(word)));
  const written = copyOut(aspace, stringsAt, area) && copyOut(aspace, randomAt, random.subarray(0, 16)) && copyOut(aspace, stack, new Uint8Array(vector.buffer));
  return written ? stack : -ERRNO.E2BIG;
}
