// AES, SHA and carry-less products of core, put together to whole ciphers and digests and compared with Node.js's (OpenSSL's).
import assert from "node:assert/strict";
import { createCipheriv, createDecipheriv, createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import test from "node:test";
import { OFFSET } from "../../hal/layout.ts";
import { createNodeMemory, createVnodeMemory } from "../../hal/memory.ts";
import { helperSignature, type HelperName } from "../../isa/helpers.ts";
import { createCore } from "./index.ts";

const node = createNodeMemory(2 ** 25);
const nothing = () => {}, zero = () => 0;
const core = createCore(new WebAssembly.Module(readFileSync(new URL("core.wasm", import.meta.url))), {
  node, memory: createVnodeMemory(node, []), index: 0, clock: { nowNs: zero }, entropy: zero,
  bus: { pioRead: zero, pioWrite: nothing, mmioRead: zero, mmioWrite: nothing, acknowledge: zero, msrRead: () => 0n, msrWrite: () => true, tprRead: zero, tprWrite: nothing },
  model: { tscHz: 1, apicTimerHz: 1, vcpuCount: 1, apicId: 0 },
});
const slot = (k: number) => node.bytes.subarray(core.address + OFFSET.scratch + 16 * k, core.address + OFFSET.scratch + 16 * k + 16);

/** Calls a helper with 16-byte vectors and numbers; its result is the vector in slot 3. */
function call(name: HelperName, ...args: (Uint8Array | bigint)[]): Uint8Array<ArrayBuffer> {
  let vectors = 0;
  const numbers = args.filter((arg): arg is bigint => {
    if (typeof arg === "bigint") return true;
    slot(vectors++).set(arg);
    return false;
  });
  assert.equal(args.length, helperSignature(name).args.length);
  (core.functions[name] as (...numbers: bigint[]) => void)(...numbers);
  return new Uint8Array(slot(3));
}
const words = (...values: number[]) => new Uint8Array(Uint32Array.from(values).buffer);
const word = (vector: Uint8Array, lane: number) => new DataView(vector.buffer, vector.byteOffset).getUint32(4 * lane, true);
const lanes = (vector: Uint8Array) => [0, 1, 2, 3].map((lane) => word(vector, lane));
const xor = (a: Uint8Array, b: Uint8Array) => a.map((byte, index) => byte ^ b[index]);
let seed = 1;
const random = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) >>> 8;
const randomBytes = (count: number) => Uint8Array.from({ length: count }, random);

/** The eleven round keys of AES-128 (SDM: how AESKEYGENASSIST is meant to be used). */
function expandKey(key: Uint8Array): Uint8Array[] {
  const keys = [key];
  for (let round = 0, constant = 1n; round < 10; round++, constant = constant < 0x80n ? constant << 1n : 0x1bn) {
    const assist = word(call("aesKeyAssist", keys[round], constant), 3), old = lanes(keys[round]);
    let previous = assist;
    keys.push(words(...old.map((value) => previous = value ^ previous)));
  }
  return keys;
}

test("AES-128 by rounds", () => {
  for (let i = 0; i < 200; i++) {
    const key = randomBytes(16), plain = randomBytes(16), keys = expandKey(key);
    let state = xor(plain, keys[0]);
    for (let round = 1; round < 10; round++) state = call("aesEncrypt", state, keys[round]);
    const encrypted = call("aesEncryptLast", state, keys[10]);
    const cipher = createCipheriv("aes-128-ecb", key, null).setAutoPadding(false);
    assert.deepEqual(Buffer.from(encrypted), cipher.update(plain));

    const secret = randomBytes(16);
    state = xor(secret, keys[10]);
    for (let round = 9; round > 0; round--) state = call("aesDecrypt", state, call("aesInverseMixColumns", keys[round]));
    const decipher = createDecipheriv("aes-128-ecb", key, null).setAutoPadding(false);
    assert.deepEqual(Buffer.from(call("aesDecryptLast", state, keys[0])), decipher.update(secret));
  }
});

/** The blocks of a message, each 16 words, padded as both digests want it. */
function blocks(message: Uint8Array): number[][] {
  const padded = new Uint8Array(Math.ceil((message.length + 9) / 64) * 64);
  padded.set(message);
  padded[message.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 4, message.length * 8);
  return Array.from({ length: padded.length / 64 }, (_, block) => Array.from({ length: 16 }, (_, index) => view.getUint32(64 * block + 4 * index)));
}
const digest = (state: readonly number[]) => state.map((value) => (value >>> 0).toString(16).padStart(8, "0")).join("");
const rotate = (value: number, left: number) => (value << left | value >>> 32 - left) >>> 0;
const sum = (a: readonly number[], b: readonly number[]) => a.map((value, index) => value + b[index] | 0);

test("SHA-1 by four rounds", () => {
  for (const length of [0, 3, 55, 56, 200]) {
    const message = randomBytes(length);
    let state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
    for (const w of blocks(message)) {
      const [a, b, c, d, e] = state;
      let abcd = words(d, c, b, a), next = e;
      for (let t = 0; t < 80; t += 4) {
        if (t >= 16) {
          const partial = [0, 1, 2, 3].map((k) => w[t - 16 + k] ^ w[t - 14 + k] ^ w[t - 8 + k]); // what SHA1MSG1 and PXOR leave
          w.push(...lanes(call("sha1Message2", words(...partial.reverse()), words(...w.slice(t - 4, t).reverse()))).reverse());
        }
        const before = abcd;
        abcd = call("sha1Rounds4", before, words(w[t + 3], w[t + 2], w[t + 1], w[t] + next), BigInt(Math.floor(t / 20)));
        next = rotate(word(before, 3), 30);
      }
      state = sum(state, [...lanes(abcd).reverse(), next]);
    }
    assert.equal(digest(state), createHash("sha1").update(message).digest("hex"));
  }
});

/** First 32 bits of the fractional parts of the roots of the first primes (FIPS 180-4, Constants), with exact integers. */
function fractions(count: number, power: 2 | 3): number[] {
  const primes: number[] = [];
  for (let n = 2; primes.length < count; n++) if (primes.every((prime) => n % prime)) primes.push(n);
  return primes.map((prime) => {
    const target = BigInt(prime) << BigInt(32 * power);
    let low = 0n, high = 1n << 40n;
    while (high - low > 1n) {
      const middle = (low + high) >> 1n;
      if (middle ** BigInt(power) <= target) low = middle;
      else high = middle;
    }
    return Number(BigInt.asUintN(32, low));
  });
}

test("SHA-256 by two rounds", () => {
  const constants = fractions(64, 3);
  for (const length of [0, 3, 55, 56, 200]) {
    const message = randomBytes(length);
    let state = fractions(8, 2);
    for (const w of blocks(message)) {
      const [a, b, c, d, e, f, g, h] = state;
      let abef = words(f, e, b, a), cdgh = words(h, g, d, c);
      for (let t = 0; t < 64; t += 2) {
        if (t >= 16 && t % 4 === 0) {
          const partial = [0, 1, 2, 3].map((k) => { // what SHA256MSG1 and PADDD leave
            const x = w[t - 15 + k];
            return w[t - 16 + k] + (rotate(x, 25) ^ rotate(x, 14) ^ x >>> 3) + w[t - 7 + k] | 0;
          });
          w.push(...lanes(call("sha256Message2", words(...partial), words(...w.slice(t - 4, t)))));
        }
        const next = call("sha256Rounds2", cdgh, abef, words(w[t] + constants[t], w[t + 1] + constants[t + 1], 0, 0));
        cdgh = abef;
        abef = next;
      }
      const [f2, e2, b2, a2] = lanes(abef), [h2, g2, d2, c2] = lanes(cdgh);
      state = sum(state, [a2, b2, c2, d2, e2, f2, g2, h2]);
    }
    assert.equal(digest(state), createHash("sha256").update(message).digest("hex"));
  }
});

test("carry-less products are sums of shifted factors", () => {
  const wide = () => randomBytes(8).reduce((value, byte) => value << 8n | BigInt(byte), 0n);
  for (let i = 0; i < 500; i++) {
    const [a, b] = i === 0 ? [2n ** 64n - 1n, 2n ** 64n - 1n] : [wide(), wide()];
    let product = 0n;
    for (let bit = 0n; bit < 64n; bit++) if (b >> bit & 1n) product ^= a << bit;
    const result = call("carrylessMultiply", BigInt.asIntN(64, a), BigInt.asIntN(64, b)).reduceRight((value, byte) => value << 8n | BigInt(byte), 0n);
    assert.equal(result, product);
  }
});
