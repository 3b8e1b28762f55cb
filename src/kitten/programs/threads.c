// pthreads: creation, mutexes, conditions, thread-local storage, robust and PI mutexes, barriers, cancellation, semaphores.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER, robust, pi;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static sem_t sem;
static int counter, turn;
static __thread int mine = 5;
static void *count(void *arg) {
  mine += (int)(long)arg;
  for (int i = 0; i < 1000; i++) { pthread_mutex_lock(&mutex); counter++; pthread_mutex_unlock(&mutex); }
  pthread_barrier_wait(&barrier);
  return (void *)(long)mine;
}
static void *pong(void *arg) {
  (void)arg;
  for (int i = 0; i < 100; i++) {
    pthread_mutex_lock(&mutex);
    while (turn != 1) pthread_cond_wait(&cond, &mutex);
    turn = 0;
    pthread_cond_broadcast(&cond);
    pthread_mutex_unlock(&mutex);
  }
  return 0;
}
static void *die(void *arg) { (void)arg; pthread_mutex_lock(&robust); return 0; }
static void *lock_pi(void *arg) { (void)arg; pthread_mutex_lock(&pi); counter++; pthread_mutex_unlock(&pi); return 0; }
static void *forever(void *arg) { (void)arg; for (;;) sleep(100); return 0; }
static void *post(void *arg) { usleep(1000); sem_post(arg); return 0; }
int main(void) {
  pthread_t t[8];
  void *r;
  long sum = 0;
  pthread_barrier_init(&barrier, 0, 8);
  for (long i = 0; i < 8; i++) if (pthread_create(&t[i], 0, count, (void *)i)) return 1;
  for (int i = 0; i < 8; i++) { pthread_join(t[i], &r); sum += (long)r; }
  printf("counter %d sum %ld mine %d\n", counter, sum, mine);
  pthread_create(&t[0], 0, pong, 0);
  for (int i = 0; i < 100; i++) {
    pthread_mutex_lock(&mutex);
    turn = 1;
    pthread_cond_broadcast(&cond);
    while (turn != 0) pthread_cond_wait(&cond, &mutex);
    pthread_mutex_unlock(&mutex);
  }
  pthread_join(t[0], 0);
  printf("ping-pong done\n");
  pthread_mutexattr_t attr;
  pthread_mutexattr_init(&attr);
  pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&robust, &attr);
  pthread_create(&t[0], 0, die, 0);
  pthread_join(t[0], 0);
  int e = pthread_mutex_lock(&robust);
  printf("robust %s\n", strerror(e));
  pthread_mutex_consistent(&robust);
  pthread_mutex_unlock(&robust);
  pthread_mutexattr_init(&attr);
  pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
  printf("pi init %d\n", pthread_mutex_init(&pi, &attr));
  pthread_mutex_lock(&pi);
  for (int i = 0; i < 4; i++) pthread_create(&t[i], 0, lock_pi, 0);
  usleep(2000);
  pthread_mutex_unlock(&pi);
  for (int i = 0; i < 4; i++) pthread_join(t[i], 0);
  printf("pi counter %d\n", counter);
  pthread_create(&t[0], 0, forever, 0);
  usleep(1000);
  pthread_cancel(t[0]);
  pthread_join(t[0], &r);
  printf("canceled %d\n", r == PTHREAD_CANCELED);
  sem_init(&sem, 0, 0);
  pthread_create(&t[0], 0, post, &sem);
  printf("sem_wait %d\n", sem_wait(&sem));
  pthread_join(t[0], 0);
  struct timespec soon;
  clock_gettime(CLOCK_REALTIME, &soon);
  soon.tv_nsec += 2000000;
  if (soon.tv_nsec >= 1000000000) { soon.tv_sec++; soon.tv_nsec -= 1000000000; }
  printf("sem_timedwait %d %s\n", sem_timedwait(&sem, &soon), strerror(errno));
  pthread_mutex_lock(&mutex);
  clock_gettime(CLOCK_REALTIME, &soon);
  printf("cond_timedwait %s\n", strerror(pthread_cond_timedwait(&cond, &mutex, &soon)));
  return 0;
}
