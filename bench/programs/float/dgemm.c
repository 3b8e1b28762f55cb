// Product of matrices of doubles, its inner loop along rows.
#include "bench.h"

enum { SIDE = 192 };
typedef double matrix[SIDE][SIDE];
#define A (((matrix *)arena)[0])
#define B (((matrix *)arena)[1])
#define C (((matrix *)arena)[2])

static void prepare(void) {
  for (int i = 0; i < SIDE; i++) for (int j = 0; j < SIDE; j++) { A[i][j] = (i + 2 * j) % 17 / 16.0; B[i][j] = (3 * i + j) % 13 / 12.0; C[i][j] = 0; }
}

static uint64_t run(uint64_t rounds) {
  while (rounds--)
    for (int i = 0; i < SIDE; i++) for (int k = 0; k < SIDE; k++) {
      double factor = A[i][k], *restrict to = C[i];
      const double *restrict from = B[k];
      for (int j = 0; j < SIDE; j++) to[j] += factor * from[j];
    }
  uint64_t sum = 0;
  for (int i = 0; i < SIDE; i++) sum = mix_double(sum, C[i][(i * 7) % SIDE]);
  return sum;
}

PROGRAM("dgemm", "float", prepare, run, 50);
