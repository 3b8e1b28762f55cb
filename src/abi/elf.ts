// ELF as loaders need it (System V ABI, chapters 4 and 5; ELF-64 Object File Format).

export const ELF_MAGIC = 0x464c_457f; // "\x7fELF", little-endian
export const ELF_CLASS = { 32: 1, 64: 2 } as const;
export const EM_386 = 3, EM_X86_64 = 62;
export const PT_LOAD = 1, PT_NOTE = 4;
/** Note of a kernel that can be started in 32-bit protected mode: owner and type (Xen, public/elfnote.h: XEN_ELFNOTE_PHYS32_ENTRY). */
export const PVH_NOTE = { owner: "Xen", type: 18 } as const;
