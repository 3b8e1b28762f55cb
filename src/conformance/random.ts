// Seeded randomness, and the values at which instructions are likely to be wrong.

export interface Random {
  /** 32 random bits, unsigned */
  u32(): number;
  /** 0 … bound - 1 */
  below(bound: number): number;
  /** true in `percent` of 100 cases */
  chance(percent: number): boolean;
  pick<T>(choices: readonly T[]): T;
  u64(): bigint;
}

/** A generator (xoshiro128**, Blackman and Vigna) whose sequence depends on `seed` and `name`. */
export function createRandom(seed: number, name: string): Random {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (let index = 0; index < name.length; index++) hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193) >>> 0;
  const mix = () => {
    hash = (hash + 0x9e3779b9) | 0;
    let value = Math.imul(hash ^ (hash >>> 16), 0x21f0aaad);
    value = Math.imul(value ^ (value >>> 15), 0x735a2d97);
    return (value ^ (value >>> 15)) >>> 0;
  };
  let a = mix(), b = mix(), c = mix(), d = mix() | 1;
  const rotate = (value: number, by: number) => (value << by) | (value >>> (32 - by));
  const u32 = () => {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0, t = b << 9;
    c ^= a; d ^= b; b ^= c; a ^= d; c ^= t; d = rotate(d, 11);
    return result;
  };
  const below = (bound: number) => Math.floor(u32() / 2 ** 32 * bound);
  return {
    u32, below,
    chance: (percent) => below(100) < percent,
    pick: (choices) => choices[below(choices.length)]!,
    u64: () => (BigInt(u32()) << 32n) | BigInt(u32()),
  };
}

const EDGES = [0n, 1n, 2n, 3n, 7n, 8n, 15n, 16n, 31n, 32n, 63n, 64n, 0x7fn, 0x80n, 0xffn, 0x100n, 0x7fffn, 0x8000n, 0xffffn, 0x10000n, 0x7fff_ffffn, 0x8000_0000n,
  0xffff_ffffn, 0x1_0000_0000n, 0x7fff_ffff_ffff_ffffn, 0x8000_0000_0000_0000n, 0x8000_0000_8000_0000n, 0x5555_5555_5555_5555n, 0xaaaa_aaaa_aaaa_aaaan, 0x8080_8080_8080_8080n];

/** A 64-bit integer: an edge, its negative, small, one bit, sign-extended, or anything. */
export function integer64(random: Random): bigint {
  switch (random.below(8)) {
    case 0: case 1: return random.pick(EDGES);
    case 2: return BigInt.asUintN(64, -random.pick(EDGES));
    case 3: return BigInt(random.below(256));
    case 4: return BigInt.asUintN(64, BigInt.asIntN(32, random.u64()));
    case 5: return 1n << BigInt(random.below(64));
    default: return random.u64();
  }
}

const FLOATS32 = [0, 0x80000000, 0x3f800000, 0xbf800000, 1, 0x80000001, 0x007fffff, 0x00800000, 0x00800001, 0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00000,
  0x7f800001, 0xffbfffff, 0x7fffffff, 0x3f000000, 0x3effffff, 0x3f7fffff, 0x4b000000, 0x4effffff, 0x4f000000, 0xcf000000, 0xcf000001, 0x5f000000, 0xdf000000, 0x40490fdb, 0x4b7fffff, 0x3fc00000, 0x40200000];
const FLOATS64 = [0n, 0x8000000000000000n, 0x3ff0000000000000n, 0xbff0000000000000n, 1n, 0x8000000000000001n, 0x000fffffffffffffn, 0x0010000000000000n, 0x0010000000000001n,
  0x7fefffffffffffffn, 0x7ff0000000000000n, 0xfff0000000000000n, 0x7ff8000000000000n, 0xfff8000000000000n, 0x7ff0000000000001n, 0xfff7ffffffffffffn, 0x3fe0000000000000n, 0x3fdfffffffffffffn,
  0x4330000000000000n, 0x41dfffffffc00000n, 0x41e0000000000000n, 0xc1e0000000000000n, 0xc1e0000000200000n, 0x43e0000000000000n, 0xc3e0000000000000n, 0x400921fb54442d18n, 0x47efffffe0000000n,
  0x47efffffefffffffn, 0x47effffff0000000n, 0x36a0000000000000n, 0x369fffffffffffffn, 0x380fffffffffffffn, 0x3810000000000000n, 0x3ff8000000000000n, 0x4004000000000000n];

/** Bits of a single: an edge, a number near 1, one of any size, or any bits. */
export function float32(random: Random): number {
  switch (random.below(6)) {
    case 0: case 1: return random.pick(FLOATS32);
    case 2: return ((random.u32() & 0x807fffff) | ((120 + random.below(16)) << 23)) >>> 0;
    case 3: return ((random.u32() & 0x80000007) | ((127 + random.below(26)) << 23)) >>> 0;
    case 4: return (random.u32() & 0x807fffff) >>> 0; // denormal
    default: return random.u32();
  }
}
/** Bits of a double, likewise. */
export function float64(random: Random): bigint {
  const any = random.u64();
  switch (random.below(6)) {
    case 0: case 1: return random.pick(FLOATS64);
    case 2: return (any & 0x800fffffffffffffn) | (BigInt(1016 + random.below(16)) << 52n);
    case 3: return (any & 0x8000000000000007n) | (BigInt(1023 + random.below(64)) << 52n);
    case 4: return random.chance(50) ? any & 0x800fffffffffffffn : (any & 0x800fffffffffffffn) | (BigInt(870 + random.below(60)) << 52n);
    default: return any;
  }
}
/** An 80-bit real: sign and exponent above 64 bits of significand. Some are not supported by processors since the 80387. */
export function float80(random: Random): bigint {
  const sign = BigInt(random.below(2)) << 79n, integerBit = 1n << 63n, any = random.u64();
  const make = (exponent: number, significand: bigint) => sign | (BigInt(exponent) << 64n) | significand;
  switch (random.below(10)) {
    case 0: return make(0, 0n);
    case 1: return make(0x7fff, integerBit); // infinity
    case 2: return make(0x7fff, integerBit | any); // NaN
    case 3: return make(0, any >> 1n); // denormal
    case 4: return make(0x3fff + random.below(70) - 3, integerBit | (any & 0xff00_0000_0000_0000n));
    case 5: return make(random.pick([1, 0x7ffe, 0x3fff, 0x3fff + 63, 0x3fff - 1023, 0x3fff + 1024, 0x3fff - 127, 0x3fff + 128]), integerBit | (random.chance(50) ? any : 0n));
    case 6: return random.chance(25) ? make(random.below(0x8000), any) : make(0x3fff, integerBit); // perhaps unsupported; one
    case 7: return make(0x3fff + random.below(8) - 4, integerBit | (BigInt(random.below(16)) << 60n));
    default: return make(0x3fff - 40 + random.below(80), integerBit | any);
  }
}
