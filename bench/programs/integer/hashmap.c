// A hash map with open addressing that counts random keys: multiplications and loads all over a megabyte.
#include "bench.h"

enum { SLOTS = 1 << 16 };

static uint64_t run(uint64_t rounds) {
  uint64_t *keys = (uint64_t *)arena, *values = keys + SLOTS, sum = 0, seed = 7;
  for (uint32_t i = 0; i < 2 * SLOTS; i++) keys[i] = 0;
  while (rounds--) {
    uint64_t key = (next_random(&seed) & 0x7fff) + 1, slot = (key * 0x9e3779b97f4a7c15ull) >> 48;
    while (keys[slot] && keys[slot] != key) slot = (slot + 1) & (SLOTS - 1);
    keys[slot] = key;
    sum += ++values[slot];
  }
  return sum;
}

PROGRAM("hashmap", "integer", 0, run, 60000000);
