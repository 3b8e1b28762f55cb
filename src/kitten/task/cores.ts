// How the threads of a Kitten's cores meet (docs/adr/0015-kitten-cores.md). Each core is in one state, a word of shared memory, and from it follows who may touch its registers:
// - offline: its thread has not begun
// - free: nothing to do, and nothing worth keeping in its registers; whoever turns this into `taken` may bring a task
// - idle: nothing to do, but it has the registers of a task that waits; only the control thread may turn this into `taken`
// - taken: the control thread, or a core that hands its task over, is at it
// - runs: its own thread executes a task
// - asks: its thread has left the program and waits: the control thread shall look at the exit
// - ends: its thread shall return
// All tasks are the control thread's, but one thing cores do by themselves: to hand the task which they execute to a core that is free (migrate.ts). While the control thread
// works it holds `lock`, which keeps them from that; afterwards `moves` tells it whether to look who is where.

const WORDS = 32;
const STATE = 0, ASLEEP = 1, REASON = 2, TASK = 3, QUEUED = 4, FLUSH = 5, FLUSHED = 6, RECALL = 7, MOVING = 8, AFFINITY = 9, ANSWERS = 10, ADDRESS = 11, PINNED = 12;
/** Words that all share, behind those of the cores. */
const ASKED = 0, LOCK = 1, MOVES = 2, CONTROL_ASLEEP = 3, TABLE = 4, SHARED_WORDS = 32;

export const CORE = { offline: 0, free: 1, idle: 2, taken: 3, runs: 4, asks: 5, ends: 6 } as const;
export type CoreState = (typeof CORE)[keyof typeof CORE];

export const coreWordsBytes = (count: number) => (count * WORDS + SHARED_WORDS) * 4;

export interface Cores {
  readonly count: number;
  /** More cores than the host has: who waits lets others run. */
  readonly crowded: boolean;
  state(core: number): CoreState;
  setState(core: number, state: CoreState): void;
  /** @returns whether it was in the state `from` */
  turn(core: number, from: CoreState, to: CoreState): boolean;
  /** Sets the state and wakes its thread. */
  wake(core: number, state: CoreState): void;
  /** Tells where the region table is, once; waits for that. */
  open(table: number): void;
  table(): number;
  /** Addresses of a core's state and table of answers; the core tells the control thread that it is there. */
  come(core: number, address: number, answers: number): void;
  address(core: number): number;
  answers(core: number): number;
  /** Id of the task that it executes, 0 for none. */
  task(core: number): number;
  setTask(core: number, tid: number): void;
  /** Tasks in its queue. */
  queued(core: number): number;
  setQueued(core: number, count: number): void;
  /** Cores that its task may be on, where it came by itself; 0: the control thread knows. */
  affinity(core: number): number;
  setAffinity(core: number, mask: number): void;
  // -- the control thread
  /** The task must not change cores by itself. */
  setPinned(core: number, pinned: boolean): void;
  /** Takes the lock and waits until no core is handing over. */
  lock(): void;
  unlock(): void;
  /** Counts hand-overs. */
  moves(): number;
  /** Bit n: core n has asked since the last call. */
  takeAsked(): number;
  asked(): boolean;
  /** Code of the exit which the core asks about. */
  reason(core: number): number;
  setReason(core: number, reason: number): void;
  /** The core shall look at its words, if it runs. */
  nudge(core: number): void;
  /** The core shall leave its program and ask. */
  recall(core: number): void;
  /** The same, and waits until it has. */
  halt(core: number): void;
  forgetRecall(core: number): void;
  /** Makes a core forget translations: at once where it runs. Returns when it has, or will have before it executes anything. */
  flush(core: number): void;
  /** While it sleeps others wake it. */
  setControlAsleep(asleep: boolean): void;
  // -- a core's thread
  /** Waits while there is nothing to do. @returns runs or ends */
  await(core: number, spins: number): number;
  ask(core: number, reason: number): void;
  recalled(core: number): boolean;
  /** Does what `flush` asks for. */
  flushWanted(core: number, flush: () => void): void;
  /** Begins to hand over. @returns false: the control thread works, or wants the task */
  beginMove(core: number): boolean;
  endMove(core: number, moved: boolean): void;
  /** Lets the thread sleep for so long, unless its state is another one by then. */
  pause(core: number, milliseconds: number): void;
}

/** What a thread does between two looks at a word: a chain of divisions leaves a core's other thread, which may be the one that is waited for, nearly all of it. */
export function relax(): number {
  for (let step = 0; step < 4; step++) chain = 1 / (1 + chain);
  return chain;
}
let chain = 1;

/** @param buffer of coreWordsBytes, shared by all threads of the Kitten
 * @param kick makes the core whose state is at this address leave run()
 * @param wakeControl wakes the control thread */
export function openCores(buffer: SharedArrayBuffer, count: number, kick: (address: number) => void, wakeControl: () => void, crowded: boolean): Cores {
  const words = new Int32Array(buffer), shared = count * WORDS;
  const load = (at: number) => Atomics.load(words, at), store = (at: number, value: number) => { Atomics.store(words, at, value); };
  const at = (core: number, word: number) => core * WORDS + word;
  const tellControl = () => {
    if (load(at(0, STATE)) === CORE.runs) kick(load(at(0, ADDRESS)));
    else if (load(shared + CONTROL_ASLEEP) !== 0) wakeControl();
  };
  const wake = (core: number, state: CoreState) => {
    store(at(core, STATE), state);
    if (core === 0) {
      if (load(shared + CONTROL_ASLEEP) !== 0) wakeControl();
    } else if (load(at(core, ASLEEP)) !== 0) Atomics.notify(words, at(core, STATE));
  };
  const post = (core: number) => {
    Atomics.or(words, shared + ASKED, 1 << core);
    tellControl();
  };
  const nudge = (core: number) => { if (load(at(core, STATE)) === CORE.runs) kick(words[at(core, ADDRESS)] >>> 0); };
  const recall = (core: number) => {
    store(at(core, RECALL), 1);
    nudge(core);
  };
  /** Until a core's thread has done what it was kicked for. */
  const whileRunning = (core: number, wanted: () => boolean) => {
    for (let spins = 0; load(at(core, STATE)) === CORE.runs && wanted(); spins++) if (crowded || spins > 2000) Atomics.wait(words, at(core, STATE), CORE.runs, 0.05);
  };
  return {
    count, crowded, wake,
    state: (core) => load(at(core, STATE)) as CoreState, setState: (core, state) => store(at(core, STATE), state),
    turn: (core, from, to) => Atomics.compareExchange(words, at(core, STATE), from, to) === from,
    open: (table) => {
      store(shared + TABLE, table);
      Atomics.notify(words, shared + TABLE);
    },
    table: () => {
      Atomics.wait(words, shared + TABLE, 0);
      return load(shared + TABLE);
    },
    come: (core, address, answers) => {
      words[at(core, ADDRESS)] = address;
      words[at(core, ANSWERS)] = answers;
      if (core === 0) return;
      store(at(core, STATE), CORE.free);
      post(core);
    },
    address: (core) => words[at(core, ADDRESS)] >>> 0, answers: (core) => words[at(core, ANSWERS)] >>> 0,
    task: (core) => words[at(core, TASK)], setTask: (core, tid) => { words[at(core, TASK)] = tid; },
    queued: (core) => load(at(core, QUEUED)), setQueued: (core, length) => store(at(core, QUEUED), length),
    affinity: (core) => words[at(core, AFFINITY)], setAffinity: (core, mask) => { words[at(core, AFFINITY)] = mask; },
    lock: () => {
      store(shared + LOCK, 1);
      for (let core = 0; core < count; core++) while (load(at(core, MOVING)) !== 0);
    },
    unlock: () => store(shared + LOCK, 0),
    moves: () => load(shared + MOVES),
    takeAsked: () => load(shared + ASKED) === 0 ? 0 : Atomics.exchange(words, shared + ASKED, 0), asked: () => load(shared + ASKED) !== 0,
    reason: (core) => words[at(core, REASON)], setReason: (core, reason) => { words[at(core, REASON)] = reason; },
    recall, nudge, setPinned: (core, pinned) => { words[at(core, PINNED)] = pinned ? 1 : 0; },
    halt: (core) => {
      recall(core);
      whileRunning(core, () => true);
    },
    forgetRecall: (core) => store(at(core, RECALL), 0),
    flush: (core) => {
      const wanted = Atomics.add(words, at(core, FLUSH), 1) + 1;
      if (core === 0 || load(at(core, STATE)) !== CORE.runs) return;
      kick(words[at(core, ADDRESS)] >>> 0);
      whileRunning(core, () => load(at(core, FLUSHED)) !== wanted);
    },
    setControlAsleep: (asleep) => store(shared + CONTROL_ASLEEP, asleep ? 1 : 0),
    await: (core, spins) => {
      const mine = at(core, STATE);
      for (let left = crowded ? 0 : spins; left > 0; left--) {
        const state = load(mine);
        relax();
        if (state === CORE.runs || state === CORE.ends) return state;
      }
      store(at(core, ASLEEP), 1);
      for (;;) {
        const state = load(mine);
        if (state === CORE.runs || state === CORE.ends) {
          store(at(core, ASLEEP), 0);
          return state;
        }
        Atomics.wait(words, mine, state);
      }
    },
    ask: (core, reason) => {
      words[at(core, REASON)] = reason;
      store(at(core, STATE), CORE.asks);
      post(core);
    },
    recalled: (core) => load(at(core, RECALL)) !== 0,
    flushWanted: (core, flush) => {
      const wanted = load(at(core, FLUSH));
      if (wanted === words[at(core, FLUSHED)]) return;
      flush();
      store(at(core, FLUSHED), wanted);
    },
    beginMove: (core) => {
      store(at(core, MOVING), 1);
      if (load(shared + LOCK) === 0 && load(at(core, RECALL)) === 0 && words[at(core, PINNED)] === 0) return true;
      store(at(core, MOVING), 0);
      return false;
    },
    endMove: (core, moved) => {
      if (moved) Atomics.add(words, shared + MOVES, 1);
      store(at(core, MOVING), 0);
    },
    pause: (core, milliseconds) => { Atomics.wait(words, at(core, STATE), CORE.runs, milliseconds); },
  };
}
