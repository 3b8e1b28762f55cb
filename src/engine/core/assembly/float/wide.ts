// Arithmetic on 128 bits, in halves: what AssemblyScript does not have. Second halves of results are in module variables.

/** Upper half of the last `multiply`; remainder of the last `divide`. */
export let high: u64 = 0, remainder: u64 = 0;

/** a * b. @returns the low half; the upper one is `high` */
export function multiply(a: u64, b: u64): u64 {
  const a0 = a & 0xffffffff, a1 = a >> 32, b0 = b & 0xffffffff, b1 = b >> 32;
  const low = a0 * b0, middle = a1 * b0 + (low >> 32), cross = a0 * b1 + (middle & 0xffffffff);
  high = a1 * b1 + (middle >> 32) + (cross >> 32);
  return (cross << 32) | (low & 0xffffffff);
}

/** hi:lo / d, where hi < d and bit 63 of d is set: Knuth's Algorithm D with two digits of 32 bits. @returns the quotient; the rest is `remainder` */
export function divide(hi: u64, lo: u64, d: u64): u64 {
  const d1 = d >> 32, d0 = d & 0xffffffff;
  let q1 = hi / d1, rest = hi % d1;
  while (q1 > 0xffffffff || q1 * d0 > ((rest << 32) | (lo >> 32))) {
    q1 -= 1;
    rest += d1;
    if (rest > 0xffffffff) break;
  }
  const middle = ((hi << 32) | (lo >> 32)) - q1 * d;
  let q0 = middle / d1;
  rest = middle % d1;
  while (q0 > 0xffffffff || q0 * d0 > ((rest << 32) | (lo & 0xffffffff))) {
    q0 -= 1;
    rest += d1;
    if (rest > 0xffffffff) break;
  }
  remainder = ((middle << 32) | (lo & 0xffffffff)) - q0 * d;
  return (q1 << 32) | q0;
}

/** floor(sqrt(hi:lo)), where hi is 2^62 or more. `remainder` is the rest, `high` the 65th bit of it. */
export function squareRoot(hi: u64, lo: u64): u64 {
  // an estimate good to 52 bits, one step of Newton's method for the others, then at most a few single steps
  let root = hi >= 0xffffffff00000000 ? u64.MAX_VALUE : u64(sqrt(f64(hi)) * 4294967296.0);
  for (let step = 0; step < 2; step++) {
    const low = multiply(root, root);
    const restLow = lo - low, restHigh = i64(hi - high - u64(lo < low));
    const delta = (f64(restHigh) * 18446744073709551616.0 + f64(restLow)) / (2.0 * f64(root));
    const moved = i64(delta);
    const next = root + u64(moved);
    root = moved > 0 && next < root ? u64.MAX_VALUE : next;
  }
  let low = multiply(root, root);
  let restLow = lo - low, restHigh = i64(hi - high - u64(lo < low));
  while (restHigh < 0) { // too large: (root - 1)^2 = root^2 - 2 root + 1
    root -= 1;
    const add = (root << 1) + 1, carry = root >> 63;
    const sum = restLow + add;
    restHigh += i64(carry + u64(sum < restLow));
    restLow = sum;
  }
  while (restHigh > 1 || (u64(restHigh) == root >> 63 ? restLow > root << 1 : u64(restHigh) > root >> 63)) { // too small: rest > 2 root
    const sub = (root << 1) + 1, borrow = root >> 63;
    const difference = restLow - sub;
    restHigh -= i64(borrow + u64(restLow < sub));
    restLow = difference;
    root += 1;
  }
  remainder = restLow;
  high = u64(restHigh);
  return root;
}
