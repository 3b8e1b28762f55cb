// Complex fast Fourier transform, radix 2, in place, there and back.
#include "bench.h"

enum { BITS = 14, COUNT = 1 << BITS };
struct complex { double re, im; };
#define DATA ((struct complex *)arena)
#define ROOTS (DATA + COUNT)

static inline struct complex times(struct complex a, struct complex b) {
  return (struct complex){ a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re };
}

// roots of unity by halving the angle, as there is no library
static void prepare(void) {
  struct complex *roots = ROOTS, root = { -1, 0 };
  roots[0] = (struct complex){ 1, 0 };
  for (int step = COUNT / 2; step >= 1; step /= 2) {
    if (step < COUNT / 2) {
      for (int i = step; i < COUNT / 2; i += 2 * step) roots[i] = times(roots[i - step], root);
    }
    root = root.re == -1 ? (struct complex){ 0, 1 } : (struct complex){ __builtin_sqrt((1 + root.re) / 2), root.im / __builtin_sqrt(2 * (1 + root.re)) };
  }
  for (int i = 0; i < COUNT; i++) DATA[i] = (struct complex){ i % 19 - 9, i % 23 - 11 };
}

static void transform(struct complex *data, const struct complex *roots, double sign) {
  for (uint32_t i = 0, j = 0; i < COUNT; i++) {
    if (i < j) { struct complex t = data[i]; data[i] = data[j]; data[j] = t; }
    uint32_t bit = COUNT >> 1;
    while (j & bit) { j ^= bit; bit >>= 1; }
    j |= bit;
  }
  for (int half = 1; half < COUNT; half *= 2)
    for (int first = 0; first < COUNT; first += 2 * half)
      for (int k = 0; k < half; k++) {
        struct complex root = roots[k * (COUNT / 2 / half)];
        root.im *= sign;
        struct complex a = data[first + k], b = times(data[first + k + half], root);
        data[first + k] = (struct complex){ a.re + b.re, a.im + b.im };
        data[first + k + half] = (struct complex){ a.re - b.re, a.im - b.im };
      }
}

static uint64_t run(uint64_t rounds) {
  struct complex *data = DATA;
  uint64_t sum = 0;
  while (rounds--) {
    transform(data, ROOTS, 1);
    sum = mix_double(sum, data[rounds % COUNT].re);
    transform(data, ROOTS, -1);
    for (int i = 0; i < COUNT; i++) { data[i].re *= 1.0 / COUNT; data[i].im *= 1.0 / COUNT; }
  }
  return mix_double(sum, data[5].im);
}

PROGRAM("fft", "float", prepare, run, 300);
