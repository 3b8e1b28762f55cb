// The cheapest system call: the way into the kernel and back.
#include "system.h"
#include <sys/syscall.h>

static uint64_t run(uint64_t rounds) {
  long first = syscall(SYS_getpid);
  uint64_t same = 0;
  while (rounds--) same += syscall(SYS_getpid) == first;
  return same;
}

PROGRAM("getpid", "system", 0, run, 1000000);
