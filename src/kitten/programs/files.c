// Names and files: creation, links, directories, times, offsets, holes, errors.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
static void say(const char *what, long r) { printf("%s %ld%s%s\n", what, r, r < 0 ? " " : "", r < 0 ? strerror(errno) : ""); }
static int compare(const void *a, const void *b) { return strcmp(*(char **)a, *(char **)b); }
int main(void) {
  char folder[] = "/tmp/nvl-files-XXXXXX", b[100] = "";
  struct stat st, st2;
  if (!mkdtemp(folder) || chdir(folder)) return 1;
  umask(022);
  int fd = open("a", O_RDWR | O_CREAT | O_EXCL, 0666);
  say("create", fd >= 0 ? 0 : -1);
  say("exclusive", open("a", O_CREAT | O_EXCL, 0666));
  say("write", write(fd, "hello world", 11));
  say("seek", lseek(fd, -5, SEEK_END));
  say("read", read(fd, b, 10)); printf("%s\n", b);
  say("hole", pwrite(fd, "!", 1, 5000));
  fstat(fd, &st);
  printf("size %ld mode %o links %ld\n", (long)st.st_size, st.st_mode, (long)st.st_nlink);
  say("in the hole", pread(fd, b, 4, 2000)); printf("%d\n", b[0]);
  say("truncate", ftruncate(fd, 3));
  struct iovec v[2] = {{b, 2}, {b + 50, 10}};
  say("readv", preadv(fd, v, 2, 0)); printf("%.2s %.1s\n", b, b + 50);
  say("bad whence", lseek(fd, 0, 77));
  say("negative", lseek(fd, -1, SEEK_SET));
  say("link", link("a", "b"));
  stat("b", &st2); printf("same %d links %ld\n", st.st_ino == st2.st_ino, (long)st2.st_nlink);
  say("symlink", symlink("b", "c"));
  say("readlink", readlink("c", b, sizeof b)); printf("%.1s\n", b);
  lstat("c", &st); printf("is link %d size %ld\n", S_ISLNK(st.st_mode), (long)st.st_size);
  say("loop", symlink("loop", "loop")); say("open loop", open("loop", O_RDONLY));
  say("nofollow", open("c", O_RDONLY | O_NOFOLLOW));
  say("mkdir", mkdir("d", 0777)); say("again", mkdir("d", 0777)); say("inside", mkdir("d/e/f", 0777));
  say("rename", rename("b", "d/b")); say("into itself", rename("d", "d/x"));
  say("rmdir full", rmdir("d")); say("rmdir file", rmdir("a")); say("unlink directory", unlink("d"));
  say("not a directory", open("a/b", O_RDONLY)); say("slash", open("a/", O_RDONLY));
  say("missing", open("missing", O_RDONLY)); say("write a directory", open("d", O_WRONLY));
  say("o_directory", open("a", O_DIRECTORY));
  int d = open("d", O_RDONLY | O_DIRECTORY);
  say("openat", openat(d, "b", O_RDONLY) >= 0 ? 0 : -1); say("read a directory", read(d, b, 1));
  say("dot dot", fstatat(d, "../a", &st, 0));
  say("chmod", fchmod(fd, 0600)); fstat(fd, &st); printf("mode %o\n", st.st_mode & 07777);
  struct timespec times[2] = {{1000000000, 500000000}, {1234567890, 0}};
  say("utimens", futimens(fd, times)); fstat(fd, &st); printf("times %ld %ld %ld\n", (long)st.st_atime, st.st_atim.tv_nsec / 1000000, (long)st.st_mtime);
  say("access", access("a", R_OK | W_OK)); say("no access", access("nothing", F_OK));
  int copy = dup(fd);
  lseek(copy, 1, SEEK_SET); printf("shared offset %ld\n", (long)lseek(fd, 0, SEEK_CUR));
  say("dup2", dup2(fd, 100)); say("fcntl", fcntl(100, F_GETFD)); fcntl(100, F_SETFD, FD_CLOEXEC); say("cloexec", fcntl(100, F_GETFD));
  say("getfl", fcntl(fd, F_GETFL) & O_ACCMODE); say("bad fd", close(77)); say("ebadf", write(open("a", O_RDONLY), "x", 1));
  int app = open("a", O_WRONLY | O_APPEND); say("append", write(app, "XYZ", 3)); fstat(app, &st); printf("size %ld\n", (long)st.st_size);
  unlink("a"); fstat(fd, &st); printf("unlinked, links %ld\n", (long)st.st_nlink); say("still there", pread(fd, b, 6, 0)); printf("%.6s\n", b);
  DIR *dir = opendir(".");
  char *names[20];
  int n = 0;
  for (struct dirent *e; (e = readdir(dir));) names[n++] = strdup(e->d_name);
  qsort(names, n, sizeof *names, compare);
  for (int i = 0; i < n; i++) printf("%s ", names[i]);
  printf("\n");
  printf("in %d\n", !strcmp(getcwd(b, sizeof b), folder)); say("getcwd", getcwd(b, 2) ? 0 : -1);
  say("name too long", open("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", O_CREAT, 0600));
  say("pipe seek", ({ int p[2]; if (pipe(p)) return 1; lseek(p[0], 0, SEEK_SET); }));
  say("/dev/null", read(open("/dev/null", O_RDWR), b, 5)); say("/dev/full", write(open("/dev/full", O_WRONLY), b, 5)); say("/dev/zero", read(open("/dev/zero", O_RDONLY), b, 5));
  say("bad address", write(1, (void *)8, 5)); say("bad path", open((char *)8, O_RDONLY));
  unlink("c"); unlink("loop"); unlink("d/b"); rmdir("d");
  say("a line", read(0, b, 9)); printf("%.8s\n", b);
  return rmdir(folder);
}
