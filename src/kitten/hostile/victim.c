// A program that notices when anything is wrong: the same work again and again, with its memory compared. Prints the digest and the longest and the median time of a turn, in microseconds.
// usage: victim TURNS
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
enum { WORDS = 1 << 18, MOST = 10000 };
static uint64_t words[WORDS];
static double took[MOST];
static double now(void) { struct timespec time; clock_gettime(CLOCK_MONOTONIC, &time); return time.tv_sec * 1e6 + time.tv_nsec / 1e3; }
static int compare(const void *a, const void *b) { double d = *(const double *)a - *(const double *)b; return d < 0 ? -1 : d > 0; }
int main(int count, char **arguments) {
  int turns = count > 1 ? atoi(arguments[1]) : 100;
  uint64_t digest = 0, wrong = 0;
  for (int turn = -1; turn < turns; turn++) {
    uint64_t x = 88172645463325252ul;
    double from = now();
    for (int i = 0; i < WORDS; i++) { x ^= x << 13; x ^= x >> 7; x ^= x << 17; if (turn < 0) words[i] = x; else wrong += words[i] != x; digest = digest * 31 + words[i]; }
    if (turn >= 0) took[turn] = now() - from;
  }
  qsort(took, turns, sizeof *took, compare);
  printf("digest %016lx wrong %lu\n", digest, wrong);
  fprintf(stderr, "median %.0f longest %.0f\n", took[turns / 2], took[turns - 1]);
  return wrong != 0;
}
