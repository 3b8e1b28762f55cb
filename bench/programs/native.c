// Native side: the same programs as a process of the host.
#include "bench.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

int main(int argc, char **argv) {
  for (unsigned i = 0; i < program_count; i++) {
    if (argc > 1 && strcmp(argv[1], programs[i].name)) continue;
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    uint64_t checksum = programs[i].run(programs[i].rounds);
    clock_gettime(CLOCK_MONOTONIC, &to);
    printf("RESULT %s %016llx %.6f\n", programs[i].name, (unsigned long long)checksum, (to.tv_sec - from.tv_sec) + (to.tv_nsec - from.tv_nsec) / 1e9);
  }
  return 0;
}
