// mmap, mprotect, mremap, brk, madvise: what a program can tell of them.
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <fcntl.h>
#include <stdint.h>
#define P 4096UL
static void say(const char *what, long r) { printf("%s: %s%d\n", what, r == -1 ? "errno " : "", r == -1 ? errno : 0); }
int main(void) {
  char *a = mmap(0, 8 * P, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  printf("aligned %d zero %d\n", (int)((uintptr_t)a % P), a[5 * P]);
  memset(a, 7, 8 * P);
  say("munmap in the middle", munmap(a + 2 * P, 2 * P));
  say("munmap again", munmap(a + 2 * P, 2 * P));
  say("mprotect over the hole", mprotect(a, 8 * P, PROT_READ));
  say("mprotect", mprotect(a + 4 * P, P, PROT_READ));
  printf("bytes %d %d\n", a[P], a[4 * P]);
  say("misaligned", munmap(a + 1, P));
  say("length 0", (long)mmap(0, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  say("no type", (long)mmap(0, P, PROT_READ, MAP_ANONYMOUS, -1, 0));
  say("bad fd", (long)mmap(0, P, PROT_READ, MAP_PRIVATE, 77, 0));
  say("huge", (long)mmap(0, 1UL << 62, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  char *f = mmap(a + 2 * P, 2 * P, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  printf("fixed %d value %d\n", f == a + 2 * P, f[0]);
  say("no replace", (long)mmap(a, P, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
  char *m = mmap(0, 4 * P, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  strcpy(m, "moved");
  char *n = mremap(m, 4 * P, 64 * P, MREMAP_MAYMOVE);
  printf("mremap %s %d\n", n, n[63 * P]);
  n = mremap(n, 64 * P, P, 0);
  printf("shrunk %s\n", n);
  say("dontneed", madvise(a + 2 * P, P, MADV_DONTNEED));
  printf("after dontneed %d\n", a[2 * P]);
  char *b = sbrk(0);
  printf("sbrk %d\n", sbrk(3 * P) == b);
  b[3 * P - 1] = 1;
  printf("brk back %d\n", brk(b));
  char name[] = "/tmp/nvl-XXXXXX";
  int fd = mkstemp(name);
  if (write(fd, "hello, file", 11) != 11) return 1;
  char *s = mmap(0, P, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), *p = mmap(0, P, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  printf("file %s %d\n", s, s[11]);
  memcpy(s, "HELLO", 5);
  char buffer[12] = "";
  pread(fd, buffer, 11, 0);
  printf("read after shared write %s\n", buffer);
  p[0] = 'j';
  printf("private %c shared %c\n", p[0], s[0]);
  if (pwrite(fd, "FILES", 5, 7) != 5) return 1;
  printf("mapping after write %.12s\n", s);
  say("msync", msync(s, P, MS_SYNC));
  say("write mapping of a read-only file", (long)mmap(0, P, PROT_READ | PROT_WRITE, MAP_SHARED, open(name, O_RDONLY), 0));
  unlink(name);
  unsigned char vec[4];
  printf("mincore %d\n", mincore(a, P, vec));
  return 0;
}
