// ELF as loaders need it (System V ABI, chapters 4 and 5; ELF-64 Object File Format).

export const ELF_MAGIC = 0x464c_457f; // "\x7fELF", little-endian
export const ELF_CLASS = { 32: 1, 64: 2 } as const;
export const EM_386 = 3, EM_X86_64 = 62;
export const PT_LOAD = 1, PT_NOTE = 4;
/** Note of a kernel that can be started in 32-bit protected mode: owner and type (Xen, public/elfnote.h: XEN_ELFNOTE_PHYS32_ENTRY). */
export const PVH_NOTE = { owner: "Xen", type: 18 } as const;
/** Of programs: kinds of files, segments and their rights. */
export const ET_EXEC = 2, ET_DYN = 3, PT_DYNAMIC = 2, PT_INTERP = 3, PT_PHDR = 6, PT_TLS = 7, PT_GNU_STACK = 0x6474_e551;
export const PF_X = 1, PF_W = 2, PF_R = 4;
