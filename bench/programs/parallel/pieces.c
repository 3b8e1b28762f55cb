// Independent pieces of integer work, taken one after the other from a common counter: nothing is shared but that.
#include "parallel.h"

static atomic_ulong next_piece, sum;
static uint64_t pieces;

static void *work(void *unused) {
  (void)unused;
  uint64_t own = 0, piece;
  while ((piece = atomic_fetch_add(&next_piece, 1)) < pieces) {
    uint64_t seed = piece, odd = 0;
    for (int i = 0; i < 2000; i++) {
      uint32_t value = next_random(&seed) | 1;
      for (uint32_t steps = 0; value != 1 && steps < 100; steps++) { // Collatz
        value = value & 1 ? value * 3 + 1 : value >> 1;
        odd += value & 1;
      }
    }
    own += odd * (piece + 1);
  }
  atomic_fetch_add(&sum, own);
  return 0;
}

static uint64_t run(uint64_t rounds) {
  pieces = rounds;
  atomic_store(&next_piece, 0);
  atomic_store(&sum, 0);
  on_processors(MOST, work);
  return atomic_load(&sum);
}

PROGRAM("pieces", "parallel", 0, run, 1000);
