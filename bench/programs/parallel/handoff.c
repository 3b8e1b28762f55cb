// Two processors that take turns by a word at which both look without a pause: what one hands over costs the other.
#include "parallel.h"

static _Alignas(128) atomic_uint turn;
static uint64_t rounds_each;

static void *work(void *which) {
  uint32_t mine = (uint32_t)(intptr_t)which;
  for (uint64_t i = 0; i < rounds_each; i++) {
    while (atomic_load_explicit(&turn, memory_order_acquire) != mine) __builtin_ia32_pause();
    atomic_store_explicit(&turn, !mine, memory_order_release);
  }
  return 0;
}

static uint64_t run(uint64_t rounds) {
  rounds_each = rounds;
  atomic_store(&turn, 0);
  if (on_processors(2, work) < 2) return 0; // alone nobody hands anything over: another checksum
  return rounds * 2 + atomic_load(&turn);
}

PROGRAM("handoff", "handoff", 0, run, 1000000);
