// Guest time on the host's clock, less the time during which it stood still.

import type { GuestClock } from "../hal/vcpu.ts";

/** In Node.js the global is a getter, which guests would pay for with every RDTSC. */
const { performance } = globalThis;

export interface HostedClock extends GuestClock {
  /** While frozen, guest time does not go on. */
  freeze(frozen: boolean): void;
  /** How long it has stood still, in milliseconds. */
  frozenMs(): number;
}

export function createGuestClock(): HostedClock {
  let startedMs = performance.now(), heldMs = 0, frozenAtMs: number | undefined;
  return {
    nowNs: () => ((frozenAtMs ?? performance.now()) - startedMs) * 1e6,
    freeze: (frozen) => {
      if (frozen) frozenAtMs ??= performance.now();
      else if (frozenAtMs !== undefined) {
        const gone = performance.now() - frozenAtMs;
        startedMs += gone;
        heldMs += gone;
        frozenAtMs = undefined;
      }
    },
    frozenMs: () => heldMs + (frozenAtMs === undefined ? 0 : performance.now() - frozenAtMs),
  };
}

/** What threads share of one clock: whole nanoseconds of the host's monotonic clock at power-on, and for how many nanoseconds it has stood still since. */
export interface ClockWords { originNs: bigint; frozenNs: SharedArrayBuffer }

export const clockWords = (): ClockWords => ({ originNs: process.hrtime.bigint(), frozenNs: new SharedArrayBuffer(8) });

/** Real time that is the same on every thread: what `performance.now` counts from differs between them. */
export function sharedClock({ originNs, frozenNs }: ClockWords): HostedClock {
  const frozen = new Float64Array(frozenNs); // changes only while all threads stand still
  let frozenAt: bigint | undefined;
  return {
    nowNs: () => Number((frozenAt ?? process.hrtime.bigint()) - originNs) - frozen[0],
    freeze: (on) => {
      if (on) frozenAt ??= process.hrtime.bigint();
      else if (frozenAt !== undefined) {
        frozen[0] += Number(process.hrtime.bigint() - frozenAt);
        frozenAt = undefined;
      }
    },
    frozenMs: () => frozen[0] / 1e6,
  };
}
