// fork, pipes, wait, exec of nothing, signals to children, exit statuses.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
static int chld;
static void on_chld(int s) { chld += s == SIGCHLD; }
int main(void) {
  setvbuf(stdout, 0, _IOLBF, 0);
  signal(SIGCHLD, on_chld);
  int fds[2], value = 1, status;
  if (pipe(fds)) return 1;
  pid_t pid = fork();
  if (pid == 0) {
    value = 2;
    close(fds[0]);
    dprintf(fds[1], "from the child %d, parent is %d", value, getppid() > 1);
    _exit(42);
  }
  close(fds[1]);
  char text[100] = "";
  ssize_t n, total = 0;
  while ((n = read(fds[0], text + total, sizeof text - 1 - total)) > 0) total += n;
  printf("%s; mine %d\n", text, value);
  pid_t got;
  while ((got = wait(&status)) < 0 && errno == EINTR);
  printf("waited %d exited %d status %d sigchld %d\n", got == pid, WIFEXITED(status), WEXITSTATUS(status), chld);
  got = wait(&status);
  printf("no more: %d %s\n", got, strerror(errno));
  if ((pid = fork()) == 0) { raise(SIGTERM); _exit(0); }
  waitpid(pid, &status, 0);
  printf("signalled %d by %d\n", WIFSIGNALED(status), WTERMSIG(status));
  if ((pid = fork()) == 0) { volatile int *p = 0; *p = 1; _exit(0); }
  waitpid(pid, &status, 0);
  printf("fault: by %d\n", WTERMSIG(status));
  if ((pid = fork()) == 0) { for (;;) pause(); }
  kill(pid, SIGSTOP);
  waitpid(pid, &status, WUNTRACED);
  printf("stopped %d by %d\n", WIFSTOPPED(status), WSTOPSIG(status));
  kill(pid, SIGCONT);
  waitpid(pid, &status, WCONTINUED);
  printf("continued %d\n", WIFCONTINUED(status));
  kill(pid, SIGKILL);
  waitpid(pid, &status, 0);
  printf("killed by %d\n", WTERMSIG(status));
  siginfo_t info;
  if ((pid = fork()) == 0) _exit(9);
  printf("waitid %d", waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
  printf(" code %d status %d\n", info.si_code, info.si_status);
  printf("again %d\n", waitpid(pid, &status, 0) == pid);
  char *const argv[] = {"nothing", 0};
  printf("exec %d", execv("/nonexistent", argv));
  printf(" %s\n", strerror(errno));
  if ((pid = vfork()) == 0) { execl("/bin/sh", "sh", "-c", "echo from a shell; exit 5", (char *)0); _exit(127); }
  waitpid(pid, &status, 0);
  printf("vfork and exec %d\n", WEXITSTATUS(status));
  FILE *p = popen("echo popened; cat >/dev/null", "r");
  printf("%s", fgets(text, sizeof text, p));
  printf("pclose %d\n", pclose(p));
  signal(SIGPIPE, SIG_IGN);
  if (pipe(fds)) return 1;
  close(fds[0]);
  printf("broken pipe %zd %s\n", write(fds[1], "x", 1), strerror(errno));
  return 3;
}
