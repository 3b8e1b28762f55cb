// How the threads of a virtual node's vCPUs meet (docs/adr/0011-many-vcpus.md). vCPU 0's thread has all devices; each other vCPU has a thread with its own LAPIC, and
// asks for the rest through a few words of shared memory: it writes what it wants, kicks vCPU 0, and spins or sleeps until there is an answer.

import { LAPIC_WORDS, remoteLapic, type Doorbell } from "../device/interrupt/remote.ts";
import type { LapicTarget } from "../device/interrupt/lapic.ts";
import { CONSTANTS as C, OFFSET, type FieldName } from "../hal/layout.ts";

/** Words of one vCPU, behind those of its LAPIC. */
const WAKE = LAPIC_WORDS, COMMAND = WAKE + 1, STATUS = WAKE + 2, STATE = WAKE + 3, REQUEST = WAKE + 4, RESULT = WAKE + 9, DEAD = WAKE + 10;
const WORDS = 64;
/** Words that all share, behind those of the vCPUs: who has asked; address of the region table. */
const ASKED = 0, TABLE = 1, SHARED_WORDS = 16;
const RUN = 0, PAUSE = 1, RESET = 2, STOP = 3;
const RUNNING = 1, STANDING = 0;
/** Looks at an answer before its vCPU goes to sleep over it. */
const SPINS = 3000;

/** What a vCPU asks vCPU 0's thread: numbers with a meaning by `kind`. */
export const ASK = { pioRead: 0, pioWrite: 1, mmioRead: 2, mmioWrite: 3, endOfInterrupt: 4, tripleFault: 5, unsupported: 6 } as const;
export interface Question { kind: number; /** port, address, vector, RIP */ at: number; bytes: number; value: number }

export interface Cores {
  readonly count: number;
  /** More vCPUs than the host has cores: who waits lets others run. */
  readonly crowded: boolean;
  lapicWords(index: number): Int32Array;
  target(index: number, apicId: number): LapicTarget;
  /** Tells all threads where the region table is, once it is written. */
  open(table: number): void;
  /** Waits for that. */
  table(): number;
  // -- vCPU 0's thread
  /** Has anybody asked? */
  asked(): boolean;
  serve(answer: (question: Question, index: number) => number): void;
  /** Makes all other vCPUs stand still outside of run(). */
  pause(serve: () => void): void;
  resume(reset?: "reset"): void;
  stop(): void;
  /** Nothing can make any other vCPU execute an instruction but an interrupt from vCPU 0. */
  areDead(): boolean;
  // -- the thread of vCPU `index`
  ask(index: number, question: Question): number;
  /** Waits while its vCPU shall stand still. @returns false: it shall end */
  goesOn(index: number, reset: () => void): boolean;
  /** A number that changes when somebody wants something of the vCPU. */
  wakeWord(index: number): number;
  sleep(index: number, wakeWord: number, timeoutMs: number): void;
  setDead(index: number, dead: boolean): void;
}

export const coresBytes = (count: number) => (count * WORDS + SHARED_WORDS) * 4;

/** @param buffer of coresBytes, shared by all threads of the virtual node
 * @param memory of the node, as words
 * @param wakeFirst wakes vCPU 0's thread */
export function openCores(buffer: SharedArrayBuffer, count: number, memory: Int32Array, wakeFirst: () => void, crowded: boolean): Cores {
  const words = new Int32Array(buffer), shared = count * WORDS;
  const base = (index: number) => index * WORDS;
  const others = Array.from({ length: count - 1 }, (_, index) => index + 1);
  const load = (at: number) => Atomics.load(words, at);
  const set = (at: number, value: number) => {
    Atomics.store(words, at, value);
    Atomics.notify(words, at);
  };
  /** Where a field of a vCPU's state is, 0 before its thread has made it. */
  const field = (index: number, name: FieldName) => {
    const state = memory[((load(shared + TABLE) + C.REGION_PEERS) >>> 2) + index] >>> 0;
    return state === 0 ? 0 : (state + OFFSET[name]) >>> 2;
  };
  const wake = (index: number) => {
    if (index === 0) return wakeFirst();
    Atomics.add(words, base(index) + WAKE, 1);
    Atomics.notify(words, base(index) + WAKE);
  };
  const doorbell = (index: number): Doorbell => {
    const ring = (bits: number) => {
      const attention = field(index, "attention");
      if (attention !== 0) Atomics.or(memory, attention, bits);
      wake(index);
    };
    return { interrupt: () => ring(C.ATTENTION_INTERRUPT), nmi: () => ring(C.ATTENTION_NMI), kick: () => ring(C.ATTENTION_KICK) };
  };
  const first = doorbell(0);
  const lapicWords = (index: number) => words.subarray(base(index), base(index) + LAPIC_WORDS);

  const ask = (index: number, { kind, at, bytes, value }: Question): number => {
    const mine = base(index), state = mine + STATE, parked = field(index, "parked"), lock = (load(shared + TABLE) + C.REGION_STOP) >>> 2;
    words[mine + REQUEST] = kind;
    words[mine + REQUEST + 1] = at % 2 ** 32 | 0;
    words[mine + REQUEST + 2] = Math.floor(at / 2 ** 32) | 0;
    words[mine + REQUEST + 3] = bytes;
    words[mine + REQUEST + 4] = value | 0;
    Atomics.store(memory, parked, 1); // the answer may need others to stand still
    Atomics.store(words, state, 1);
    Atomics.or(words, shared + ASKED, 1 << index);
    first.kick();
    for (let spins = crowded ? 0 : SPINS; spins > 0 && load(state) !== 0; spins--);
    while (load(state) !== 0 && load(mine + COMMAND) !== STOP) Atomics.wait(words, state, 1, 100);
    Atomics.store(memory, parked, 0);
    while (Atomics.load(memory, lock) !== 0) {
      Atomics.store(memory, parked, 1);
      while (Atomics.load(memory, lock) !== 0);
      Atomics.store(memory, parked, 0);
    }
    return words[mine + RESULT] >>> 0;
  };
  const serve: Cores["serve"] = (answer) => {
    if (load(shared + ASKED) === 0) return;
    let asked = Atomics.exchange(words, shared + ASKED, 0);
    for (; asked !== 0; asked &= asked - 1) {
      const index = 31 - Math.clz32(asked & -asked), mine = base(index), request = mine + REQUEST;
      words[mine + RESULT] = answer({
        kind: words[request], at: (words[request + 1] >>> 0) + (words[request + 2] >>> 0) * 2 ** 32, bytes: words[request + 3], value: words[request + 4] >>> 0,
      }, index) | 0;
      set(mine + STATE, 0);
    }
  };
  const command = (index: number, what: number) => {
    set(base(index) + COMMAND, what);
    doorbell(index).kick();
  };
  return {
    count, crowded, lapicWords, target: (index, apicId) => remoteLapic(lapicWords(index), apicId, doorbell(index)),
    open: (table) => set(shared + TABLE, table),
    table: () => {
      Atomics.wait(words, shared + TABLE, 0);
      return load(shared + TABLE);
    },
    asked: () => load(shared + ASKED) !== 0, serve, ask,
    pause: (serveThem) => {
      for (const index of others) command(index, PAUSE);
      for (const index of others) while (load(base(index) + STATUS) === RUNNING) {
        serveThem();
        Atomics.wait(words, base(index) + STATUS, RUNNING, 0.1);
      }
    },
    resume: (reset) => { for (const index of others) command(index, reset ? RESET : RUN); },
    stop: () => { for (const index of others) command(index, STOP); },
    areDead: () => others.every((index) => load(base(index) + DEAD) === 0 && load(base(index) + 4) === 0),
    goesOn: (index, reset) => {
      const mine = base(index);
      for (;;) {
        Atomics.store(words, mine + STATUS, RUNNING);
        const what = load(mine + COMMAND);
        if (what === RUN) return true;
        if (what === STOP) {
          set(mine + STATUS, STANDING);
          return false;
        }
        if (what === RESET) {
          reset();
          Atomics.compareExchange(words, mine + COMMAND, RESET, RUN);
        } else {
          set(mine + STATUS, STANDING);
          Atomics.wait(words, mine + COMMAND, PAUSE);
        }
      }
    },
    wakeWord: (index) => load(base(index) + WAKE),
    sleep: (index, seen, timeoutMs) => {
      if (timeoutMs > 0 && load(base(index) + COMMAND) === RUN) Atomics.wait(words, base(index) + WAKE, seen, timeoutMs);
    },
    setDead: (index, dead) => {
      const value = dead ? 0 : 1; // a vCPU whose thread has not begun yet is dead
      if (load(base(index) + DEAD) === value) return;
      Atomics.store(words, base(index) + DEAD, value);
      if (dead) wakeFirst();
    },
  };
}
