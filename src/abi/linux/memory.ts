// mmap(2) and its kin on x86-64 (include/uapi/asm-generic/mman-common.h, mman.h).

export const PROT = { read: 1, write: 2, exec: 4, growsDown: 0x0100_0000 } as const;
export const MAP = {
  shared: 1, private: 2, sharedValidate: 3, type: 15, fixed: 0x10, anonymous: 0x20, low32: 0x40, growsDown: 0x100, noReserve: 0x4000, populate: 0x8000, stack: 0x20000, fixedNoReplace: 0x100000,
} as const;
export const MREMAP = { mayMove: 1, fixed: 2, dontUnmap: 4 } as const;
export const MADV = { normal: 0, random: 1, sequential: 2, willNeed: 3, dontNeed: 4, free: 8, hugePage: 14, noHugePage: 15, dontDump: 16, doDump: 17, populateRead: 22, populateWrite: 23 } as const;
