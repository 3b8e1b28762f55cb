// The transcendental x87 instructions against the exact functions, computed with 600 bits: unlike a CPU, core rounds them correctly.
import assert from "node:assert/strict";
import test from "node:test";
import { openEngines } from "../engines.ts";
import { createCaseMachine } from "../rows/machine.ts";
import { createRandom, type Random } from "../random.ts";
import { caseOf, GROUPS } from "./cases.ts";

const machine = createCaseMachine((await openEngines(["oracle"]))[0]!);

// -- fixed point: a bigint v stands for v / 2^BITS
const BITS = 600n, ONE = 1n << BITS;
const multiply = (a: bigint, b: bigint) => (a * b) >> BITS, divide = (a: bigint, b: bigint) => (a << BITS) / b;
const root = (a: bigint) => {
  const target = a << BITS;
  let guess = 1n << BigInt(target.toString(2).length / 2 + 1 | 0);
  for (;;) {
    const next = (guess + target / guess) >> 1n;
    if (next >= guess) return guess;
    guess = next;
  }
};
/** first + first * x / divisor(1) + first * x^2 / (divisor(1) * divisor(2)) + ... */
function series(first: bigint, x: bigint, divisor: (k: bigint) => bigint): bigint {
  let sum = first, term = first;
  for (let k = 1n; term !== 0n && term !== -1n; k++) {
    term = multiply(term, x) / divisor(k);
    sum += term;
  }
  return sum;
}
/** Σ z^(2k+1) / (2k+1), alternating or not */
function odd(z: bigint, square: bigint): bigint {
  let sum = 0n, power = z;
  for (let k = 1n; power !== 0n && power !== -1n; k += 2n) {
    sum += power / k;
    power = multiply(power, square);
  }
  return sum;
}
const exponential = (x: bigint) => series(ONE, x, (k) => k);
const sine = (x: bigint) => series(x, -multiply(x, x), (k) => 2n * k * (2n * k + 1n));
const cosine = (x: bigint) => series(ONE, -multiply(x, x), (k) => (2n * k - 1n) * 2n * k);
const arctangent = (x: bigint): bigint => {
  if (x > ONE) return PI / 2n - arctangent(divide(ONE, x));
  let t = x, doubled = 1n;
  for (; t > ONE >> 3n; doubled *= 2n) t = divide(t, ONE + root(ONE + multiply(t, t)));
  return doubled * odd(t, -multiply(t, t));
};
const inverse = (n: bigint) => odd(ONE / n, -(ONE / (n * n)));
const PI = 16n * inverse(5n) - 4n * inverse(239n);
const logarithm = (x: bigint) => { // of 1..2
  const z = divide(x - ONE, x + ONE);
  return 2n * odd(z, multiply(z, z));
};
const LN2 = logarithm(2n * ONE);
const log2 = (x: bigint): bigint => x < ONE ? -log2(divide(ONE, x)) : x >= 2n * ONE ? ONE + log2(x >> 1n) : divide(logarithm(x), LN2);
/** Every x87 reduces by a pi of 66 bits: SDM 1, Approximation of Pi. */
const HALF_PI66 = 0x3243f6a8885a308d3n << (BITS - 65n);
function reducedSine(x: bigint, quarters: bigint): bigint {
  if (x < 0n) return quarters === 0n ? -reducedSine(-x, 0n) : reducedSine(-x, quarters);
  const turns = (2n * x + HALF_PI66) / (2n * HALF_PI66), rest = x - turns * HALF_PI66, quadrant = (turns + quarters) & 3n;
  const value = quadrant & 1n ? cosine(rest) : sine(rest);
  return quadrant & 2n ? -value : value;
}

/** An 80-bit number in fixed point, and back, rounded to nearest. */
function toFixed(number: bigint): bigint {
  const shift = BITS + ((number >> 64n) & 0x7fffn) - 16383n - 63n, magnitude = (number & ((1n << 64n) - 1n)) << shift;
  return number >> 79n ? -magnitude : magnitude;
}
function rounded(value: bigint): bigint {
  const sign = value < 0n ? 1n << 79n : 0n, magnitude = value < 0n ? -value : value, bits = BigInt(magnitude.toString(2).length), cut = bits - 64n;
  const half = 1n << (cut - 1n), significand = (magnitude + half) >> cut;
  const carried = significand >> 64n;
  return sign | ((bits - 1n - BITS + 16383n + carried) << 64n) | (carried ? significand >> 1n : significand);
}

const number = (random: Random, low: number, high: number, signed = true): bigint =>
  (signed ? BigInt(random.below(2)) << 79n : 0n) | (BigInt(16383 + low + random.below(high - low + 1)) << 64n) | (1n << 63n) | (random.u64() >> 1n);

/** [instruction, ST(0), ST(1), the exact result in fixed point, register that it comes to] */
const FUNCTIONS: readonly [string, (random: Random) => bigint, (x: bigint, y: bigint) => bigint, number][] = [
  ["fsin", (random) => number(random, -60, 62), (x) => reducedSine(x, 0n), 0],
  ["fcos", (random) => number(random, -30, 62), (x) => reducedSine(x, 1n), 0],
  ["fptan", (random) => number(random, -60, 62), (x) => divide(reducedSine(x, 0n), reducedSine(x, 1n)), 1],
  ["f2xm1", (random) => number(random, -60, -1), (x) => exponential(multiply(x, LN2)) - ONE, 0],
  ["fyl2x", (random) => number(random, random.chance(50) ? -1 : -70, random.chance(50) ? 0 : 70, false), (x, y) => multiply(y, log2(x)), 0],
  ["fyl2xp1", (random) => number(random, -60, -3), (x, y) => multiply(y, log2(ONE + x)), 0],
  ["fpatan", (random) => number(random, random.chance(50) ? -2 : -50, random.chance(50) ? 2 : 50), (x, y) => {
    const angle = arctangent(divide(y < 0n ? -y : y, x < 0n ? -x : x)), turned = x < 0n ? PI - angle : angle;
    return y < 0n ? -turned : turned;
  }, 0],
];
const CASES = Math.min(Number(process.env.NVL_CASES ?? 300), 2000);

for (const [name, argument, exact, index] of FUNCTIONS) test(`${name} is rounded correctly, ${CASES} cases`, () => {
  const group = GROUPS.find((one) => one.name === name)!, random = createRandom(3, name);
  for (let round = 0; round < CASES; round++) {
    const a = argument(random), b = number(random, -20, 20);
    const outcome = machine.run(caseOf(group, { control: 0x37f, a, b, memory: 0n }));
    const view = new DataView(outcome.fx.buffer, outcome.fx.byteOffset), at = 32 + 16 * index;
    const result = (BigInt(view.getUint16(at + 8, true)) << 64n) | view.getBigUint64(at, true);
    assert.equal(result.toString(16), rounded(exact(toFixed(a), toFixed(b))).toString(16), `ST(0) ${a.toString(16)}, ST(1) ${b.toString(16)}`);
  }
});
