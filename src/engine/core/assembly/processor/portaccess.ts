// Which ports a program may touch (SDM 1, I/O Privilege Level; I/O Permission Bit Map).
import { At, C } from "../generated/layout";
import { faulted, GP, protectedMode, raise, vcpu } from "../state";
import { attributesOf, baseOf, limitOf } from "../segment/descriptor";
import { systemLoad } from "../memory/memory";

/** Type bit that 32- and 64-bit task state segments have and 16-bit ones lack. */
const WIDE: u32 = 8;
const BITMAP_POINTER: u64 = 102;

/** Whether ports [port, port + bytes) may be accessed; #GP(0) if not. */
export function ioAllowed(port: u32, bytes: u32): u32 {
  const privilege = (load<u32>(vcpu, At.flagRest) >> 12) & 3;
  if (!protectedMode() || load<u32>(vcpu, At.cpl) <= privilege) return 1;
  const limit = limitOf(C.SEG_TR), base = baseOf(C.SEG_TR);
  if ((attributesOf(C.SEG_TR) & WIDE) && limit > <u32>BITMAP_POINTER) {
    const offset = <u32>systemLoad(base + BITMAP_POINTER, 2) + (port >> 3);
    if (faulted()) return 0;
    if (offset + 1 <= limit) { // two bytes are read, always
      const bits = <u32>systemLoad(base + offset, 2) >> (port & 7);
      if (faulted()) return 0;
      if (!(bits & ((1 << bytes) - 1))) return 1;
    }
  }
  raise(GP, 0);
  return 0;
}
