// Fibonacci by its definition: calls, returns and the stack.
#include "bench.h"

static uint64_t __attribute__((noinline)) fibonacci(uint64_t n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }

static uint64_t run(uint64_t rounds) {
  uint64_t sum = 0;
  while (rounds--) sum = sum * 3 + fibonacci(26 + rounds % 2);
  return sum;
}

PROGRAM("fibonacci", "integer", 0, run, 400);
