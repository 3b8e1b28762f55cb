// The auxiliary vector (getauxval(3); include/uapi/linux/auxvec.h).

export const AUX = {
  null: 0, phdr: 3, phent: 4, phnum: 5, pagesz: 6, base: 7, flags: 8, entry: 9, uid: 11, euid: 12, gid: 13, egid: 14, platform: 15, hwcap: 16, clktck: 17, secure: 23, random: 25, hwcap2: 26,
  execfn: 31, sysinfoEhdr: 33, minsigstksz: 51,
} as const;
