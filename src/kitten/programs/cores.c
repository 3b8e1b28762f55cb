// Several cores at once: affinity, tasks that change cores, signals to and faults of threads that run elsewhere, TLBs, atomics, the end of a process whose threads run. Right on one core too.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
static int cpus[64], count;
static void pin(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  if (sched_setaffinity(0, sizeof set, &set)) perror("sched_setaffinity");
}
static atomic_int ready, stop, hits, faults;
static atomic_long total;
static char *page;
static __thread sigjmp_buf back;
static void hit(int signal) { (void)signal; hits++; }
static void fault(int signal) { (void)signal; faults++; siglongjmp(back, 1); }
static void *spin(void *cpu) { pin((int)(long)cpu); ready++; while (!stop); return 0; }
static void *touch(void *cpu) {
  pin((int)(long)cpu);
  ready++;
  while (!stop) if (sigsetjmp(back, 1) == 0) while (!stop) (*(volatile char *)page)++;
    else while (!stop && faults > hits);
  return 0;
}
static struct { char pad[62]; long wide; } __attribute__((packed, aligned(64))) *split;
static void *add(void *cpu) {
  pin((int)(long)cpu);
  for (int i = 0; i < 20000; i++) total++;
  for (int i = 0; i < 200; i++) __asm__ volatile("lock addq $1, %0" : "+m"(split->wide)); // across two cache lines
  return 0;
}
static void *ring(void *seed) {
  long wrong = 0, own = (long)seed * 1000003;
  for (int i = 0; i < 2000; i++) {
    pin(cpus[(i + (int)(long)seed) % count]);
    wrong += sched_getcpu() != cpus[(i + (int)(long)seed) % count];
    own = own * 31 + i;
  }
  return (void *)(wrong + (own == 0));
}
int main(void) {
  cpu_set_t all;
  sched_getaffinity(0, sizeof all, &all);
  for (int cpu = 0; cpu < 64 && count < 4; cpu++) if (CPU_ISSET(cpu, &all)) cpus[count++] = cpu;
  cpu_set_t none;
  CPU_ZERO(&none);
  printf("no core: %s\n", sched_setaffinity(0, sizeof none, &none) ? strerror(errno) : "done");
  long wrong = 0;
  for (int i = 0; i < 5000; i++) { pin(cpus[i % count]); wrong += sched_getcpu() != cpus[i % count]; }
  printf("ring: %ld wrong\n", wrong);
  pthread_t t[4];
  void *result;
  for (long i = 0; i < 4; i++) pthread_create(&t[i], 0, ring, (void *)(i + 1));
  wrong = 0;
  for (int i = 0; i < 4; i++) { pthread_join(t[i], &result); wrong += (long)result; }
  printf("four rings: %ld wrong\n", wrong);
  // LOCK
  split = aligned_alloc(64, 128);
  memset(split, 0, 128);
  for (long i = 0; i < 4; i++) pthread_create(&t[i], 0, add, (void *)(long)cpus[i % count]);
  for (int i = 0; i < 4; i++) pthread_join(t[i], 0);
  printf("total %ld, split %ld\n", (long)total, split->wide);
  // signals to a thread that runs
  signal(SIGUSR1, hit);
  pin(cpus[0]);
  pthread_create(&t[0], 0, spin, (void *)(long)cpus[count - 1]);
  while (!ready) sched_yield();
  for (int i = 1; i <= 100; i++) { pthread_kill(t[0], SIGUSR1); while (hits < i) sched_yield(); }
  stop = 1;
  pthread_join(t[0], 0);
  printf("hits %d\n", (int)hits);
  // rights of a page that another core uses
  struct sigaction action = { .sa_handler = fault, .sa_flags = SA_NODEFER };
  sigaction(SIGSEGV, &action, 0);
  page = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  stop = ready = hits = 0;
  pthread_create(&t[0], 0, touch, (void *)(long)cpus[count - 1]);
  while (!ready) sched_yield();
  for (int i = 1; i <= 100; i++) {
    mprotect(page, 4096, PROT_READ);
    while (faults < i) sched_yield();
    mprotect(page, 4096, PROT_READ | PROT_WRITE);
    hits = i;
  }
  stop = 1;
  pthread_join(t[0], 0);
  printf("faults %d\n", (int)faults);
  // what a fork copies while others write
  stop = ready = 0;
  pthread_create(&t[0], 0, spin, (void *)(long)cpus[count - 1]);
  while (!ready) sched_yield();
  int sum = 0;
  for (int i = 0; i < 20; i++) {
    pid_t pid = fork();
    if (pid == 0) _exit(i);
    int status;
    waitpid(pid, &status, 0);
    sum += WEXITSTATUS(status);
  }
  printf("children %d\n", sum);
  // threads that run when their process ends, is stopped, or becomes another program
  for (int how = 0; how < 4; how++) {
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
      stop = ready = 0;
      for (long i = 0; i < 3; i++) pthread_create(&t[i], 0, spin, (void *)(long)cpus[i % count]);
      while (ready < 3) sched_yield();
      if (how == 0) exit(7);
      if (how == 1) execl("/bin/sh", "sh", "-c", "exit 8", (char *)0);
      for (;;) pause();
    }
    int status, stopped = 0;
    usleep(20000);
    if (how == 2) kill(pid, SIGKILL);
    if (how == 3) {
      kill(pid, SIGSTOP);
      waitpid(pid, &stopped, WUNTRACED);
      kill(pid, SIGCONT);
      usleep(5000);
      kill(pid, SIGTERM);
    }
    waitpid(pid, &status, 0);
    printf("end %d: exited %d signal %d stopped %d\n", how, WIFEXITED(status) ? WEXITSTATUS(status) : -1, WIFSIGNALED(status) ? WTERMSIG(status) : 0, WIFSTOPPED(stopped));
  }
  stop = 1;
  pthread_join(t[0], 0);
  return 0;
}
