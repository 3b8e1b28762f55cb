// Integer programs: loops, branches, tables, recursion, hashing, sorting, and an interpreter (many indirect jumps).
#include "bench.h"

static uint8_t bytes[1 << 20];
static uint32_t words[1 << 16];
static uint64_t seed = 1;

static uint32_t next_random(void) {
  seed = seed * 6364136223846793005ull + 1442695040888963407ull;
  return (uint32_t)(seed >> 33);
}

static uint64_t empty(uint64_t rounds) { return rounds; }

static uint64_t sieve(uint64_t rounds) {
  uint64_t count = 0;
  while (rounds--) {
    for (uint32_t i = 0; i < sizeof bytes; i++) bytes[i] = 1;
    for (uint32_t i = 2; i * i < sizeof bytes; i++)
      if (bytes[i]) for (uint32_t j = i * i; j < sizeof bytes; j += i) bytes[j] = 0;
    for (uint32_t i = 2; i < sizeof bytes; i++) count += bytes[i];
  }
  return count;
}

static uint64_t crc32(uint64_t rounds) {
  static uint32_t table[256];
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320u ^ (value >> 1) : value >> 1;
    table[i] = value;
  }
  for (uint32_t i = 0; i < 65536; i++) bytes[i] = (uint8_t)(i * 31 + (i >> 8));
  uint32_t crc = ~0u;
  while (rounds--) for (uint32_t i = 0; i < 65536; i++) crc = table[(crc ^ bytes[i]) & 255] ^ (crc >> 8);
  return ~crc;
}

static void sort(uint32_t *first, uint32_t *last) {
  while (last - first > 1) {
    uint32_t pivot = first[(last - first) / 2], *low = first, *high = last - 1;
    while (low <= high) {
      while (*low < pivot) low++;
      while (*high > pivot) high--;
      if (low <= high) { uint32_t t = *low; *low++ = *high; *high-- = t; }
    }
    sort(first, high + 1);
    first = low;
  }
}

static uint64_t quicksort(uint64_t rounds) {
  uint64_t sum = 0;
  seed = 1;
  while (rounds--) {
    for (unsigned i = 0; i < 65536; i++) words[i] = next_random();
    sort(words, words + 65536);
    sum += words[1000] ^ words[60000];
  }
  return sum;
}

static uint64_t hashmap(uint64_t rounds) {
  static uint64_t keys[1 << 16], values[1 << 16];
  uint64_t sum = 0;
  seed = 7;
  for (unsigned i = 0; i < 1 << 16; i++) keys[i] = 0;
  for (uint64_t i = 0; i < rounds; i++) {
    uint64_t key = (next_random() & 0x7fff) + 1, slot = (key * 0x9e3779b97f4a7c15ull) >> 48;
    while (keys[slot] && keys[slot] != key) slot = (slot + 1) & 0xffff;
    keys[slot] = key;
    sum += ++values[slot];
  }
  return sum;
}

static uint64_t fibonacci(uint64_t n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }

static uint64_t bytecode(uint64_t rounds) {
  enum { PUSH, ADD, MUL, DUP, SWAP, DEC, JNZ, XORSHIFT, HALT };
  static const uint8_t code[] = { DUP, XORSHIFT, PUSH, 7, MUL, ADD, SWAP, DEC, JNZ, HALT };
  uint64_t stack[16], *top = stack, accumulator = 1, counter = rounds;
  *top = accumulator;
  for (const uint8_t *pc = code;;) {
    switch (*pc++) {
      case PUSH: *++top = *pc++; break;
      case ADD: top[-1] += *top; top--; break;
      case MUL: top[-1] *= *top; top--; break;
      case DUP: top[1] = *top; top++; break;
      case SWAP: break;
      case XORSHIFT: *top ^= *top << 13; *top ^= *top >> 7; break;
      case DEC: counter--; break;
      case JNZ: if (counter) pc = code; break;
      case HALT: return *top;
    }
  }
}

static uint64_t matrix(uint64_t rounds) {
  static int32_t a[64][64], b[64][64], c[64][64];
  uint64_t sum = 0;
  for (int i = 0; i < 64; i++) for (int j = 0; j < 64; j++) { a[i][j] = i + j; b[i][j] = i - j; }
  while (rounds--) {
    for (int i = 0; i < 64; i++) for (int j = 0; j < 64; j++) {
      int32_t dot = 0;
      for (int k = 0; k < 64; k++) dot += a[i][k] * b[k][j];
      c[i][j] = dot;
    }
    sum += (uint32_t)c[rounds & 63][(rounds * 7) & 63];
    a[rounds & 63][0]++;
  }
  return sum;
}

const struct entry programs[] = {
  { "empty", empty, 1 }, { "sieve", sieve, 20 }, { "crc32", crc32, 700 }, { "quicksort", quicksort, 16 }, { "hashmap", hashmap, 20000000 },
  { "fibonacci", fibonacci, 37 }, { "bytecode", bytecode, 8000000 }, { "matrix", matrix, 800 },
};
const unsigned program_count = sizeof programs / sizeof *programs;
