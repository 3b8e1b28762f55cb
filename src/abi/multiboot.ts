// Multiboot 1 (Multiboot Specification version 0.6.96).

export const MULTIBOOT_HEADER_MAGIC = 0x1bad_b002;
/** What EAX holds at entry. */
export const MULTIBOOT_BOOT_MAGIC = 0x2bad_b002;
export const HEADER_SEARCH_BYTES = 8192;
export const HEADER_FLAG = { alignModules: 1, memoryInfo: 2, addresses: 0x1_0000 } as const;
export const INFO_FLAG = { memory: 1, commandLine: 4, modules: 8, memoryMap: 0x40, loaderName: 0x200 } as const;
/** Offsets in the information structure. */
export const INFO = { flags: 0, memLower: 4, memUpper: 8, cmdline: 16, modsCount: 20, modsAddr: 24, mmapLength: 44, mmapAddr: 48, loaderName: 64, bytes: 120 } as const;
