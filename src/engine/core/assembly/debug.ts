// Debug registers (SDM 3B, Debug, Branch Profile, TSC). Breakpoints on instructions and data are found in slow paths: the page of an
// enabled breakpoint is kept out of the TLB.
/** Whether a page holds an enabled data breakpoint. */
export function watching(page: u64): bool { return false; }
/** Notes data breakpoints that an access meets; #DB follows the instruction. */
export function watchAccess(linear: u64, bytes: u32, write: bool): void {}
