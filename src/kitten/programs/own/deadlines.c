// SCHED_DEADLINE: parameters, admission, what it promises. Times are judged coarsely: the host may be busy.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct attributes { uint32_t size, policy; uint64_t flags; int32_t nice; uint32_t priority; uint64_t runtime, deadline, period; };
#define MS 1000000ull

static const char *name(long result) { return result == 0 ? "0" : strerrorname_np(errno); }
static long set(int tid, uint64_t flags, uint64_t runtime, uint64_t deadline, uint64_t period) {
  struct attributes attributes = { sizeof attributes, 6, flags, 0, 0, runtime, deadline, period };
  return syscall(SYS_sched_setattr, tid, &attributes, 0);
}
static long unset(int tid) {
  struct attributes attributes = { .size = sizeof attributes };
  return syscall(SYS_sched_setattr, tid, &attributes, 0);
}
static double now(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static void parameters(void) {
  struct attributes attributes;
  printf("too short %s\n", name(set(0, 0, 1000, 10 * MS, 10 * MS)));
  printf("no deadline %s\n", name(set(0, 0, MS, 0, 10 * MS)));
  printf("more than the deadline %s\n", name(set(0, 0, 2 * MS, MS, 10 * MS)));
  printf("deadline behind the period %s\n", name(set(0, 0, MS, 20 * MS, 10 * MS)));
  printf("negative %s\n", name(set(0, 0, MS, 1ull << 63, 1ull << 63)));
  printf("unknown flag %s\n", name(set(0, 1ull << 20, MS, 10 * MS, 10 * MS)));
  printf("flags %s\n", name(syscall(SYS_sched_setattr, 0, &attributes, 1)));
  printf("nowhere %s %s\n", name(syscall(SYS_sched_setattr, 0, 0, 0)), name(syscall(SYS_sched_setattr, 0, (void *)8, 0)));
  attributes = (struct attributes){ .size = 40 };
  long short_size = syscall(SYS_sched_setattr, 0, &attributes, 0);
  printf("short struct %s\n", name(short_size));
  printf("nobody %s\n", name(set(99999, 0, MS, 10 * MS, 10 * MS)));
  printf("set %s\n", name(set(0, 0, 2 * MS, 10 * MS, 0)));
  memset(&attributes, 0xff, sizeof attributes);
  printf("get %s", name(syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0)));
  printf(" %u %u %llu %d %u %llu %llu %llu\n", attributes.size, attributes.policy, (unsigned long long)attributes.flags, attributes.nice, attributes.priority, (unsigned long long)attributes.runtime,
    (unsigned long long)attributes.deadline, (unsigned long long)attributes.period);
  printf("get too little %s, flags %s\n", name(syscall(SYS_sched_getattr, 0, &attributes, 47, 0)), name(syscall(SYS_sched_getattr, 0, &attributes, 48, 1)));
  printf("policy %d\n", sched_getscheduler(0));
  printf("fork %s\n", name(fork()));
  cpu_set_t first;
  CPU_ZERO(&first);
  CPU_SET(0, &first);
  if (sysconf(_SC_NPROCESSORS_ONLN) > 1) printf("affinity %s\n", name(sched_setaffinity(0, sizeof first, &first)));
  else printf("affinity EBUSY\n");
  printf("unset %s %d\n", name(unset(0)), sched_getscheduler(0));
  printf("reset on fork %s\n", name(set(0, 1, 2 * MS, 10 * MS, 10 * MS)));
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) _exit(sched_getscheduler(0));
  int status;
  waitpid(child, &status, 0);
  printf("child's policy %d\n", WEXITSTATUS(status));
  unset(0);
}

static volatile int ended;
static void *sleeper(void *tid) {
  *(volatile int *)tid = gettid();
  while (!ended) usleep(1000);
  return 0;
}
static void admission(void) {
  int cores = sysconf(_SC_NPROCESSORS_ONLN);
  pthread_t threads[cores + 1];
  int tids[cores + 1];
  memset(tids, 0, sizeof tids);
  for (int at = 0; at <= cores; at++) pthread_create(&threads[at], 0, sleeper, &tids[at]);
  for (int at = 0; at <= cores; at++) while (!((volatile int *)tids)[at]) usleep(100);
  int admitted = 0;
  for (int at = 0; at < cores; at++) admitted += set(tids[at], 0, 90 * MS, 100 * MS, 100 * MS) == 0;
  printf("one for each core: %s\n", admitted == cores ? "admitted" : "not all");
  printf("one more %s\n", name(set(tids[cores], 0, 90 * MS, 100 * MS, 100 * MS)));
  unset(tids[0]);
  usleep(300000); // Linux keeps the time of who leaves until its deadline
  printf("in another's place %s\n", name(set(tids[cores], 0, 90 * MS, 100 * MS, 100 * MS)));
  ended = 1;
  for (int at = 0; at <= cores; at++) pthread_join(threads[at], 0);
  usleep(300000);
  printf("when they are gone %s\n", name(set(0, 0, 90 * MS, 100 * MS, 100 * MS)));
  unset(0);
  usleep(300000);
}

/** A task that gives up the rest of its time begins again with its next period. */
static void periods(void) {
  set(0, 0, 5 * MS, 20 * MS, 20 * MS);
  sched_yield();
  double from = now(CLOCK_MONOTONIC);
  for (int period = 0; period < 10; period++) sched_yield();
  double seconds = now(CLOCK_MONOTONIC) - from;
  unset(0);
  printf("ten periods of 20 ms: %s\n", seconds > 0.17 ? "as long" : "not as long");
}
/** Who uses more than it was promised waits. */
static void limit(void) {
  set(0, 0, 5 * MS, 50 * MS, 50 * MS);
  double from = now(CLOCK_MONOTONIC), used = now(CLOCK_THREAD_CPUTIME_ID);
  while (now(CLOCK_MONOTONIC) - from < 0.5) for (volatile int spin = 0; spin < 1000; spin++);
  double share = (now(CLOCK_THREAD_CPUTIME_ID) - used) / (now(CLOCK_MONOTONIC) - from);
  unset(0);
  printf("a tenth of the time: %s\n", share < 0.3 ? "no more than that" : "more");
}
/** A task of the class comes before others on whatever core, and leaves them the rest. */
static volatile long turns;
static volatile int over;
static void *other(void *nothing) {
  while (!over) turns++;
  return nothing;
}
static void both(void) {
  int cores = sysconf(_SC_NPROCESSORS_ONLN);
  pthread_t threads[cores];
  for (int at = 0; at < cores; at++) pthread_create(&threads[at], 0, other, 0);
  set(0, 0, 10 * MS, 40 * MS, 40 * MS);
  long before = turns;
  for (int period = 0; period < 5; period++) {
    for (volatile int spin = 0; spin < 100; spin++);
    sched_yield();
  }
  printf("beside others: %s\n", turns > before ? "both go on" : "somebody waits");
  over = 1;
  for (int at = 0; at < cores; at++) pthread_join(threads[at], 0);
  unset(0);
}

int main(void) {
  parameters();
  admission();
  periods();
  limit();
  both();
  printf("done\n");
}
