// A product of matrices, row by row on all processors: floating point on memory that all read.
#include "parallel.h"

enum { N = 192 };
static double (*const a)[N] = (void *)arena, (*const b)[N] = (void *)(arena + sizeof(double) * N * N), (*const c)[N] = (void *)(arena + 2 * sizeof(double) * N * N);
static atomic_ulong next_row;
static uint64_t rows;

static void prepare(void) {
  uint64_t seed = 1;
  for (int i = 0; i < N; i++) for (int j = 0; j < N; j++) {
    a[i][j] = next_random(&seed) / 4294967296.0 - 0.25;
    b[i][j] = next_random(&seed) / 4294967296.0 - 0.25;
  }
}

static void *work(void *unused) {
  (void)unused;
  uint64_t row;
  while ((row = atomic_fetch_add(&next_row, 1)) < rows) {
    int i = row % N;
    double line[N] = {0};
    for (int k = 0; k < N; k++) for (int j = 0; j < N; j++) line[j] += a[i][k] * b[k][j];
    for (int j = 0; j < N; j++) c[i][j] = line[j];
  }
  return 0;
}

static uint64_t run(uint64_t rounds) {
  rows = rounds * N;
  atomic_store(&next_row, 0);
  on_processors(MOST, work);
  uint64_t sum = 0;
  for (int i = 0; i < N; i++) for (int j = 0; j < N; j++) sum = mix_double(sum, c[i][j]);
  return sum;
}

PROGRAM("matrix", "parallel", prepare, run, 60);
