// The Mandelbrot set: scalar arithmetic on doubles in registers, a comparison per step.
#include "bench.h"

enum { WIDTH = 160, HEIGHT = 120, LIMIT = 250 };

static uint64_t run(uint64_t rounds) {
  uint64_t sum = 0;
  while (rounds--)
    for (int row = 0; row < HEIGHT; row++) for (int column = 0; column < WIDTH; column++) {
      double cr = column * (3.0 / WIDTH) - 2.2, ci = row * (2.4 / HEIGHT) - 1.2 + rounds * 1e-6, zr = 0, zi = 0;
      int steps = 0;
      while (steps < LIMIT && zr * zr + zi * zi < 4) {
        double t = zr * zr - zi * zi + cr;
        zi = 2 * zr * zi + ci;
        zr = t;
        steps++;
      }
      sum = sum * 31 + (uint64_t)steps;
    }
  return sum;
}

PROGRAM("mandelbrot", "float", 0, run, 45);
