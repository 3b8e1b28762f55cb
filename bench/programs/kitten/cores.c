// What handing over between two cores costs, and how often a core is taken away from a program. By itself, not a PROGRAM: it also runs as the first process of a Linux guest.
// usage: cores ring|futex|pipe|call [ROUNDS], cores noise [MILLISECONDS]. Prints RESULT and nanoseconds per round trip, or DETOURS and what was found.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int rounds = 100000;

static double nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e9 + now.tv_nsec;
}
static void pin(int cpu) {
  unsigned long set = 1ul << cpu;
  if (syscall(SYS_sched_setaffinity, 0, sizeof set, &set) < 0) { perror("sched_setaffinity"); exit(1); }
}

/** A task goes to the other core and comes back. */
static void ring(int count) { while (count-- > 0) { pin(1); pin(0); } }

static int ping __attribute__((aligned(64))), pong __attribute__((aligned(64)));
static void await(int *word, int wanted) {
  for (int now; (now = __atomic_load_n(word, __ATOMIC_ACQUIRE)) != wanted;) syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, now, 0, 0, 0);
}
static void tell(int *word, int value) {
  __atomic_store_n(word, value, __ATOMIC_RELEASE);
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
}
static void *futex_peer(void *count) {
  pin(1);
  for (int round = 1; round <= (int)(long)count; round++) { await(&ping, round); tell(&pong, round); }
  return 0;
}
static void futex(int count) {
  pthread_t peer;
  ping = pong = 0;
  pthread_create(&peer, 0, futex_peer, (void *)(long)count);
  for (int round = 1; round <= count; round++) { tell(&ping, round); await(&pong, round); }
  pthread_join(peer, 0);
}

static int there[2], back[2];
static void *pipe_peer(void *count) {
  char byte;
  pin(1);
  for (int round = 0; round < (int)(long)count; round++) if (read(there[0], &byte, 1) != 1 || write(back[1], &byte, 1) != 1) exit(1);
  return 0;
}
static void pipes(int count) {
  pthread_t peer;
  char byte = 0;
  if (pipe(there) || pipe(back)) exit(1);
  pthread_create(&peer, 0, pipe_peer, (void *)(long)count);
  for (int round = 0; round < count; round++) if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1) exit(1);
  pthread_join(peer, 0);
}
static void call(int count) { while (count-- > 0) syscall(SYS_getpid); }

static inline uint64_t ticks(void) {
  uint32_t low, high;
  __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
  return (uint64_t)high << 32 | low;
}
/** Selfish detour: reads the clock all the time; where two readings are far apart somebody else had the core. Counts by powers of two of microseconds. */
static void noise(int milliseconds) {
  enum { BUCKETS = 16 };
  unsigned counts[BUCKETS] = { 0 }, all = 0;
  double from = nanoseconds();
  uint64_t start = ticks(), least = ~0ull;
  for (int sample = 0; sample < 200000; sample++) { uint64_t a = ticks(), b = ticks(); if (b - a < least) least = b - a; }
  while (nanoseconds() - from < 300e6) ticks(); // compiled code is in place
  double perTick = (nanoseconds() - from) / (ticks() - start);
  uint64_t threshold = 1000 / perTick, end, last = ticks(), begin = last, lost = 0, most = 0;
  for (end = begin + (uint64_t)(milliseconds * 1e6 / perTick); last < end;) {
    uint64_t now = ticks(), gap = now - last;
    if (gap > threshold) {
      int bucket = 0;
      for (uint64_t limit = 2 * threshold; gap >= limit && bucket < BUCKETS - 1; limit *= 2) bucket++;
      counts[bucket]++;
      all++;
      lost += gap;
      if (gap > most) most = gap;
    }
    last = now;
  }
  printf("DETOURS %u lost %.4f longest %.1f least %.0f counts", all, 100.0 * lost / (last - begin), most * perTick / 1000, least * perTick);
  for (int bucket = 0; bucket < BUCKETS; bucket++) printf(" %u", counts[bucket]);
  printf("\n");
}

int main(int count, char **words) {
  static const struct { const char *name; void (*run)(int); } programs[] = { { "ring", ring }, { "futex", futex }, { "pipe", pipes }, { "call", call } };
  if (getpid() == 1) { // of a Linux guest
    int console = open("/dev/console", O_RDWR);
    for (int fd = 0; fd < 3; fd++) dup2(console, fd);
    noise(2000);
    fflush(stdout);
    sleep(1);
    reboot(RB_POWER_OFF);
  }
  if (count > 2) rounds = atoi(words[2]);
  if (count > 1 && !strcmp(words[1], "noise")) return noise(count > 2 ? rounds : 2000), 0;
  for (unsigned index = 0; count > 1 && index < sizeof programs / sizeof *programs; index++) {
    if (strcmp(words[1], programs[index].name)) continue;
    pin(0);
    programs[index].run(rounds / 2); // the engine compiles what is executed often
    double from = nanoseconds();
    programs[index].run(rounds);
    printf("RESULT %s %.1f\n", words[1], (nanoseconds() - from) / rounds);
    return 0;
  }
  return 2;
}
