// Gravitation between eight bodies: square roots and divisions, all in the first-level cache.
#include "bench.h"

enum { BODIES = 8 };
static struct body { double at[3], speed[3], mass; } bodies[BODIES];

static void prepare(void) {
  uint64_t seed = 5;
  for (int i = 0; i < BODIES; i++) {
    for (int k = 0; k < 3; k++) { bodies[i].at[k] = (next_random(&seed) & 0xffff) / 4096.0; bodies[i].speed[k] = (next_random(&seed) & 0xffff) / 1e6; }
    bodies[i].mass = 1 + i / 8.0;
  }
}

static void step(double dt) {
  for (int i = 0; i < BODIES; i++) for (int j = i + 1; j < BODIES; j++) {
    struct body *a = &bodies[i], *b = &bodies[j];
    double dx = a->at[0] - b->at[0], dy = a->at[1] - b->at[1], dz = a->at[2] - b->at[2];
    double square = dx * dx + dy * dy + dz * dz + 0.01, pull = dt / (square * __builtin_sqrt(square));
    a->speed[0] -= dx * b->mass * pull; a->speed[1] -= dy * b->mass * pull; a->speed[2] -= dz * b->mass * pull;
    b->speed[0] += dx * a->mass * pull; b->speed[1] += dy * a->mass * pull; b->speed[2] += dz * a->mass * pull;
  }
  for (int i = 0; i < BODIES; i++) for (int k = 0; k < 3; k++) bodies[i].at[k] += dt * bodies[i].speed[k];
}

static uint64_t run(uint64_t rounds) {
  while (rounds--) step(0.001);
  return mix_bytes(0, bodies, sizeof bodies);
}

PROGRAM("nbody", "float", prepare, run, 1000000);
