// A byte to another process and back: blocking reads, wake-ups and switches of address spaces.
#include "system.h"

static uint64_t run(uint64_t rounds) {
  int to[2], back[2];
  if (pipe(to) || pipe(back)) fail("pipe");
  pid_t child = fork_or_fail();
  uint8_t byte = 0;
  if (child == 0) {
    close(to[1]);
    while (read(to[0], &byte, 1) == 1) { byte++; if (write(back[1], &byte, 1) != 1) break; }
    _exit(0);
  }
  uint64_t sum = 0;
  while (rounds--) {
    if (write(to[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1) fail("pipe");
    sum += byte;
  }
  close(to[1]);
  waitpid(child, 0, 0);
  return sum;
}

PROGRAM("pipe", "system", 0, run, 20000);
