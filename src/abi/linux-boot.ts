// The Linux/x86 boot protocol (kernel documentation: The Linux/x86 Boot Protocol; Zero Page).

/** Offsets in the first sectors of a bzImage, and at the same place in the zero page. */
export const SETUP = {
  setupSects: 0x1f1, bootFlag: 0x1fe, jump: 0x200, magic: 0x202, version: 0x206, typeOfLoader: 0x210, loadflags: 0x211,
  ramdiskImage: 0x218, ramdiskSize: 0x21c, cmdLinePtr: 0x228, initrdAddrMax: 0x22c,
  xloadflags: 0x236, cmdlineSize: 0x238, payloadOffset: 0x248, payloadLength: 0x24c, prefAddress: 0x258, initSize: 0x260, end: 0x290,
} as const;
export const SETUP_MAGIC = 0x5372_6448; // "HdrS"
export const BOOT_FLAG = 0xaa55;
export const LOADED_HIGH = 1, CAN_USE_HEAP = 0x80, XLF_KERNEL_64 = 1;
/** type_of_loader of a loader without a number of its own. */
export const LOADER_UNDEFINED = 0xff;

/** Offsets of what only the zero page has. */
export const ZERO_PAGE = { acpiRsdp: 0x070, e820Entries: 0x1e8, e820Table: 0x2d0, e820Max: 128 } as const;
export const E820_TYPE = { usable: 1, reserved: 2, acpi: 3 } as const;

/** Offset of the 64-bit entry from the start of the protected-mode code. */
export const ENTRY_64 = 0x200;
