// Moments at which something is to happen, in order.

export interface Deadline { atNs: number; ring(): void }
export interface Deadlines {
  /** @returns the deadline, to be taken back with `cancel` */
  set(atNs: number, ring: () => void): Deadline;
  cancel(deadline: Deadline | undefined): void;
  next(): number | undefined;
  /** Rings what is due, the earliest first; what is set meanwhile waits for the next call. */
  fire(nowNs: number): void;
}

export function createDeadlines(): Deadlines {
  const order: Deadline[] = [];
  return {
    set(atNs, ring) {
      const deadline = { atNs, ring };
      let index = order.length;
      while (index > 0 && order[index - 1].atNs > atNs) index--;
      order.splice(index, 0, deadline);
      return deadline;
    },
    cancel(deadline) {
      const index = deadline ? order.indexOf(deadline) : -1;
      if (index >= 0) order.splice(index, 1);
    },
    next: () => order[0]?.atNs,
    fire(nowNs) {
      let due = 0;
      while (due < order.length && order[due].atNs <= nowNs) due++;
      for (const { ring } of order.splice(0, due)) ring();
    },
  };
}
