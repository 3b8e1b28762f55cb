// Guest time on the host's clock, less the time during which it stood still.

import type { GuestClock } from "../hal/vcpu.ts";

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
