// Direct access between ranks: what a rank has at an address below 512 GiB, the others find (rank + 1) * 512 GiB above. Two ranks; the first one prints.
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BYTES (4 << 20)
static volatile int step, copied[3] = { 1, 2, 3 };
static volatile uintptr_t block, local;
static int rank;

static void *at(int other, const volatile void *address) { return (void *)(((uintptr_t)other + 1) << 39 | (uintptr_t)address); }
#define OF(other, variable) (*(__typeof__(&(variable)))at(other, &(variable)))
static void meet(int value) {
  step = value;
  while (OF(!rank, step) < value) usleep(200);
}
static sigjmp_buf back;
static void fault(int signal) { siglongjmp(back, signal); }
static int faults(volatile char *address) {
  signal(SIGSEGV, fault);
  if (sigsetjmp(back, 1)) return 1;
  (void)*address;
  return 0;
}

int main(void) {
  rank = atoi(getenv("PMI_RANK"));
  volatile int mine = 100 + rank;
  local = (uintptr_t)&mine;
  unsigned char *bytes = mmap(0, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int index = 0; index < BYTES; index++) bytes[index] = index * (rank + 3);
  block = (uintptr_t)bytes;
  copied[rank] = 50 + rank; // a private page of the file
  meet(1);
  long sum = 0;
  unsigned char *theirs = at(!rank, (void *)OF(!rank, block));
  for (int index = 0; index < BYTES; index++) sum += theirs[index];
  volatile int *stack = at(!rank, (void *)OF(!rank, local));
  if (rank == 0) printf("stack %d, data %d %d, sum %ld, own %d\n", *stack, OF(1, copied)[0], OF(1, copied)[1], sum, OF(0, step));
  if (rank == 0) *stack = 7;
  theirs[5] = 200 + rank;
  if (rank == 0 && write(-1, theirs, 10) < 0 && pipe((int *)bytes) == 0) printf("write of it by the kernel: %zd\n", write(((int *)bytes)[1], theirs, 10000));
  meet(2);
  if (rank == 1) printf("rank 1: stack %d, byte %d\n", mine, bytes[5]), fflush(stdout);
  meet(3);
  munmap(bytes, BYTES);
  meet(4);
  if (rank == 0) printf("unmapped: %s\n", faults((char *)theirs) ? "fault" : "there");
  fflush(stdout);
  if (fork() == 0) _exit(faults(at(!rank, &step)) ? 9 : 0); // a child is no rank
  int status;
  wait(&status);
  if (rank == 0) printf("child: %d\n", WEXITSTATUS(status)), fflush(stdout);
  meet(5);
  if (rank == 1) return 0;
  while (!faults(at(1, &step))) usleep(200);
  printf("gone with rank 1\n");
}
