// Memory accesses whose size is an argument, and address masks.
import { load16, load32, load64, load8, store16, store32, store64, store8 } from "./memory";

/** All ones in so many bits, 16 to 64. */
// @ts-ignore: decorator
@inline export function maskOf(width: u32): u64 {
  return ~(<u64>0) >> (64 - width);
}

export function loadSized(linear: u64, bytes: u32): u64 {
  return bytes == 1 ? load8(linear) : bytes == 2 ? load16(linear) : bytes == 4 ? load32(linear) : load64(linear);
}
export function storeSized(linear: u64, bytes: u32, value: u64): void {
  if (bytes == 1) store8(linear, value);
  else if (bytes == 2) store16(linear, value);
  else if (bytes == 4) store32(linear, value);
  else store64(linear, value);
}
