// SHA-256 (FIPS 180-4): rotates, additions and many live values in straight-line code.
#include "bench.h"

static uint32_t constants[64], initial[8];

/** Fractional bits of a prime's square or cube root, which is what the standard's constants are. */
static uint32_t root_bits(uint32_t prime, int power) {
  unsigned __int128 low = 0, high = (unsigned __int128)1 << 37, target = (unsigned __int128)prime << (32 * power);
  while (high - low > 1) {
    unsigned __int128 middle = (low + high) / 2, product = middle * middle;
    if (power == 3) product *= middle;
    if (product <= target) low = middle; else high = middle;
  }
  return (uint32_t)low;
}

static void prepare(void) {
  for (uint32_t candidate = 2, found = 0; found < 64; candidate++) {
    uint32_t divisor = 2;
    while (divisor < candidate && candidate % divisor) divisor++;
    if (divisor < candidate) continue;
    if (found < 8) initial[found] = root_bits(candidate, 2);
    constants[found++] = root_bits(candidate, 3);
  }
  for (uint32_t i = 0; i < 65536; i++) arena[i] = (uint8_t)(i * 7 + (i >> 8));
}

static inline uint32_t rotate(uint32_t value, int count) { return value >> count | value << (32 - count); }

static void compress(uint32_t state[8], const uint8_t block[64]) {
  uint32_t w[64];
  for (int i = 0; i < 16; i++) w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
  for (int i = 16; i < 64; i++) {
    uint32_t a = w[i - 15], b = w[i - 2];
    w[i] = w[i - 16] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + w[i - 7] + (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
  }
  uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
  for (int i = 0; i < 64; i++) {
    uint32_t t1 = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + constants[i] + w[i];
    uint32_t t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    h = g; g = f; f = e; e = d + t1; d = c; c = b; b = a; a = t1 + t2;
  }
  state[0] += a; state[1] += b; state[2] += c; state[3] += d; state[4] += e; state[5] += f; state[6] += g; state[7] += h;
}

static uint64_t run(uint64_t rounds) {
  uint32_t state[8];
  uint8_t last[64] = { 0x80 };
  for (int i = 0; i < 8; i++) { state[i] = initial[i]; last[63 - i] = (uint8_t)(rounds * 65536 * 8 >> 8 * i); }
  while (rounds--) for (uint32_t at = 0; at < 65536; at += 64) compress(state, arena + at);
  compress(state, last);
  return (uint64_t)state[0] << 32 | state[7];
}

PROGRAM("sha256", "integer", prepare, run, 600);
