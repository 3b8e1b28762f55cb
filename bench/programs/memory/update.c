// Changes random words of 64 MB, which do not depend on each other: a translation and two cache misses in flight at all times.
#include "bench.h"

static void prepare(void) {
  for (uint32_t i = 0; i < ARENA_BYTES / 8; i++) ((uint64_t *)arena)[i] = i;
}

static uint64_t run(uint64_t rounds) {
  uint64_t *table = (uint64_t *)arena, value = 1, sum = 0;
  while (rounds--) {
    value = value << 1 ^ ((int64_t)value < 0 ? 7 : 0);
    table[(value * 0x9e3779b97f4a7c15ull) >> 41] ^= value;
  }
  for (uint32_t i = 0; i < ARENA_BYTES / 8; i += 61) sum = sum * 31 + table[i];
  return sum;
}

PROGRAM("update", "memory", prepare, run, 12000000);
