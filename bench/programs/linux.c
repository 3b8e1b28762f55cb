// The programs as a process, or as the first process of a machine.
//   bench --list              a line "name group" per program
//   bench NAME[@PERCENT] …    runs them; for each "START name", then "RESULT name seconds checksum"
// As process 1 it runs what `bench=NAME,NAME` on the kernel's command line says, each in a process of its own, and switches off.
#define _GNU_SOURCE
#include "system/system.h"
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <termios.h>
#include <time.h>

const char *program_path;

void fail(const char *call) {
  perror(call);
  _exit(1);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/** Lines reach the host before time is taken, so that its clock can be compared. */
static void flush(void) {
  fflush(stdout);
  tcdrain(STDOUT_FILENO); // fails on pipes, where nothing is held back
}

static int run_program(const char *word) {
  uint64_t rounds;
  const struct program *program = find_program(word, &rounds);
  if (!program) {
    fprintf(stderr, "no program %s\n", word);
    return 1;
  }
  if (strcmp(program->group, "system") == 0) { // on one processor everywhere, as in the machines
    cpu_set_t here;
    CPU_ZERO(&here);
    CPU_SET(sched_getcpu(), &here);
    sched_setaffinity(0, sizeof here, &here);
  }
  if (program->prepare) program->prepare();
  printf("START %s\n", program->name);
  flush();
  double from = now();
  uint64_t checksum = program->run(rounds);
  double seconds = now() - from;
  printf("RESULT %s %.6f %016llx\n", program->name, seconds, (unsigned long long)checksum);
  flush();
  return 0;
}

static void first_process(void) {
  const char *words = getenv("bench");
  for (char *word = strtok(strdup(words ? words : ""), ","); word; word = strtok(0, ",")) {
    pid_t child = fork_or_fail();
    if (child == 0) {
      execl(program_path, program_path, word, (char *)0);
      fail("exec");
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (status) printf("FAILED %s %d\n", word, status);
  }
  flush();
  reboot(RB_POWER_OFF);
}

int main(int argc, char **argv) {
  program_path = argv[0];
  if (getpid() == 1) first_process();
  if (argc > 1 && strcmp(argv[1], "--nothing") == 0) return 0;
  if (argc > 1 && strcmp(argv[1], "--list") == 0) {
    for (const struct program *const *each = __start_programs; each < __stop_programs; each++) printf("%s %s\n", (*each)->name, (*each)->group);
    return 0;
  }
  int status = 0;
  for (int i = 1; i < argc; i++) status |= run_program(argv[i]);
  return status;
}
