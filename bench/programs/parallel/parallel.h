// Programs on all processors that they may use: with one it is the same work, done by one thread.
#pragma once
#define _GNU_SOURCE
#include "../bench.h"
#include "../system/system.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { MOST = 16 };

/** Runs `work` on a thread of its own on each processor that this process may use, at most `most`, and waits for all. @returns how many */
static inline int on_processors(int most, void *(*work)(void *)) {
  cpu_set_t allowed;
  pthread_t threads[MOST];
  int count = 0;
  if (sched_getaffinity(0, sizeof allowed, &allowed)) fail("sched_getaffinity");
  for (int cpu = 0; cpu < CPU_SETSIZE && count < most && count < MOST; cpu++) {
    if (!CPU_ISSET(cpu, &allowed)) continue;
    cpu_set_t here;
    CPU_ZERO(&here);
    CPU_SET(cpu, &here);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setaffinity_np(&attributes, sizeof here, &here);
    if (pthread_create(&threads[count], &attributes, work, (void *)(intptr_t)count)) fail("pthread_create");
    count++;
  }
  for (int i = 0; i < count; i++) pthread_join(threads[i], 0);
  return count;
}
