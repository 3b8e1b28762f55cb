// Segments by name between processes: made, attached, read only, removed. With an argument: one side of two Kittens that work together on one.
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS 1000000
static void *make(const char *name, size_t bytes) { return (void *)syscall(501, name, bytes); }
static void *attach(const char *name, unsigned flags, uint64_t *bytes) { return (void *)syscall(502, name, flags, bytes); }
static long detach(void *address) { return syscall(503, address); }
static long removed(const char *name) { return syscall(504, name); }
static const char *error(void) { return strerrorname_np(errno); }

static sigjmp_buf back;
static void fault(int signal) { siglongjmp(back, signal); }

static void alone(void) {
  char *a = make("grid", 3 * 4096 + 1);
  uint64_t bytes;
  strcpy(a + 8192, "hello");
  if (make("grid", 1) == (void *)-1) printf("again %s\n", error());
  if (attach("nothing", 0, 0) == (void *)-1) printf("unknown %s\n", error());
  if (make("large", 1ull << 40) == (void *)-1) printf("too large %s\n", error());
  if (make("", 1) == (void *)-1) printf("no name %s\n", error());
  if (attach((char *)8, 0, 0) == (void *)-1) printf("nowhere %s\n", error());
  fflush(stdout);
  if (fork() == 0) {
    a[1] = 'f'; // inherited
    char *b = attach("grid", 1, &bytes);
    printf("child: %llu bytes, %s\n", (unsigned long long)bytes, b + 8192);
    signal(SIGSEGV, fault);
    if (sigsetjmp(back, 1) == 0) b[0] = 1;
    else printf("read only: fault\n");
    int answer = mprotect(b, 4096, PROT_READ | PROT_WRITE);
    printf("made writable: %d %s\n", answer, error());
    answer = mprotect(a, 4096, PROT_READ | PROT_EXEC);
    printf("executable: %d %s\n", answer, error());
    char *c = attach("grid", 0, 0);
    c[2] = 'c';
    printf("detached %ld", detach(c));
    printf(", once more %ld\n", detach(c));
    exit(0);
  }
  wait(0);
  printf("parent: %c%c\n", a[1], a[2]);
  printf("removed %ld", removed("grid"));
  if (attach("grid", 0, 0) == (void *)-1) printf(", then %s\n", error());
  printf("kept: %s\n", a + 8192);
  detach(a);
  for (int round = 0; round < 200; round++) { // nothing is lost
    char *b = make("again", 20 << 20);
    if (b == (void *)-1 || b[0] || b[(20 << 20) - 1]) printf("round %d\n", round);
    b[0] = b[(20 << 20) - 1] = 1;
    removed("again");
    munmap(b, 20 << 20);
  }
}

struct shared { _Atomic int turn; int64_t sum; int32_t words[WORDS]; };
static void producer(void) {
  struct shared *shared = make("work", sizeof *shared);
  for (int at = 0; at < WORDS; at++) shared->words[at] = at * 7;
  shared->turn = 1;
  while (shared->turn != 2) usleep(1000);
  printf("sum %lld\n", (long long)shared->sum);
}
static void consumer(void) {
  struct shared *shared;
  while ((shared = attach("work", 0, 0)) == (void *)-1) usleep(1000);
  while (shared->turn != 1) usleep(1000);
  int64_t sum = 0;
  for (int at = 0; at < WORDS; at++) sum += shared->words[at];
  shared->sum = sum;
  shared->turn = 2;
  long answer = removed("work");
  printf("not mine: %ld %s\n", answer, error());
}

int main(int count, char **words) {
  if (count < 2) alone();
  else if (words[1][0] == 'p') producer();
  else consumer();
}
