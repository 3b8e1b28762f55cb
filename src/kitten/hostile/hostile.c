// Children that misbehave, one after the other: random jumps, wild stores, random code, random system calls, endless loops, stacks and memory without end. Each ends by a signal or by its parent's.
// usage: hostile SEED CHILDREN. Ends with status 0 when all children have ended.
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
static uint64_t state;
static uint64_t chance(void) {
  state ^= state << 13;
  state ^= state >> 7;
  return state ^= state << 17;
}
/** An address that may well mean something: the program's, the stack's, the ends of the halves, small ones. */
static uint64_t address(void) {
  static const uint64_t near[] = { 0x400000, 0x7ffffffff000, 0x7ffff7ff0000, 0, 0xffff800000000000, 0xffffffffff600000, 1ul << 47, 1ul << 32 };
  uint64_t spread = chance();
  return spread & 1 ? spread : near[spread >> 1 & 7] + (chance() & 0x1fffff) - 0x100000;
}
static void jumps(void) { ((void (*)(void))address())(); }
static void stores(void) {
  for (;;) {
    char *at = (char *)address();
    for (int i = 0; i < 100; i++) at[i] = (char)chance();
  }
}
static void code(void) {
  uint8_t *page = mmap(0, 65536, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < 65536; i++) page[i] = (uint8_t)chance();
  ((void (*)(void))(page + (chance() & 0xffff)))();
}
static void calls(void) {
  for (int i = 0; i < 3000; i++) {
    long number = (long)(chance() % 460);
    if (number == SYS_fork || number == SYS_vfork || number == SYS_clone || number == SYS_clone3) continue;
    if (number == SYS_kill || number == SYS_tkill || number == SYS_tgkill || number == SYS_exit || number == SYS_exit_group || number == SYS_pause || number == SYS_rt_sigsuspend) continue;
    syscall(number, address(), chance() & 1 ? chance() : 8, address(), chance(), address(), chance());
  }
}
static void loops(void) { for (volatile int i = 0;; i++); }
static int deep(int n) { volatile char room[4000]; memset((char *)room, n, sizeof room); return deep(n + 1) + room[n % 4000]; }
static void stacks(void) { deep(0); }
static void memory(void) { for (;;) { char *at = malloc(1 << 20); if (!at) abort(); memset(at, 1, 1 << 20); } }
static void loudly(int signal) { (void)signal; for (;;) syscall(SYS_getpid); }
static void handlers(void) { for (int signal = 1; signal < 32; signal++) sigaction(signal, &(struct sigaction){ .sa_handler = loudly, .sa_flags = SA_NODEFER }, 0); raise(SIGUSR1); }
int main(int count, char **words) {
  static void (*const deeds[])(void) = { jumps, stores, code, calls, loops, stacks, memory, handlers };
  uint64_t seed = count > 1 ? strtoul(words[1], 0, 10) : 1;
  int children = count > 2 ? atoi(words[2]) : 40;
  for (int child = 0; child < children; child++) {
    pid_t pid = fork();
    if (pid == 0) {
      state = (seed * 1000003 + child) * 0x9e3779b97f4a7c15 + 1;
      for (int i = 0; i < 5; i++) chance();
      deeds[child % (sizeof deeds / sizeof *deeds)]();
      _exit(0);
    }
    if (pid < 0) return 1;
    int status = 0;
    for (int wait = 0; wait < 20 && waitpid(pid, &status, WNOHANG) != pid; wait++) if (wait < 19) usleep(2000); else { kill(pid, SIGKILL); waitpid(pid, &status, 0); }
    if (child % 10 == 9) { printf("%d children\n", child + 1); fflush(stdout); }
  }
  return 0;
}
