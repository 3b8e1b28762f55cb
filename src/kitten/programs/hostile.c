// Greed: descriptors, processes, threads, memory, timers, bytes in sockets until there are no more; then all is given back, and work goes on.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
static const char *name(int e) { return e == 0 ? "none" : strerrorname_np(e); }
static void limit(int what, long value) { struct rlimit r = {value, value}; setrlimit(what, &r); }
static int deep(void) { volatile char big[16 << 20]; big[0] = 1; return big[0]; }
static void *stay(void *p) { pause(); return p; }
/** Does something in a process of its own. */
#define CHILD(what, ...) do { fflush(stdout); pid_t p = fork(); if (p == 0) { __VA_ARGS__; fflush(stdout); _exit(0); } int st; waitpid(p, &st, 0); \
  printf("%s: %s %d\n", what, WIFSIGNALED(st) ? "killed by" : "ended", WIFSIGNALED(st) ? WTERMSIG(st) : WEXITSTATUS(st)); } while (0)
int main(void) {
  CHILD("descriptors", limit(RLIMIT_NOFILE, 3000); int n = 0, p[2]; while (pipe(p) == 0) n += 2; printf("%d pipes' ends, then %s\n", n > 2900, name(errno)); while (dup(0) >= 0); close(100); n = dup(0); printf("dup %d again %s\n", n, dup(0) < 0 ? name(errno) : "?"));
  CHILD("pipes", limit(RLIMIT_NOFILE, 1000); int p[2], full = 0; char b[70000] = {0}; while (pipe2(p, O_NONBLOCK) == 0) if (write(p[1], b, sizeof b) == 65536) full++; printf("full %d\n", full > 490));
  CHILD("sockets", limit(RLIMIT_NOFILE, 1000); int s[2], sent = 0; char b[65536] = {0}; while (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s) == 0) while (send(s[0], b, sizeof b, 0) > 0) sent++; printf("sent %d\n", sent > 100));
  CHILD("epoll in epoll", int a = epoll_create1(0), b = epoll_create1(0); struct epoll_event e = {EPOLLIN, {0}}; epoll_ctl(a, EPOLL_CTL_ADD, b, &e); printf("circle %s\n", epoll_ctl(b, EPOLL_CTL_ADD, a, &e) < 0 ? name(errno) : "?"));
  CHILD("timers", struct sigevent e = {0}; e.sigev_notify = SIGEV_NONE; timer_t t; int n = 0; limit(RLIMIT_SIGPENDING, 200); while (n < 5000 && timer_create(CLOCK_MONOTONIC, &e, &t) == 0) n++; printf("many %d\n", n >= 150));
  CHILD("signals", signal(SIGRTMIN, SIG_IGN); sigset_t s; sigemptyset(&s); sigaddset(&s, SIGRTMIN); sigprocmask(SIG_BLOCK, &s, 0); signal(SIGRTMIN, SIG_DFL); union sigval v = {1}; int n = 0; limit(RLIMIT_SIGPENDING, 500);
    while (n < 5000 && sigqueue(getpid(), SIGRTMIN, v) == 0) n++; printf("queued some %d\n", n >= 400));
  CHILD("address space", limit(RLIMIT_AS, 400l << 20); int n = 0; while (n < 1000 && mmap(0, 10 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED) n++; printf("mapped %d, then %s\n", n > 20 && n < 41, name(errno)); printf("malloc %d\n", malloc(1l << 30) == 0));
  CHILD("huge sizes", char *p = mmap(0, 1ul << 46, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0); printf("reserved %d read %zd %s\n", p != MAP_FAILED, read(open("/dev/zero", 0), p, 1ul << 40), name(errno)));
  CHILD("mappings", char *p = mmap(0, 40000l * 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0); int n = 0; for (int i = 0; i < 20000; i++) if (mprotect(p + 8192l * i, 4096, PROT_READ | PROT_WRITE)) break; else n++; printf("split %d\n", n == 20000));
  CHILD("threads", pthread_attr_t a; pthread_attr_init(&a); pthread_attr_setstacksize(&a, 65536); pthread_t t; int n = 0; while (n < 300 && pthread_create(&t, &a, stay, 0) == 0) n++; printf("threads %d\n", n));
  CHILD("processes", setpgid(0, 0); pid_t p; int n = 0, st; while (n < 200 && (p = fork()) > 0) n++; if (p == 0) { pause(); _exit(1); } printf("processes %d\n", n); signal(SIGTERM, SIG_IGN); kill(0, SIGTERM); int dead = 0; while (wait(&st) > 0) if (WIFSIGNALED(st)) dead++; printf("dead %d\n", dead));
  CHILD("deep stack", printf("%d\n", deep()));
  CHILD("wild jump", ((void (*)(void))0x1234567890)());
  CHILD("wild store", *(volatile int *)0xdeadbeef000 = 1);
  CHILD("privileged", __asm__("hlt"));
  CHILD("no memory", int m = memfd_create("x", 0); printf("room for more %d\n", pwrite(m, "x", 1, 1000) == 1));
  printf("all is well\n");
  return 0;
}
