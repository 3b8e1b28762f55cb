// Sieve of Eratosthenes over bytes: short loops with strides, stores that fit the second-level cache.
#include "bench.h"

enum { COUNT = 1 << 20 };

static uint64_t run(uint64_t rounds) {
  uint64_t primes = 0;
  while (rounds--) {
    for (uint32_t i = 0; i < COUNT; i++) arena[i] = 1;
    for (uint32_t i = 2; i * i < COUNT; i++)
      if (arena[i]) for (uint32_t j = i * i; j < COUNT; j += i) arena[j] = 0;
    for (uint32_t i = 2; i < COUNT; i++) primes += arena[i];
  }
  return primes;
}

PROGRAM("sieve", "integer", 0, run, 140);
