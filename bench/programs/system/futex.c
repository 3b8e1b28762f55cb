// Two threads that take turns by a futex: sleeping and waking within an address space.
#define _GNU_SOURCE
#include "system.h"
#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>

static uint32_t turn;

static void take_turns(uint32_t mine, uint64_t rounds) {
  while (rounds--) {
    while (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) != mine) syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, !mine, 0, 0, 0);
    __atomic_store_n(&turn, !mine, __ATOMIC_RELEASE);
    syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
  }
}

static void *other(void *rounds) { take_turns(1, *(uint64_t *)rounds); return 0; }

static uint64_t run(uint64_t rounds) {
  pthread_t thread;
  turn = 0;
  if (pthread_create(&thread, 0, other, &rounds)) fail("pthread_create");
  take_turns(0, rounds);
  pthread_join(thread, 0);
  return rounds * 2 + turn;
}

PROGRAM("futex", "system", 0, run, 20000);
