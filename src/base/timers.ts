// Guest time, and what is to happen at a later moment of it. Nothing here reads a wall clock: whoever runs the guest hands in a source of
// nanoseconds, asks `next()` how long it may sleep, and calls `fire()` when that moment has come.

/** Rings once, at the first `fire()` at or after its deadline. */
export interface Alarm {
  /** @param deadlineNs moment in guest time, possibly past already; 0 switches the alarm off */
  set(deadlineNs: number): void;
}

/** What a device needs of time. */
export interface Clock {
  /** Nanoseconds since power-on; never goes backwards. */
  nowNs(): number;
  nowMs(): number;
  alarm(ring: () => void): Alarm;
}

/** A clock together with the means to drive its alarms. */
export interface Timers extends Clock {
  /** Deadline of the soonest alarm, undefined when none is set. */
  next(): number | undefined;
  /** Rings every alarm that is due, the earliest first and each at most once, so that one which sets itself to the past cannot hang us.
   * @returns how many rang */
  fire(): number;
}

interface Entry { deadlineNs: number; ring: () => void }

/** @param sooner told when an alarm is set to ring before all others */
export function createTimers(source: { nowNs(): number }, sooner: (deadlineNs: number) => void = () => {}): Timers {
  const entries: Entry[] = [];
  let soonest = Infinity;
  const isSet = (entry: Entry) => entry.deadlineNs !== 0;
  const findSoonest = () => {
    soonest = Infinity;
    for (const entry of entries) if (isSet(entry) && entry.deadlineNs < soonest) soonest = entry.deadlineNs;
  };
  const nowNs = () => source.nowNs();
  const alarm = (ring: () => void): Alarm => {
    const entry: Entry = { deadlineNs: 0, ring };
    entries.push(entry);
    const set = (deadlineNs: number) => {
      const before = entry.deadlineNs;
      entry.deadlineNs = deadlineNs;
      if (isSet(entry) && deadlineNs <= soonest) {
        if (deadlineNs < soonest) sooner(deadlineNs);
        soonest = deadlineNs;
      } else if (before === soonest) findSoonest();
    };
    return { set };
  };
  const fire = () => {
    const now = nowNs();
    if (soonest > now) return 0;
    const due = entries.filter((entry) => isSet(entry) && entry.deadlineNs <= now).sort((a, b) => a.deadlineNs - b.deadlineNs);
    let rung = 0;
    for (const entry of due) {
      if (!isSet(entry) || entry.deadlineNs > now) continue; // one that rang before it has moved it
      entry.deadlineNs = 0;
      entry.ring();
      rung++;
    }
    findSoonest();
    return rung;
  };
  return { nowNs, nowMs: () => nowNs() / 1e6, alarm, next: () => (soonest === Infinity ? undefined : soonest), fire };
}
