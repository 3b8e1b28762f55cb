// UNIX and loopback sockets: pairs, names, datagrams, passed files, TCP, errors.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
static void *serve(void *arg) {
  int s = (int)(long)arg, c = accept(s, 0, 0);
  char b[64];
  ssize_t n;
  while ((n = read(c, b, sizeof b)) > 0) for (ssize_t i = 0; i < n; i++) { b[i] ^= 32; if (write(c, b + i, 1) != 1) return 0; }
  close(c);
  return 0;
}
int main(void) {
  signal(SIGPIPE, SIG_IGN);
  int p[2];
  char b[256] = "";
  printf("pair %d\n", socketpair(AF_UNIX, SOCK_STREAM, 0, p));
  ssize_t n = write(p[0], "hello", 5);
  n = write(p[0], " world", 6);
  n = recv(p[1], b, sizeof b, MSG_PEEK);
  printf("peek %zd", n);
  n = read(p[1], b, sizeof b);
  printf(" read %zd %.11s\n", n, b);
  printf("nothing %zd", recv(p[1], b, 1, MSG_DONTWAIT)); printf(" %s\n", strerror(errno));
  shutdown(p[0], SHUT_WR);
  printf("end %zd\n", read(p[1], b, 1));
  close(p[0]);
  printf("gone %zd", write(p[1], "x", 1)); printf(" %s\n", strerror(errno));
  socketpair(AF_UNIX, SOCK_DGRAM, 0, p);
  n = send(p[0], "one", 3, 0); n = send(p[0], "three", 5, 0);
  n = recv(p[1], b, 2, MSG_TRUNC);
  printf("datagrams %zd", n);
  printf(" %zd\n", read(p[1], b, sizeof b));
  int q[2];
  if (pipe(q)) return 1;
  char control[CMSG_SPACE(sizeof(int))] = "";
  struct iovec v = {"fd", 2};
  struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr *c = CMSG_FIRSTHDR(&m);
  c->cmsg_level = SOL_SOCKET; c->cmsg_type = SCM_RIGHTS; c->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(c), &q[1], sizeof(int));
  printf("sendmsg %zd\n", sendmsg(p[0], &m, 0));
  close(q[1]);
  memset(control, 0, sizeof control);
  v = (struct iovec){b, sizeof b};
  n = recvmsg(p[1], &m, 0);
  int fd;
  memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(int));
  printf("recvmsg %zd\n", n);
  n = write(fd, "through", 7);
  n = read(q[0], b, sizeof b);
  printf("passed %.7s\n", b);
  int s = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, peer;
  setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  printf("bind %d listen %d\n", bind(s, (struct sockaddr *)&a, sizeof a), listen(s, 5));
  socklen_t l = sizeof a;
  getsockname(s, (struct sockaddr *)&a, &l);
  printf("port given %d\n", a.sin_port != 0);
  pthread_t t;
  pthread_create(&t, 0, serve, (void *)(long)s);
  int k = socket(AF_INET, SOCK_STREAM, 0);
  printf("connect %d\n", connect(k, (struct sockaddr *)&a, sizeof a));
  l = sizeof peer;
  getpeername(k, (struct sockaddr *)&peer, &l);
  printf("peer is it %d\n", peer.sin_port == a.sin_port && peer.sin_addr.s_addr == a.sin_addr.s_addr);
  n = send(k, "Hello There", 11, MSG_NOSIGNAL);
  n = recv(k, b, 11, MSG_WAITALL);
  printf("answer %zd %.11s\n", n, b);
  close(k);
  pthread_join(t, 0);
  close(s);
  k = socket(AF_INET, SOCK_STREAM, 0);
  printf("refused %d", connect(k, (struct sockaddr *)&a, sizeof a)); printf(" %s\n", strerror(errno));
  int u = socket(AF_INET, SOCK_DGRAM, 0), w = socket(AF_INET, SOCK_DGRAM, 0);
  a.sin_port = 0;
  bind(u, (struct sockaddr *)&a, sizeof a);
  l = sizeof a;
  getsockname(u, (struct sockaddr *)&a, &l);
  n = sendto(w, "udp", 3, 0, (struct sockaddr *)&a, sizeof a);
  l = sizeof peer;
  n = recvfrom(u, b, sizeof b, 0, (struct sockaddr *)&peer, &l);
  printf("udp %zd %.3s from loopback %d\n", n, b, peer.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
  struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "\0nvl-test"};
  s = socket(AF_UNIX, SOCK_STREAM, 0);
  printf("abstract %d", bind(s, (struct sockaddr *)&un, 11)); printf(" %d\n", listen(s, 1));
  pid_t pid = fork();
  if (pid == 0) {
    k = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(k, (struct sockaddr *)&un, 11)) _exit(1);
    n = write(k, "child", 5);
    _exit(0);
  }
  k = accept(s, 0, 0);
  struct ucred cr;
  l = sizeof cr;
  getsockopt(k, SOL_SOCKET, SO_PEERCRED, &cr, &l);
  n = read(k, b, sizeof b);
  printf("from %.5s, its pid %d\n", b, cr.pid == pid);
  waitpid(pid, 0, 0);
  printf("end %zd\n", read(k, b, 1));
  printf("not a socket %d", listen(q[0], 1)); printf(" %s\n", strerror(errno));
  return 0;
}
