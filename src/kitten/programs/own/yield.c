// yield_to: of two threads that are ready the later one runs first, if it is named. On one core.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define YIELD_TO 500
static volatile int tids[3], go, order[3], count;

static void *work(void *which) {
  int self = (int)(long)which;
  tids[self] = gettid();
  while (!go) sched_yield();
  order[count++] = self;
  return 0;
}

int main(void) {
  pthread_t threads[3];
  for (long at = 0; at < 3; at++) pthread_create(&threads[at], 0, work, (void *)at);
  while (!tids[0] || !tids[1] || !tids[2]) sched_yield();
  go = 1;
  long answer = syscall(YIELD_TO, getpid(), tids[1]);
  printf("%ld, first %d of %d\n", answer, order[0], count > 0);
  for (int at = 0; at < 3; at++) pthread_join(threads[at], 0);
  printf("oneself %ld", syscall(YIELD_TO, 0, gettid()));
  answer = syscall(YIELD_TO, 0, 99999);
  printf(", nobody %s", strerrorname_np(errno));
  answer = syscall(YIELD_TO, 1, gettid());
  printf(", of another process %s\n", strerrorname_np(errno));
}
