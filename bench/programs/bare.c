// Without an operating system: runs the program that the command line names. COM1 gets what linux.c prints, less the seconds, for there is no clock.
#include "bench.h"

static void put(char c) { __asm__ volatile("outb %0, %1" : : "a"(c), "Nd"((uint16_t)0x3f8)); }
static void print(const char *text) { while (*text) put(*text++); }

uint8_t bench_main(const char *command_line) {
  // some loaders put the kernel's file name in front: the last word counts
  const char *word = command_line;
  for (const char *c = command_line; *c; c++) if (*c == ' ' && c[1] && c[1] != ' ') word = c + 1;
  uint64_t rounds;
  const struct program *program = find_program(word, &rounds);
  if (!program) {
    print("no such program\n");
    return 1;
  }
  if (program->prepare) program->prepare();
  print("START ");
  print(program->name);
  put('\n');
  uint64_t checksum = program->run(rounds);
  print("RESULT ");
  print(program->name);
  print(" - ");
  for (int shift = 60; shift >= 0; shift -= 4) put("0123456789abcdef"[(checksum >> shift) & 15]);
  put('\n');
  return 0;
}

// gcc may call these even without a library
void *memset(void *to, int value, unsigned long count) {
  void *at = to;
  __asm__ volatile("rep stosb" : "+D"(at), "+c"(count) : "a"(value) : "memory");
  return to;
}
void *memcpy(void *to, const void *from, unsigned long count) {
  void *at = to;
  __asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(count) : : "memory");
  return to;
}
