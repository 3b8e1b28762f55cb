// A task changes its core by itself: sched_setaffinity with a set of cores that does not have its own, one of them free. Its registers go from vCPU to vCPU, and no other thread is
// asked. Everything else is left to the control thread: this answers "no", and nothing has happened.

import { NR } from "../../abi/linux/system-calls.ts";
import { CONSTANTS as C, OFFSET } from "../../hal/layout.ts";
import type { NodeMemory, VnodeMemory } from "../../hal/memory.ts";
import { findEntry, ENTRY, frameOf, LARGE_BYTES, USER_END } from "../memory/page-tables.ts";
import { FRAME } from "../memory/pmem.ts";
import { CORE, type Cores } from "./cores.ts";
import { moveRegisters } from "./registers.ts";

/** System calls whose answers are the task's, not the core's. */
export const OWN_ANSWERS = [NR.getpid, NR.gettid, NR.getppid, NR.getuid, NR.geteuid, NR.getgid, NR.getegid] as const;
/** Words from RAX on. */
const RAX = 0, RDX = 4, RSI = 12, RDI = 14;

/** @returns for a core: does what the system call asks for that its task makes, if it is that and can be done here. True: the task is gone, and the core free. */
export function createMover(node: NodeMemory, memory: VnodeMemory, cores: Cores, index: number): (address: number) => boolean {
  const words = new Uint32Array(node.wasm.buffer), firstWord = memory.regions[0].host / 4, own = 1 << index, entryWords = C.ANSWER_BYTES / 4;
  const read = (root: number, address: number): number | undefined => {
    if (address % 8 !== 0 || !(address < USER_END)) return undefined;
    const entry = findEntry(words, firstWord, root, address), word = entry < 0 ? 0 : words[entry];
    return word & ENTRY.present ? words[firstWord + (frameOf(word) + address % (word & ENTRY.large ? LARGE_BYTES : FRAME)) / 4] : undefined;
  };
  return (address) => {
    const gpr = (address + OFFSET.gpr) / 4;
    if (words[gpr + RAX] !== NR.sched_setaffinity || words[gpr + 1] !== 0 || words[gpr + RSI] < 8) return false;
    const tid = cores.task(index), cr3 = (address + OFFSET.cr3) / 4;
    if (words[gpr + RDI] !== 0 && words[gpr + RDI] !== tid) return false;
    const mask = read(words[cr3], words[gpr + RDX] + words[gpr + RDX + 1] * 2 ** 32);
    if (mask === undefined || mask & own || !cores.beginMove(index)) return false;
    for (let other = 0; other < cores.count; other++) {
      if (!(mask >>> other & 1) || !cores.turn(other, CORE.free, CORE.taken)) continue;
      const to = cores.address(other), from = cores.answers(index) / 4, into = cores.answers(other) / 4;
      words[gpr] = 0;
      moveRegisters(words, address, to);
      words[(to + OFFSET.cr3) / 4] = words[cr3];
      for (const number of OWN_ANSWERS) for (let word = number * entryWords, end = word + entryWords; word < end; word++) words[into + word] = words[from + word];
      cores.setTask(index, 0);
      cores.setTask(other, tid);
      cores.setAffinity(other, mask & (1 << cores.count) - 1);
      cores.setState(index, CORE.free);
      cores.wake(other, CORE.runs);
      cores.endMove(index, true);
      return true;
    }
    cores.endMove(index, false);
    return false;
  };
}
