// Two processes that give way to each other: context switches without anything to wait for.
#include "system.h"
#include <sched.h>

static uint64_t run(uint64_t rounds) {
  uint64_t count = 0;
  pid_t child = fork_or_fail();
  for (; count < rounds; count++) sched_yield();
  if (child == 0) _exit(0);
  waitpid(child, 0, 0);
  return count;
}

PROGRAM("yield", "system", 0, run, 60000);
