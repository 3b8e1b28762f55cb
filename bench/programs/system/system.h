// What the system programs share. They use the library, and run in processes only.
#pragma once
#include "../bench.h"
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/** How this program was called, to call it again. */
extern const char *program_path;

/** Ends with a message about the system call that failed. */
void fail(const char *call) __attribute__((noreturn));

static inline pid_t fork_or_fail(void) {
  pid_t child = fork();
  if (child < 0) fail("fork");
  return child;
}
