// First touches of fresh pages of 4 KB, 32 MB at a time: faults, zeroed pages, page tables.
#define _GNU_SOURCE
#include "system.h"
#include <sys/mman.h>

enum { BYTES = 32 << 20, PAGE = 4096 };

static uint64_t run(uint64_t rounds) {
  uint64_t sum = 0;
  while (rounds--) {
    uint8_t *pages = mmap(0, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) fail("mmap");
    madvise(pages, BYTES, MADV_NOHUGEPAGE);
    for (uint32_t at = 0; at < BYTES; at += PAGE) { sum += pages[at] + 1u; pages[at] = 1; }
    munmap(pages, BYTES);
  }
  return sum;
}

PROGRAM("page-fault", "system", 0, run, 8);
