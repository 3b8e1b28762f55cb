// Locks of files between processes, and shared memory segments.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>
static int set(int fd, int command, int type, long start, long length) {
  struct flock l = {type, SEEK_SET, start, length, 0};
  return fcntl(fd, command, &l) == 0 ? 0 : errno;
}
static void ask(int fd, long start, long length) {
  struct flock l = {F_WRLCK, SEEK_SET, start, length, 0};
  fcntl(fd, F_GETLK, &l);
  if (l.l_type == F_UNLCK) printf(" free"); else printf(" %s %ld+%ld by parent %d", l.l_type == F_RDLCK ? "read" : "write", (long)l.l_start, (long)l.l_len, l.l_pid == getppid());
}
#define CHILD(...) do { fflush(stdout); if (fork() == 0) { __VA_ARGS__; printf("\n"); fflush(stdout); _exit(0); } wait(0); } while (0)
int main(void) {
  char name[] = "/tmp/nvl-locks-XXXXXX";
  int fd = mkstemp(name);
  printf("lock %d %d\n", set(fd, F_SETLK, F_WRLCK, 10, 20), set(fd, F_SETLK, F_RDLCK, 15, 5));
  CHILD(ask(fd, 0, 0); ask(fd, 15, 3); ask(fd, 0, 5); ask(fd, 20, 5); printf(" get %d", set(fd, F_SETLK, F_RDLCK, 16, 2)); printf(" refused %d", set(fd, F_SETLK, F_WRLCK, 25, 1)));
  set(fd, F_SETLK, F_UNLCK, 0, 12);
  CHILD(ask(fd, 0, 11); ask(fd, 0, 0));
  int other = open(name, O_RDWR);
  close(other); // any descriptor of the file takes them all
  CHILD(ask(fd, 0, 0));
  // waiting
  set(fd, F_SETLK, F_WRLCK, 0, 0);
  int p[2]; char c;
  if (pipe(p)) return 1;
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) { int r = set(fd, F_SETLKW, F_WRLCK, 0, 1); if (write(p[1], "x", 1) != 1) _exit(1); printf("got it %d\n", r); fflush(stdout); _exit(0); }
  usleep(20000);
  fcntl(p[0], F_SETFL, O_NONBLOCK);
  printf("still waits %zd\n", read(p[0], &c, 1)); fflush(stdout);
  set(fd, F_SETLK, F_UNLCK, 0, 0);
  wait(0);
  // of open files
  other = open(name, O_RDWR);
  printf("ofd %d %d", set(fd, F_OFD_SETLK, F_WRLCK, 0, 0), set(other, F_OFD_SETLK, F_WRLCK, 0, 0));
  close(fd);
  printf(" %d\n", set(other, F_OFD_SETLK, F_WRLCK, 0, 0));
  fd = open(name, O_RDWR);
  printf("flock %d %d", flock(fd, LOCK_SH), flock(other, LOCK_SH));
  printf(" %d", flock(fd, LOCK_EX | LOCK_NB)); printf(" %s", strerror(errno));
  flock(other, LOCK_UN);
  printf(" %d", flock(fd, LOCK_EX | LOCK_NB));
  int twin = dup(fd);
  printf(" %d", flock(twin, LOCK_EX | LOCK_NB));
  close(fd);
  printf(" %d", flock(other, LOCK_EX | LOCK_NB));
  close(twin);
  printf(" %d bad %d\n", flock(other, LOCK_EX | LOCK_NB), flock(other, 77));
  unlink(name);

  int id = shmget(IPC_PRIVATE, 10000, IPC_CREAT | 0600);
  char *m = shmat(id, 0, 0);
  strcpy(m, "shared");
  struct shmid_ds d;
  shmctl(id, IPC_STAT, &d);
  printf("segment %zu attached %d mode %o\n", d.shm_segsz, (int)d.shm_nattch, d.shm_perm.mode);
  CHILD(strcpy(m + 5000, "by a child"); char *again = shmat(id, 0, SHM_RDONLY); printf("%s %d", again, again != m); shmctl(id, IPC_STAT, &d); printf(" attached %d", (int)d.shm_nattch); shmdt(again));
  printf("%s\n", m + 5000);
  shmctl(id, IPC_RMID, 0);
  shmctl(id, IPC_STAT, &d);
  printf("removed mode %o, still there %s", d.shm_perm.mode, m);
  printf(" detach %d", shmdt(m)); printf(" again %d %s", shmdt(m), strerror(errno));
  printf(" gone %d %s\n", shmctl(id, IPC_STAT, &d), strerror(errno));
  key_t key = 0x4e564c00 + (getpid() & 0xff);
  id = shmget(key, 4096, IPC_CREAT | IPC_EXCL | 0600);
  printf("by key %d", shmget(key, 100, 0) == id); printf(" exclusive %d %s", shmget(key, 100, IPC_CREAT | IPC_EXCL), strerror(errno));
  printf(" too large %d %s\n", shmget(key, 8192, 0), strerror(errno));
  shmctl(id, IPC_RMID, 0);
  printf("missing %d %s\n", shmget(key, 100, 0), strerror(errno));
  return 0;
}
