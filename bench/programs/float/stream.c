// STREAM's four kernels over three arrays that fit no cache: memory bandwidth.
#include "bench.h"

enum { COUNT = ARENA_BYTES / 4 / sizeof(double) };
#define A ((double *)arena)
#define B (A + COUNT)
#define C (B + COUNT)

static void prepare(void) {
  for (uint32_t i = 0; i < COUNT; i++) { A[i] = 1 + i % 7; B[i] = 2; C[i] = 0; }
}

static uint64_t run(uint64_t rounds) {
  double *restrict a = A, *restrict b = B, *restrict c = C;
  while (rounds--) {
    for (uint32_t i = 0; i < COUNT; i++) c[i] = a[i];
    for (uint32_t i = 0; i < COUNT; i++) b[i] = 0.25 * c[i];
    for (uint32_t i = 0; i < COUNT; i++) c[i] = a[i] + b[i];
    for (uint32_t i = 0; i < COUNT; i++) a[i] = b[i] + 0.5 * c[i];
  }
  uint64_t sum = 0;
  for (uint32_t i = 0; i < COUNT; i += 4099) sum = mix_double(sum, a[i] + b[i] + c[i]);
  return sum;
}

PROGRAM("stream", "float", prepare, run, 20);
