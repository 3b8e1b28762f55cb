// fork, exec and wait: address spaces made, changed and taken down.
#include "system.h"

static uint64_t run(uint64_t rounds) {
  uint64_t sum = 0;
  while (rounds--) {
    pid_t child = fork_or_fail();
    if (child == 0) {
      execl(program_path, program_path, "--nothing", (char *)0);
      fail("exec");
    }
    int status;
    if (waitpid(child, &status, 0) != child) fail("waitpid");
    sum += WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  return sum;
}

PROGRAM("fork-exec", "system", 0, run, 300);
