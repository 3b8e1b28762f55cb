// Counts the ways to place n queens: recursion with bit masks.
#include "bench.h"

static uint64_t place(uint32_t all, uint32_t columns, uint32_t left, uint32_t right) {
  if (columns == all) return 1;
  uint64_t count = 0;
  for (uint32_t open = all & ~(columns | left | right); open; open &= open - 1) {
    uint32_t bit = open & -open;
    count += place(all, columns | bit, (left | bit) << 1, (right | bit) >> 1);
  }
  return count;
}

static uint64_t run(uint64_t rounds) {
  uint64_t sum = 0;
  while (rounds--) sum = sum * 3 + place((1u << (9 + rounds % 2)) - 1, 0, 0, 0);
  return sum;
}

PROGRAM("queens", "integer", 0, run, 800);
