// Pseudoterminals: the line discipline, settings, sessions, job control.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
static void show(const char *what, const char *bytes, int n) {
  printf("%s %d:", what, n);
  for (int i = 0; i < n; i++) printf(" %02x", (unsigned char)bytes[i]);
  if (n < 0) printf(" %s", strerror(errno));
  printf("\n");
}
static int got;
static void handler(int s) { got = s; }
static void child(int slave) {
  // a new session, whose terminal this becomes
  setsid();
  int t = open(ttyname(slave), O_RDWR);
  int other = open("/dev/tty", O_RDWR);
  printf("foreground %d session %d tty %d\n", tcgetpgrp(t) == getpgrp(), tcgetsid(t) == getsid(0), other >= 0);
  signal(SIGINT, handler);
  signal(SIGTTOU, SIG_IGN);
  char b[100];
  int r = read(t, b, 100);
  printf("read %d got %d\n", r, got); // ^C comes; SA_RESTART, so the line behind it is read
  pid_t p = fork();
  if (p == 0) {
    setpgid(0, 0);
    signal(SIGTTIN, SIG_DFL);
    _exit(read(t, b, 100) == 5 ? 9 : 8); // from the background: stopped, then continued in the foreground
  }
  setpgid(p, p);
  int st;
  waitpid(p, &st, WUNTRACED);
  printf("stopped %d by %d\n", WIFSTOPPED(st), WSTOPSIG(st) == SIGTTIN);
  printf("tcsetpgrp %d", tcsetpgrp(t, p)); printf(" now %d\n", tcgetpgrp(t) == p);
  kill(-p, SIGCONT);
  waitpid(p, &st, 0);
  printf("ended %d\n", WEXITSTATUS(st));
  tcsetpgrp(t, getpgrp());
  fflush(stdout);
  _exit(0);
}
int main(void) {
  setvbuf(stdout, 0, _IOLBF, 0);
  int m = posix_openpt(O_RDWR | O_NOCTTY);
  grantpt(m);
  unlockpt(m);
  int s = open(ptsname(m), O_RDWR | O_NOCTTY);
  struct termios t;
  tcgetattr(s, &t);
  printf("isatty %d %d flags %x %x %x eof %d\n", isatty(m), isatty(s), t.c_iflag & ~IUTF8, t.c_oflag, t.c_lflag, t.c_cc[VEOF]);
  struct winsize w = {24, 80, 0, 0}, v;
  ioctl(m, TIOCSWINSZ, &w);
  ioctl(s, TIOCGWINSZ, &v);
  printf("window %d %d\n", v.ws_row, v.ws_col);
  char b[300];
  int n;
  // canonical: erase, word, kill, literal, end of file
  n = write(m, "helk\x7flo\rtwo words\x17x\n", 20);
  n = read(s, b, 100); show("line", b, n);
  n = read(s, b, 3); show("part", b, n);
  n = read(s, b, 100); show("rest", b, n);
  n = read(m, b, 300); show("echo", b, n);
  n = write(m, "gone\x15kept\x16\x03\n\x04more\x04", 18);
  for (int i = 0; i < 3; i++) { n = read(s, b, 100); show("then", b, n); }
  n = read(m, b, 300); show("echo", b, n);
  n = write(s, "a\nb\tc\r\n", 7);
  n = read(m, b, 300); show("output", b, n);
  // without lines
  t.c_lflag &= ~(ICANON | ECHO);
  t.c_cc[VMIN] = 3; t.c_cc[VTIME] = 0;
  tcsetattr(s, TCSANOW, &t);
  struct pollfd f = {s, POLLIN, 0};
  n = write(m, "ab", 2);
  printf("poll %d\n", poll(&f, 1, 0));
  n = write(m, "c\r", 2);
  printf("poll %d\n", poll(&f, 1, 0));
  n = read(s, b, 100); show("raw", b, n);
  t.c_cc[VMIN] = 0;
  tcsetattr(s, TCSANOW, &t);
  n = read(s, b, 100); show("nothing", b, n);
  t.c_cc[VTIME] = 1;
  tcsetattr(s, TCSANOW, &t);
  n = read(s, b, 100); show("nothing in time", b, n);
  fcntl(s, F_SETFL, O_RDWR | O_NONBLOCK);
  n = read(s, b, 100); show("nonblock", b, n);
  fcntl(s, F_SETFL, O_RDWR);
  t.c_lflag |= ICANON;
  t.c_oflag &= ~OPOST;
  tcsetattr(s, TCSAFLUSH, &t);
  n = write(s, "x\ny", 3);
  n = read(m, b, 300); show("as it is", b, n);
  int c = open("/dev/tty", O_RDWR), q = 0;
  n = write(m, "123\n45", 6);
  usleep(20000);
  ioctl(s, FIONREAD, &q);
  printf("waiting %d\n", q);
  tcflush(s, TCIFLUSH);
  ioctl(s, FIONREAD, &q);
  printf("flushed %d\n", q);
  if (c >= 0) close(c);
  pid_t p = fork();
  if (p == 0) child(s);
  usleep(300000);
  n = write(m, "\x03" "after\n", 7);
  usleep(200000);
  n = write(m, "line\n", 5);
  int st;
  waitpid(p, &st, 0);
  printf("child %d\n", WEXITSTATUS(st));
  // both ends go
  close(s);
  n = read(m, b, 300); show("left", b, n > 0 ? 1 : n);
  s = open(ptsname(m), O_RDWR | O_NOCTTY);
  close(m);
  n = read(s, b, 10); show("hung up", b, n);
  n = write(s, "x", 1); show("write", b, n);
  return 0;
}
