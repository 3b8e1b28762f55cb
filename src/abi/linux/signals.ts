// Signals of Linux on x86-64 (signal(7); include/uapi/asm-generic/signal-defs.h, arch/x86/include/uapi/asm/signal.h).

export const SIGNAL_NAMES = ["", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP",
  "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS"] as const;
export const SIG = {
  hup: 1, int: 2, quit: 3, ill: 4, trap: 5, abrt: 6, bus: 7, fpe: 8, kill: 9, usr1: 10, segv: 11, usr2: 12, pipe: 13, alrm: 14, term: 15, stkflt: 16, chld: 17, cont: 18, stop: 19,
  tstp: 20, ttin: 21, ttou: 22, urg: 23, xcpu: 24, xfsz: 25, vtalrm: 26, prof: 27, winch: 28, io: 29, pwr: 30, sys: 31,
} as const;
export const SIGNALS = 64;
/** What happens without a handler. */
export const DEFAULT_ACTION: Record<number, "ignore" | "stop" | "continue" | "core" | "terminate"> = {
  ...Object.fromEntries(Array.from({ length: SIGNALS }, (_, index) => [index + 1, "terminate" as const])),
  [SIG.chld]: "ignore", [SIG.urg]: "ignore", [SIG.winch]: "ignore", [SIG.cont]: "continue", [SIG.stop]: "stop", [SIG.tstp]: "stop", [SIG.ttin]: "stop", [SIG.ttou]: "stop",
  ...Object.fromEntries([SIG.quit, SIG.ill, SIG.trap, SIG.abrt, SIG.bus, SIG.fpe, SIG.segv, SIG.xcpu, SIG.xfsz, SIG.sys].map((signal) => [signal, "core" as const])),
};
export const SIG_DFL = 0, SIG_IGN = 1;
export const SA = { noCldStop: 1, noCldWait: 2, sigInfo: 4, restorer: 0x0400_0000, onStack: 0x0800_0000, restart: 0x1000_0000, noDefer: 0x4000_0000, resetHand: 0x8000_0000 } as const;
export const SS = { onStack: 1, disable: 2, autoDisarm: 0x8000_0000 } as const;
/** si_code values. */
export const SI = {
  user: 0, kernel: 0x80, queue: -1, timer: -2, tkill: -6, mapErr: 1, accErr: 2, intDiv: 1, fltInv: 7, fltDiv: 3, fltOvf: 4, fltUnd: 5, fltRes: 6, illOpn: 2, trapBrkpt: 1, trapTrace: 2, busAdrErr: 2, busAdrAln: 1,
  exited: 1, killed: 2, dumped: 3, stopped: 5, continued: 6,
} as const;
