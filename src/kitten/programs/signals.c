// Handlers, masks, alternate stacks, restarts, siginfo of faults, timers.
#define _GNU_SOURCE
#include <errno.h>
#include <fenv.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
static sigjmp_buf back;
static volatile int count, last, code;
static void *volatile address;
static volatile double before;
static void handler(int s, siginfo_t *i, void *c) {
  (void)c; count++; last = s; code = i->si_code; address = i->si_addr;
  before = before * 3.5 + 1; // floating-point state of the program must survive
}
static void jump(int s, siginfo_t *i, void *c) { handler(s, i, c); siglongjmp(back, 1); }
static char stack[65536];
static int on_stack;
static void check_stack(int s) { (void)s; char here; on_stack = &here > stack && &here < stack + sizeof stack; }
static void skip(int s, siginfo_t *i, void *c) { handler(s, i, c); ((ucontext_t *)c)->uc_mcontext.gregs[REG_RIP] += 2; }
static void set(int s, void (*f)(int, siginfo_t *, void *), int flags) {
  struct sigaction a = { .sa_sigaction = f, .sa_flags = SA_SIGINFO | flags };
  sigaction(s, &a, 0);
}
#define FAULT(what, ...) do { if (!sigsetjmp(back, 1)) { __VA_ARGS__; } printf("%s: signal %d code %d address %lx\n", what, last, code, (long)address); } while (0)
int main(void) {
  set(SIGUSR1, handler, 0);
  double x = 1.25, y = 0.1;
  raise(SIGUSR1);
  printf("raised %d code %d sum %.17g\n", count, code, x + y);
  sigset_t set1, old;
  sigemptyset(&set1);
  sigaddset(&set1, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set1, &old);
  raise(SIGUSR1); raise(SIGUSR1);
  sigpending(&old);
  printf("blocked %d pending %d\n", count, sigismember(&old, SIGUSR1));
  sigprocmask(SIG_UNBLOCK, &set1, 0);
  printf("unblocked %d\n", count);
  set(SIGSEGV, jump, 0); set(SIGFPE, jump, 0); set(SIGILL, jump, 0); set(SIGBUS, jump, 0); set(SIGTRAP, handler, 0);
  FAULT("null", *(volatile int *)8 = 1);
  char *p = mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (!sigsetjmp(back, 1)) *p = 1;
  printf("read-only: signal %d code %d at it %d\n", last, code, address == p);
  if (!sigsetjmp(back, 1)) ((void (*)(void))p)();
  printf("not executable: signal %d code %d at it %d\n", last, code, address == p);
  if (!sigsetjmp(back, 1)) *(volatile int *)0x8000000000000000 = 1;
  printf("not canonical: signal %d code %d address %lx\n", last, code, (long)address);
  volatile int zero = 0;
  if (!sigsetjmp(back, 1)) printf("%d", 1 / zero);
  printf("divide: signal %d code %d\n", last, code);
  if (!sigsetjmp(back, 1)) __builtin_trap();
  printf("ud2: signal %d code %d\n", last, code);
  if (!sigsetjmp(back, 1)) __asm__ volatile("hlt");
  printf("hlt: signal %d code %d\n", last, code);
  __asm__ volatile("int3");
  printf("int3: signal %d code %d\n", last, code);
  feenableexcept(FE_DIVBYZERO);
  volatile double d = 0;
  if (!sigsetjmp(back, 1)) printf("%g", 1 / d);
  fedisableexcept(FE_ALL_EXCEPT);
  printf("float divide: signal %d code %d\n", last, code);
  set(SIGILL, skip, 0);
  __asm__ volatile("ud2");
  printf("skipped an instruction\n");
  stack_t ss = { .ss_sp = stack, .ss_size = sizeof stack };
  printf("sigaltstack %d\n", sigaltstack(&ss, 0));
  struct sigaction a = { .sa_handler = check_stack, .sa_flags = SA_ONSTACK };
  sigaction(SIGUSR2, &a, 0);
  raise(SIGUSR2);
  sigaltstack(0, &ss);
  printf("on it %d flags %d\n", on_stack, ss.ss_flags);
  set(SIGALRM, handler, SA_RESTART);
  int fds[2];
  if (pipe(fds)) return 1;
  struct itimerval t = { .it_value = { 0, 20000 } };
  setitimer(ITIMER_REAL, &t, 0);
  set(SIGALRM, handler, 0);
  char c;
  ssize_t n = read(fds[0], &c, 1);
  printf("interrupted read %zd %s signal %d\n", n, strerror(errno), last);
  struct timespec request = { 5, 0 }, left;
  setitimer(ITIMER_REAL, &t, 0);
  int r = nanosleep(&request, &left);
  printf("interrupted sleep %d %s left %d\n", r, strerror(errno), left.tv_sec == 4);
  sigemptyset(&set1);
  sigaddset(&set1, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set1, 0);
  union sigval v = { .sival_int = 77 };
  sigqueue(getpid(), SIGUSR1, v);
  siginfo_t info;
  printf("sigwaitinfo %d", sigwaitinfo(&set1, &info));
  printf(" code %d value %d pid %d\n", info.si_code, info.si_value.sival_int, info.si_pid == getpid());
  timer_t timer;
  struct sigevent e = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 5 };
  printf("timer_create %d\n", timer_create(CLOCK_MONOTONIC, &e, &timer));
  struct itimerspec its = { .it_value = { 0, 10000000 } };
  timer_settime(timer, 0, &its, 0);
  printf("timer %d", sigwaitinfo(&set1, &info));
  printf(" code %d value %d\n", info.si_code, info.si_value.sival_int);
  request = (struct timespec){ 0, 1000 };
  printf("sigtimedwait %d %s\n", sigtimedwait(&set1, &info, &request), strerror(errno));
  sigemptyset(&old);
  alarm(1);
  printf("sigsuspend %d %s signal %d\n", sigsuspend(&old), strerror(errno), last);
  return 0;
}
