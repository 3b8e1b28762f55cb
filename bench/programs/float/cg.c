// Conjugate gradients for a five-point stencil: sums that depend on each other, and neighbours in memory.
#include "bench.h"

enum { SIDE = 256, ROW = SIDE + 2, COUNT = ROW * ROW };
#define X ((double *)arena)
#define R (X + COUNT)
#define P (R + COUNT)
#define Q (P + COUNT)
#define INNER(at) for (int row = 1; row <= SIDE; row++) for (int at = row * ROW + 1; at <= row * ROW + SIDE; at++)

static uint64_t run(uint64_t rounds) {
  double *x = X, *r = R, *p = P, *q = Q, rr = 0;
  for (int i = 0; i < 4 * COUNT; i++) x[i] = 0;
  INNER(i) { r[i] = p[i] = i % 11 / 10.0; rr += r[i] * r[i]; }
  while (rounds--) {
    double pq = 0, next = 0;
    INNER(i) { q[i] = 4.001 * p[i] - p[i - 1] - p[i + 1] - p[i - ROW] - p[i + ROW]; pq += p[i] * q[i]; }
    double alpha = rr / pq;
    INNER(i) { x[i] += alpha * p[i]; r[i] -= alpha * q[i]; next += r[i] * r[i]; }
    double beta = next / rr;
    rr = next;
    INNER(i) p[i] = r[i] + beta * p[i];
  }
  uint64_t sum = mix_double(0, rr);
  for (int i = 0; i < COUNT; i += 97) sum = mix_double(sum, x[i]);
  return sum;
}

PROGRAM("cg", "float", 0, run, 1200);
