// Arithmetic that is too long to emit.
import { At, C } from "../generated/layout";
import { faulted, reg, setReg, vcpu } from "../state";
import { watchForDebugger } from "../event/debug";
import { load64, probeWrite, store64 } from "../memory/memory";
import { resumePeers, stopPeers } from "../memory/peers";
import { noteStore } from "../memory/regions";

/** Quotient of high:low by divisor, where high < divisor: schoolbook division with 32-bit digits (Knuth, TAOCP 2, 4.3.1, Algorithm D). */
export function divideWide(high: u64, low: u64, divisor: u64): u64 {
  const shift = clz(divisor), d = divisor << shift;
  const upper = shift ? (high << shift) | (low >> (64 - shift)) : high, lower = low << shift;
  const q1 = digit(upper, lower >> 32, d);
  const rest = (upper << 32) + (lower >> 32) - q1 * d;
  return (q1 << 32) + digit(rest, lower & 0xffff_ffff, d);
}

/** One 32-bit digit of (upper << 32 | next) / d; the top bit of d is set and upper < d. */
function digit(upper: u64, next: u64, d: u64): u64 {
  const d1 = d >> 32, d0 = d & 0xffff_ffff;
  let q = upper / d1, r = upper % d1;
  while (q > 0xffff_ffff || q * d0 > ((r << 32) | next)) {
    q--;
    r += d1;
    if (r > 0xffff_ffff) break;
  }
  return q;
}

/** CRC-32C of 4 bits: the polynomial 0x11edc6f41 of SDM 2A, CRC32, reflected. Constant, because static data is shared by all vCPUs of a node. */
const CRC32C = memory.data<u32>([
  0x0000_0000, 0x105e_c76f, 0x20bd_8ede, 0x30e3_49b1, 0x417b_1dbc, 0x5125_dad3, 0x61c6_9362, 0x7198_540d,
  0x82f6_3b78, 0x92a8_fc17, 0xa24b_b5a6, 0xb215_72c9, 0xc38d_26c4, 0xd3d3_e1ab, 0xe330_a81a, 0xf36e_6f75,
]);

export function crc32(crc: u64, value: u64, bytes: u32): u64 {
  let rest = <u32>crc;
  for (let i: u32 = 0; i < bytes << 1; i++) {
    rest = load<u32>(CRC32C + (<usize>((rest ^ <u32>value) & 15) << 2)) ^ (rest >> 4);
    value >>= 4;
  }
  return <u64>rest;
}

/** CMPXCHG16B. WebAssembly has no atomic access of 16 bytes: with LOCK all other vCPUs stand still.
 * @returns ZF */
export function compareExchange16(linear: u64, locked: u32): u32 {
  const host = <usize>probeWrite(linear, 16);
  if (faulted()) return 0;
  if (!host) return exchangeDevice(linear);
  if (locked) stopPeers();
  const low = load<u64>(host), high = load<u64>(host, 8), equal = low == reg(0) && high == reg(2);
  if (equal) {
    store<u64>(host, reg(3));
    store<u64>(host, reg(1), 8);
  }
  if (locked) resumePeers();
  watchForDebugger(linear, 16, false);
  if (equal) watchForDebugger(linear, 16, true);
  if (equal) noteStore(host, 16);
  else setPair(low, high);
  return equal ? 1 : 0;
}

function setPair(low: u64, high: u64): void {
  setReg(0, low);
  setReg(2, high);
}

function exchangeDevice(linear: u64): u32 {
  const low = load64(linear), high = load64(linear + 8);
  if (low != reg(0) || high != reg(2)) {
    setPair(low, high);
    return 0;
  }
  store64(linear, reg(3));
  store64(linear + 8, reg(1));
  return 1;
}

/** MFENCE: an atomic access is sequentially consistent, and so orders what is before and behind it. */
export function memoryFence(): void {
  atomic.or<u32>(vcpu + At.attention, 0);
}
