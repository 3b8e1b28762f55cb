// Decoded code. Stub until the interpreter's cache is here.

/** Drops the decoded code that overlaps [host, host + bytes). */
export function invalidateCode(host: u32, bytes: u32): void {}
