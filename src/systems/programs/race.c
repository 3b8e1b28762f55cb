// Threads whose result depends on how they are interleaved: increments that get lost, a lock whose winner is chance, the clock, random numbers.
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>

enum { THREADS = 4, TURNS = 200000 };
static volatile uint64_t lost, won[THREADS];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static uint64_t order = 14695981039346656037u;

static void *work(void *which) {
  uint64_t mine = (uint64_t)which, random;
  for (int i = 0; i < TURNS; i++) {
    lost = lost + 1;
    if (i % 64) continue;
    pthread_mutex_lock(&mutex);
    won[mine]++;
    order = (order ^ mine) * 1099511628211u;
    if (i % 4096 == 0) {
      struct timespec now;
      clock_gettime(CLOCK_MONOTONIC, &now);
      if (getrandom(&random, sizeof random, 0) == sizeof random) order ^= random ^ (uint64_t)now.tv_nsec;
    }
    pthread_mutex_unlock(&mutex);
    if (i % 1024 == 0) sched_yield();
  }
  return 0;
}

int main(void) {
  pthread_t threads[THREADS];
  for (uint64_t i = 0; i < THREADS; i++) pthread_create(&threads[i], 0, work, (void *)i);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], 0);
  printf("RACE %llu of %d, order %016llx\n", (unsigned long long)lost, THREADS * TURNS, (unsigned long long)order);
  return 0;
}
