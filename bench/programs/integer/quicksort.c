// Quicksort of random words: branches that nothing predicts, and recursion.
#include "bench.h"

enum { COUNT = 1 << 16 };

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

static uint64_t run(uint64_t rounds) {
  uint32_t *words = (uint32_t *)arena;
  uint64_t sum = 0, seed = 1;
  while (rounds--) {
    for (uint32_t i = 0; i < COUNT; i++) words[i] = next_random(&seed);
    sort(words, words + COUNT);
    sum += words[1000] ^ words[60000];
  }
  return sum;
}

PROGRAM("quicksort", "integer", 0, run, 36);
