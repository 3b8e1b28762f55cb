// futex(2) (include/uapi/linux/futex.h).

export const FUTEX = {
  wait: 0, wake: 1, fd: 2, requeue: 3, cmpRequeue: 4, wakeOp: 5, lockPi: 6, unlockPi: 7, trylockPi: 8, waitBitset: 9, wakeBitset: 10, waitRequeuePi: 11, cmpRequeuePi: 12, lockPi2: 13,
  command: 0x7f, private: 128, clockRealtime: 256,
} as const;
export const FUTEX_WAITERS = 0x8000_0000, FUTEX_OWNER_DIED = 0x4000_0000, FUTEX_TID_MASK = 0x3fff_ffff;
export const FUTEX_BITSET_ANY = 0xffff_ffff;
