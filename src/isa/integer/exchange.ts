// Exchanges, most of them atomic when asked.

import { instruction, type Instruction } from "../instruction.ts";

const xchg = instruction("xchg", "SDM 2D, XCHG", [
  "90 +r     r*    *ax",
  "86 /r     r/m8  r8  ; lock locked",
  "87 /r     r/m*  r*  ; lock locked",
], (e, { width, dst, src }) => {
  const b = e.load(width, src);
  if (dst.kind === "mem") return e.store(width, src, e.update(width, dst, () => b));
  const a = e.load(width, dst);
  e.store(width, dst, b);
  e.store(width, src, a);
});

const xadd = instruction("xadd", "SDM 2D, XADD", [
  "0F C0 /r  r/m8  r8  ; lock",
  "0F C1 /r  r/m*  r*  ; lock",
], (e, { width, dst, src }) => {
  const b = e.load(width, src);
  if (dst.kind === "mem") {
    let sum = b;
    const a = e.update(width, dst, (old) => (sum = e.add(width, old, b)));
    e.store(width, src, a);
    e.setFlags("add", width, a, b, sum);
    return;
  }
  const a = e.load(width, dst), sum = e.add(width, a, b);
  e.store(width, src, a); // first: both may be the same register, which gets the sum
  e.store(width, dst, sum);
  e.setFlags("add", width, a, b, sum);
});

/** What is not equal leaves a register destination, and what is equal leaves the accumulator, untouched: even its upper half. */
const cmpxchg = instruction("cmpxchg", "SDM 2A, CMPXCHG", [
  "0F B0 /r  r/m8  r8  ; lock",
  "0F B1 /r  r/m*  r*  ; lock",
], (e, { width, dst, src }) => {
  const expected = e.reg(width, 0), replacement = e.load(width, src);
  const old = dst.kind === "mem"
    ? e.update(width, dst, (now) => e.select(e.eq(now, expected), replacement, now))
    : e.load(width, dst);
  e.setFlags("sub", width, expected, old, e.sub(width, expected, old));
  e.when(e.eq(old, expected), () => {
    if (dst.kind !== "mem") e.store(width, dst, replacement);
  }, () => e.setReg(width, 0, old));
});

const cmpxchg8b = instruction("cmpxchg8b", "SDM 2A, CMPXCHG8B/CMPXCHG16B", [
  "o16 0F C7 /1  m64  ; lock",
  "o32 0F C7 /1  m64  ; lock",
], (e, { dst }) => {
  const pair = (high: number, low: number) => e.or(e.shl(64, e.reg(32, high), e.int(32)), e.reg(32, low));
  const expected = pair(2, 0), replacement = pair(1, 3);
  const old = e.update(64, dst, (now) => e.select(e.eq(now, expected), replacement, now));
  const equal = e.eq(old, expected);
  e.setFlag("zf", equal);
  e.when(e.isZero(equal), () => {
    e.setReg(32, 0, e.zeroExtend(32, old));
    e.setReg(32, 2, e.shr(64, old, e.int(32)));
  });
});

const cmpxchg16b = instruction("cmpxchg16b", "SDM 2A, CMPXCHG8B/CMPXCHG16B", [
  "o64 0F C7 /1  m128  ; lock",
], (e, { dst }) => {
  const address = e.linearAddress(dst, 16, "write");
  e.when(e.ne(e.and(address, e.int(15)), e.int(0)), () => e.raise("#GP", e.int(0)));
  e.setFlag("zf", e.call("compareExchange16", address, e.decoded("locked")));
});

export const EXCHANGE: readonly Instruction[] = [xchg, xadd, cmpxchg, cmpxchg8b, cmpxchg16b];
