// What both sides share: the arena, and finding a program by name.
#include "bench.h"

uint8_t arena[ARENA_BYTES] __attribute__((aligned(1 << 21)));

const struct program *find_program(const char *word, uint64_t *rounds) {
  for (const struct program *const *each = __start_programs; each < __stop_programs; each++) {
    const char *a = (*each)->name, *b = word;
    while (*a && *a == *b) { a++; b++; }
    if (*a || (*b && *b != ' ' && *b != '@')) continue;
    uint64_t percent = 0;
    if (*b == '@') while (*++b >= '0' && *b <= '9') percent = percent * 10 + (uint64_t)(*b - '0');
    *rounds = percent ? (*each)->rounds * percent / 100 : (*each)->rounds;
    if (*rounds == 0) *rounds = 1;
    return *each;
  }
  return 0;
}
