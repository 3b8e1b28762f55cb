// The parts of SHA-1 and SHA-256 in which each word depends on the one before. Vector arguments as the instructions have them (SDM 2B):
// SHA-1 keeps its first word in the highest lane, SHA-256 its message's first word in the lowest.
import { At } from "../generated/layout";
import { vcpu } from "../state";

// @ts-ignore: decorator
@inline function word(argument: usize, lane: usize): u32 {
  return load<u32>(vcpu + At.scratch + (argument << 4) + (lane << 2));
}
// @ts-ignore: decorator
@inline function setWord(lane: usize, value: u32): void {
  store<u32>(vcpu + At.scratch + 48 + (lane << 2), value);
}
// @ts-ignore: decorator
@inline function choose(x: u32, y: u32, z: u32): u32 {
  return (x & y) ^ (~x & z);
}
// @ts-ignore: decorator
@inline function majority(x: u32, y: u32, z: u32): u32 {
  return (x & y) ^ (x & z) ^ (y & z);
}

/** Four rounds; the first word of argument 1 has E added already. */
export function sha1Rounds4(stage: u64): void {
  let a = word(0, 3), b = word(0, 2), c = word(0, 1), d = word(0, 0), e: u32 = 0;
  const constant: u32 = stage == 0 ? 0x5a827999 : stage == 1 ? 0x6ed9eba1 : stage == 2 ? 0x8f1bbcdc : 0xca62c1d6;
  for (let lane: i32 = 3; lane >= 0; lane--) {
    const f = stage == 0 ? choose(b, c, d) : stage == 2 ? majority(b, c, d) : b ^ c ^ d;
    const next = f + rotl<u32>(a, 5) + word(1, lane) + e + constant;
    e = d;
    d = c;
    c = rotl<u32>(b, 30);
    b = a;
    a = next;
  }
  setWord(3, a);
  setWord(2, b);
  setWord(1, c);
  setWord(0, d);
}
export function sha1Message2(): void {
  const w16 = rotl<u32>(word(0, 3) ^ word(1, 2), 1);
  setWord(3, w16);
  setWord(2, rotl<u32>(word(0, 2) ^ word(1, 1), 1));
  setWord(1, rotl<u32>(word(0, 1) ^ word(1, 0), 1));
  setWord(0, rotl<u32>(word(0, 0) ^ w16, 1));
}

export function sha256Rounds2(): void {
  let c = word(0, 3), d = word(0, 2), g = word(0, 1), h = word(0, 0), a = word(1, 3), b = word(1, 2), e = word(1, 1), f = word(1, 0);
  for (let round: usize = 0; round < 2; round++) {
    const sum = choose(e, f, g) + (rotr<u32>(e, 6) ^ rotr<u32>(e, 11) ^ rotr<u32>(e, 25)) + word(2, round) + h;
    const next = sum + majority(a, b, c) + (rotr<u32>(a, 2) ^ rotr<u32>(a, 13) ^ rotr<u32>(a, 22));
    h = g;
    g = f;
    f = e;
    e = sum + d;
    d = c;
    c = b;
    b = a;
    a = next;
  }
  setWord(3, a);
  setWord(2, b);
  setWord(1, e);
  setWord(0, f);
}
// @ts-ignore: decorator
@inline function sigma1(x: u32): u32 {
  return rotr<u32>(x, 17) ^ rotr<u32>(x, 19) ^ (x >> 10);
}
export function sha256Message2(): void {
  const w16 = word(0, 0) + sigma1(word(1, 2)), w17 = word(0, 1) + sigma1(word(1, 3));
  setWord(0, w16);
  setWord(1, w17);
  setWord(2, word(0, 2) + sigma1(w16));
  setWord(3, word(0, 3) + sigma1(w17));
}
