// poll, select, epoll, eventfd, timerfd, signalfd.
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>
static void *late(void *fd) { usleep(2000); uint64_t one = 3; if (write((int)(long)fd, &one, 8) != 8) return 0; return 0; }
int main(void) {
  int p[2];
  if (pipe(p)) return 1;
  struct pollfd f[3] = {{p[0], POLLIN, 0}, {p[1], POLLOUT, 0}, {999, POLLIN, 0}};
  printf("poll %d: %x %x %x\n", poll(f, 3, 0), f[0].revents, f[1].revents, f[2].revents);
  printf("poll in time %d\n", poll(f, 1, 3));
  if (write(p[1], "x", 1) != 1) return 1;
  printf("poll %d: %x\n", poll(f, 1, -1), f[0].revents);
  fd_set r, w;
  FD_ZERO(&r); FD_ZERO(&w); FD_SET(p[0], &r); FD_SET(p[1], &w);
  struct timeval tv = {1, 0};
  int n = select(p[1] + 1, &r, &w, 0, &tv);
  printf("select %d: %d %d\n", n, FD_ISSET(p[0], &r), FD_ISSET(p[1], &w));
  close(p[1]);
  printf("hang-up %d: %x\n", poll(f, 1, 0), f[0].revents);
  int e = eventfd(0, EFD_NONBLOCK);
  uint64_t v = 5;
  printf("eventfd read %zd %s\n", read(e, &v, 8), strerror(errno));
  v = 5;
  n = write(e, &v, 8); n = write(e, &v, 8);
  printf("eventfd %zd", read(e, &v, 8)); printf(" %d\n", (int)v);
  v = 1;
  int s = eventfd(2, EFD_SEMAPHORE);
  n = read(s, &v, 8);
  printf("semaphore %d\n", (int)v);
  int ep = epoll_create1(0);
  struct epoll_event ev = {EPOLLIN, {.u64 = 0x1122334455667788}}, out[4];
  printf("add %d again %d", epoll_ctl(ep, EPOLL_CTL_ADD, e, &ev), epoll_ctl(ep, EPOLL_CTL_ADD, e, &ev));
  printf(" %s\n", strerror(errno));
  printf("nothing %d\n", epoll_wait(ep, out, 4, 0));
  pthread_t t;
  pthread_create(&t, 0, late, (void *)(long)e);
  n = epoll_wait(ep, out, 4, -1);
  printf("epoll %d %x %llx\n", n, out[0].events, (unsigned long long)out[0].data.u64);
  pthread_join(t, 0);
  printf("level %d\n", epoll_wait(ep, out, 4, 0));
  ev.events = EPOLLIN | EPOLLET;
  epoll_ctl(ep, EPOLL_CTL_MOD, e, &ev);
  n = epoll_wait(ep, out, 4, 0);
  printf("edge %d then %d\n", n, epoll_wait(ep, out, 4, 0));
  n = read(e, &v, 8);
  ev.events = EPOLLIN | EPOLLONESHOT;
  epoll_ctl(ep, EPOLL_CTL_MOD, e, &ev);
  v = 1;
  n = write(e, &v, 8);
  n = epoll_wait(ep, out, 4, 0);
  printf("oneshot %d then %d\n", n, epoll_wait(ep, out, 4, 0));
  close(e);
  printf("closed %d\n", epoll_wait(ep, out, 4, 0));
  int tf = timerfd_create(CLOCK_MONOTONIC, 0);
  struct itimerspec its = {{0, 1000000}, {0, 1000000}}, now;
  timerfd_settime(tf, 0, &its, 0);
  usleep(5500);
  n = read(tf, &v, 8);
  printf("timerfd %d at least 5: %d\n", n, v >= 5);
  timerfd_gettime(tf, &now);
  printf("interval %ld\n", now.it_interval.tv_nsec);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, 0);
  int sf = signalfd(-1, &set, 0);
  raise(SIGUSR1);
  struct signalfd_siginfo info;
  n = read(sf, &info, sizeof info);
  printf("signalfd %d signal %d\n", n, info.ssi_signo);
  f[0] = (struct pollfd){sf, POLLIN, 0};
  printf("then %d\n", poll(f, 1, 0));
  return 0;
}
