// Follows pointers through 64 MB in random order: latency of memory and of address translation.
#include "bench.h"

enum { LINE = 64, NODES = ARENA_BYTES / LINE };

// one cycle through all nodes (Sattolo's shuffle); a node's first word is the next one's offset
static void prepare(void) {
  uint64_t seed = 9;
  for (uint32_t i = 0; i < NODES; i++) *(uint32_t *)(arena + (uint64_t)i * LINE) = i * LINE;
  for (uint32_t i = NODES - 1; i > 0; i--) {
    uint32_t *a = (uint32_t *)(arena + (uint64_t)i * LINE), *b = (uint32_t *)(arena + (uint64_t)(next_random(&seed) % i) * LINE), t = *a;
    *a = *b;
    *b = t;
  }
}

static uint64_t run(uint64_t rounds) {
  uint32_t at = 0;
  uint64_t sum = 0;
  while (rounds--) sum += at = *(uint32_t *)(arena + at);
  return sum;
}

PROGRAM("chase", "memory", prepare, run, 1000000);
