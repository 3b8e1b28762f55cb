// More programs of Debian for Kitten: shells and their tools, a compiler and what it makes, programs that generate code, parallel programs.

import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { runNatively, type Commands } from "./compare.ts";
import { unpackedPackages } from "./packages.ts";

const PACKAGES = [
  // libraries of many
  "libc6", "libgcc-s1", "libstdc++6", "zlib1g", "libtinfo6", "libselinux1", "libpcre2-8-0", "libacl1", "libattr1", "libgmp10", "liblz4-1", "libzstd1", "liblzma5", "libbz2-1.0", "libreadline8", "libcrypt1",
  "libsystemd0", "libcap2", "libgcrypt20", "libgpg-error0", "libncursesw6", "libsigsegv2", "libmpfr6", "libblkid1", "libmount1", "libsmartcols1", "libuuid1", "libudev1",
  "bash", "dash", "coreutils", "findutils", "grep", "sed", "gawk", "tar", "gzip", "procps", "libproc2-0", "busybox-static", "util-linux",
  "luajit", "libluajit-5.1-2", "libluajit-5.1-common", "racket", "racket-common",
  "mpich", "libmpich12", "libmpich-dev", "hwloc-nox", "libhwloc15", "libslurm38", "libgfortran5", "libquadmath0", "libucx0", "libnuma1", "libibverbs1", "librdmacm1", "ibverbs-providers", "libnl-3-200",
  "libnl-route-3-200", "libmunge2",
  "gcc", "gcc-12", "cpp", "cpp-12", "gcc-12-base", "binutils", "binutils-common", "binutils-x86-64-linux-gnu", "libbinutils", "libctf0", "libctf-nobfd0", "libgprofng0", "libjansson4", "libcc1-0", "libisl23",
  "libmpc3", "libgcc-12-dev", "libc6-dev", "libc-dev-bin", "linux-libc-dev", "libcrypt-dev", "libnsl-dev", "libtirpc-dev", "libgomp1", "libitm1", "libatomic1", "libasan8", "liblsan0", "libtsan2", "libubsan1",
];
const JAVA_PACKAGES = ["openjdk-17-jre-headless", "openjdk-17-jdk-headless", "libc6", "zlib1g", "libgcc-s1", "libstdc++6", "dash", "coreutils", "libselinux1", "libpcre2-8-0", "libacl1", "libattr1", "libgmp10"];
export const JAVA = "/usr/lib/jvm/java-17-openjdk-amd64/bin";

/** Files in /tmp of the roots. */
const SOURCES: Readonly<Record<string, string>> = {
  "hello.c": `#include <stdio.h>\nint main(void) { printf("hello, world\\n"); return 0; }\n`,
  "sort.c": `#include <stdio.h>\n#include <stdlib.h>\nstatic int by(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
int main(void) { int v[5000]; unsigned x = 1; for (int i = 0; i < 5000; i++) v[i] = (x = x * 1103515245 + 12345) >> 8 & 0xffff;
  qsort(v, 5000, sizeof *v, by); long s = 0; for (int i = 0; i < 5000; i++) s = s * 31 + v[i]; printf("%ld %d %.15g\\n", s, v[2500], v[7] / 3.0); return 0; }\n`,
  "openmp.c": `#include <omp.h>\n#include <stdio.h>
int main(void) { double s = 0; int n = 0, order[4] = {0};
#pragma omp parallel for reduction(+:s) schedule(static)
for (int i = 1; i <= 1000000; i++) s += 1.0 / i;
#pragma omp parallel num_threads(4)
{
#pragma omp atomic
n++;
#pragma omp barrier
#pragma omp critical
order[omp_get_thread_num()] = n;
#pragma omp for ordered
for (int i = 0; i < 6; i++) {
#pragma omp ordered
printf("%d ", i); }
}
#pragma omp parallel
#pragma omp single
for (int i = 0; i < 3; i++) {
#pragma omp task
order[i]++; }
printf("%.6f %d %d %d\\n", s, n, order[0], order[3]); return 0; }\n`,
  "pthread.c": `#include <pthread.h>\n#include <semaphore.h>\n#include <stdio.h>
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER; static pthread_cond_t c = PTHREAD_COND_INITIALIZER; static pthread_barrier_t b; static pthread_rwlock_t w = PTHREAD_RWLOCK_INITIALIZER;
static pthread_key_t key; static sem_t s; static long turns, sum; static __thread int mine;
static void gone(void *v) { pthread_mutex_lock(&m); sum += (long)v; pthread_mutex_unlock(&m); }
static void *work(void *n) { long me = (long)n; pthread_setspecific(key, (void *)(me + 100));
  for (int i = 0; i < 500; i++) { pthread_mutex_lock(&m); while (turns % 4 != me) pthread_cond_wait(&c, &m); turns++; mine++; pthread_cond_broadcast(&c); pthread_mutex_unlock(&m); }
  pthread_barrier_wait(&b); pthread_rwlock_rdlock(&w); pthread_rwlock_unlock(&w); sem_post(&s); return (void *)(long)mine; }
static void *forever(void *n) { for (;;) pthread_testcancel(); return n; }
int main(void) { pthread_t t[4], f; void *r; pthread_key_create(&key, gone); pthread_barrier_init(&b, 0, 4); sem_init(&s, 0, 0);
  for (long i = 0; i < 4; i++) pthread_create(t + i, 0, work, (void *)i); for (int i = 0; i < 4; i++) sem_wait(&s);
  for (int i = 0; i < 4; i++) { pthread_join(t[i], &r); printf("%ld ", (long)r); } pthread_create(&f, 0, forever, 0); pthread_cancel(f); pthread_join(f, &r);
  printf("%ld %ld %d\\n", turns, sum, r == PTHREAD_CANCELED); return 0; }\n`,
  "mpi.c": `#include <mpi.h>\n#include <stdio.h>\n#include <stdlib.h>
int main(int argc, char **argv) { int r, n, sum, token; MPI_Init(&argc, &argv); MPI_Comm_rank(MPI_COMM_WORLD, &r); MPI_Comm_size(MPI_COMM_WORLD, &n);
  if (r) MPI_Recv(&token, 1, MPI_INT, r - 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE); else token = 1;
  token *= 2; MPI_Send(&token, 1, MPI_INT, (r + 1) % n, 0, MPI_COMM_WORLD); if (r == 0) MPI_Recv(&token, 1, MPI_INT, n - 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  int big = 1 << 18; double *a = malloc(8 * big), *b = malloc(8 * big); for (int i = 0; i < big; i++) a[i] = i + r;
  MPI_Allreduce(a, b, big, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD); MPI_Reduce(&r, &sum, 1, MPI_INT, MPI_SUM, 0, MPI_COMM_WORLD); MPI_Barrier(MPI_COMM_WORLD);
  if (r == 0) printf("ranks %d token %d sum %d allreduce %.0f\\n", n, token, sum, b[big - 1]); MPI_Finalize(); return 0; }\n`,
  "parallel.rkt": `#lang racket/base\n(require racket/future racket/place)
(define (fib n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))
(define (main) (displayln (map touch (for/list ([i (in-range 4)]) (future (lambda () (fib (+ 16 i)))))))
  (define p (place ch (place-channel-put ch (* 2 (place-channel-get ch))))) (place-channel-put p 21) (displayln (place-channel-get p)) (displayln (place-wait p)))
(module+ main (main))\n`,
  "Hello.java": `import java.util.*; import java.util.concurrent.*; import java.util.stream.*;
public class Hello { public static void main(String[] args) throws Exception {
  System.out.println(IntStream.rangeClosed(1, 20).mapToObj(i -> "" + i * i).collect(Collectors.joining(",")));
  ExecutorService pool = Executors.newFixedThreadPool(4); List<Future<Long>> all = new ArrayList<>();
  for (int i = 1; i <= 4; i++) { final int n = i; all.add(pool.submit(() -> LongStream.range(0, 100000L * n).sum())); }
  for (Future<Long> f : all) System.out.println(f.get()); pool.shutdown();
  try { Object o = null; o.toString(); } catch (NullPointerException e) { System.out.println("null caught"); }
  StringBuilder s = new StringBuilder(); for (int i = 0; i < 2000; i++) s.append(Integer.toHexString(i * 2654435)); System.out.println(s.toString().hashCode()); } }\n`,
};

/** What a shell is for; the same natively, without terminal, /proc or the right to mount anything. */
export const SHELL_COMMANDS: Commands = {
  "bash: arrays, arithmetic, here documents": `bash -c 'declare -A m=([a]=1 [b]=2); for k in "\${!m[@]}"; do echo "$k=\${m[$k]}"; done | sort; a=(x y z); echo \${#a[@]} \${a[@]:1} $((2 ** 40 % 97)) \${a[1]^^}; cat <<E
\${a[*]} $(echo sub)
E
[[ abc123 =~ ([a-z]+)([0-9]+) ]] && echo \${BASH_REMATCH[2]}; printf "%05d|%-5s|%x\\n" 42 ab 255; read -r one two <<< "1 2 3"; echo $two; IFS=: ; set -- a:b; echo $1'`,
  "bash: jobs, traps, pipes": `bash -c 'trap "echo trapped" USR1; kill -USR1 $$; sleep 0.2 & p=$!; kill $p; wait $p; echo $?; set -o pipefail; false | true; echo $?; (exit 4) & wait $!; echo $?; { echo out; echo err >&2; } 2>&1 | sort; mapfile -t l < <(seq 3); echo \${l[2]};
coproc cat; echo hi >&\${COPROC[1]}; read x <&\${COPROC[0]}; echo $x; eval "exec \${COPROC[1]}>&-"; wait $COPROC_PID; exec 5>/tmp/five; echo five >&5; exec 5>&-; cat /tmp/five; cat <(echo a) <(echo b); for i in 1 2 3; do sleep 0.$i & done; wait; jobs | wc -l; trap "echo bye" EXIT'`,
  "bash: a script with functions": `bash -c 'fib() { local n=$1; if ((n < 2)); then echo $n; else echo $(($(fib $((n - 1))) + $(fib $((n - 2))))); fi; }; fib 9; s=0; for ((i = 0; i < 20000; i++)); do ((s += i * i)); done; echo $s; x=$(printf %s {a..z}); echo \${x:3:4} \${x/def/-} \${x%%m*}'`,
  "busybox": `cd /tmp; for t in "seq 5" "expr 6 + 7" "dc -e 2_3*p" "basename /a/b.c .c" "cal 2 2024" "factor 360"; do busybox $t; done; busybox sh -c 'echo $((7 * 6)); for i in a b; do echo $i; done | busybox rev'; echo text | busybox gzip | busybox zcat; busybox ls /usr | busybox head -3; busybox printf 'b\\na\\n' | busybox sort | busybox md5sum; busybox awk 'BEGIN { print 7 / 3, length("abc"), substr("hello", 2, 3) }'`,
  "find, xargs, sed, gawk, tar": `cd /tmp && rm -rf tree && mkdir -p tree/a/b tree/c && for i in 1 2 3; do echo $i > tree/a/f$i; done; ln -s a/f1 tree/l; find tree | sort; find tree -type f -print0 | xargs -0 cat | sort -n; find tree -name 'f*' -size -2 -exec basename {} \\; | sort; sed -i 's/2/two/' tree/a/f2; cat tree/a/f2;
tar cf t.tar tree && tar tf t.tar | sort && rm -rf tree && tar xf t.tar && ls -R tree && tar czf t.tgz tree && tar tzf t.tgz | wc -l; gawk 'BEGIN { n = split("c a b", v, " "); asort(v); for (i = 1; i <= n; i++) printf "%s ", v[i]; print strftime("%Y", 0, 1), length("äö"), gensub(/b+/, "x", "g", "abbc") }'; rm -rf tree t.tar t.tgz`,
  "coreutils on files": `cd /tmp && rm -rf cu && mkdir cu && cd cu && seq 100 > n && split -l 30 n p. && wc -l p.* && cat p.* | cmp - n && cp -a n m && mv m o && ln n h && stat -c '%h %s %F' n && touch -d '2001-02-03 04:05:06 UTC' n && date -u -r n +%F && truncate -s 1000 o && head -c 3 n | od -c && tail -n 2 n && tac n | head -n 1 && comm -12 n n | wc -l && paste -d, n n | tail -n 1 && install -m 750 n i && stat -c %a i && chmod u-w i && mkfifo f && (cat f & echo through > f; wait) && readlink -f ../cu/n && realpath . && du -a . | wc -l && shred -n 1 -u o && ls && cd .. && rm -rf cu && timeout 0.1 sleep 5; echo $?; nice -n 0 echo nice; env -i A=1 env; nohup echo hup 2>/dev/null; mktemp -u x | cut -c1; stdbuf -o0 echo unbuffered; tee /tmp/tee < /etc/hostname > /dev/null; cat /tmp/tee`,
  "gcc: compiles, links, runs": `cd /tmp && gcc -O2 -Wall -o hello hello.c && ./hello && gcc -g -O1 -fPIE -pie -o sort sort.c && ./sort && gcc -O3 -static -o sort-static sort.c && ./sort-static && objdump -d hello | grep -c ret && nm sort | grep -c ' T ' && gcc -S -O1 -o - hello.c | grep -c call && printf 'int main(void) { return x; }' | gcc -x c - -o bad 2>&1 | grep error; ar rcs lib.a hello; ar t lib.a; strip hello && ./hello`,
  "OpenMP": `cd /tmp && gcc -O2 -fopenmp -o openmp openmp.c && OMP_NUM_THREADS=4 ./openmp && OMP_NUM_THREADS=1 ./openmp`,
  "pthreads": `cd /tmp && gcc -O2 -pthread -o pthreads pthread.c && ./pthreads`,
  "luajit": `luajit -e 'local s = 0; for i = 1, 3e6 do s = s + math.sin(i) % 1 end print(s, (jit.status())); local t = {}; for i = 1, 20000 do t[i] = (i * 7919) % 20011 end; table.sort(t); print(t[1], t[777]); print(pcall(error, "x")); local ffi = require "ffi"; ffi.cdef "int abs(int);"; print(ffi.C.abs(-5)); print(string.format("%a", 0.1), ("x"):rep(3), bit.bxor(5, 3)); local c = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end); print(c(), c(), c())' `,
};

/** What says the same on every machine, but not natively without /proc, /sys and /dev/shm: expected output in place of a comparison. */
export const EXPECTED: readonly { name: string; root: "programs" | "java"; command: string; ranks?: number; output: RegExp }[] = [
  { name: "MPI between 2 ranks", root: "programs", command: "/tmp/mpi", ranks: 2, output: /^ranks 2 token 4 sum 1 allreduce 524287\n$/ },
  { name: "MPI between 3 ranks", root: "programs", command: "/tmp/mpi", ranks: 3, output: /^ranks 3 token 8 sum 3 allreduce 786432\n$/ },
  { name: "MPI between 4 ranks", root: "programs", command: "/tmp/mpi", ranks: 4, output: /^ranks 4 token 16 sum 6 allreduce 1048578\n$/ },
  { name: "racket with futures and places", root: "programs", command: "racket /tmp/parallel.rkt", output: /^\(987 1597 2584 4181\)\n42\n0\n$/ },
  { name: "procps", root: "programs", command: "ps -o pid,comm; free -b | head -2 | wc -l; uptime | wc -l; pgrep -c sh; pmap $$ | grep -c stack", output: /PID COMMAND\n +2 sh\n +\d+ ps\n2\n1\n1\n1\n$/ },
  { name: "java -version", root: "java", command: `${JAVA}/java -version 2>&1`, output: /^openjdk version "17\.[^]*64-Bit Server VM/ },
  { name: "javac and a small class", root: "java", command: `${JAVA}/javac -J-XX:TieredStopAtLevel=1 -d /tmp /tmp/Hello.java && ${JAVA}/java -cp /tmp Hello`,
    output: /^1,4,9,16,25,36,49,64,81,100,121,144,169,196,225,256,289,324,361,400\n4999950000\n19999900000\n44999850000\n79999800000\nnull caught\n1938958596\n$/ },
];

function prepare(root: string): string {
  for (const name of ["etc", "tmp", "dev"]) mkdirSync(path.join(root, name), { recursive: true });
  if (!existsSync(path.join(root, "bin/sh"))) symlinkSync("dash", path.join(root, "bin/sh"));
  if (!existsSync(path.join(root, "dev/null"))) runNatively("mknod", ["-m", "666", path.join(root, "dev/null"), "c", "1", "3"]);
  if (!existsSync(path.join(root, "dev/fd"))) symlinkSync("/proc/self/fd", path.join(root, "dev/fd"));
  writeFileSync(path.join(root, "etc/hostname"), "kitten\n");
  writeFileSync(path.join(root, "etc/passwd"), "root:x:0:0:root:/:/bin/sh\n");
  writeFileSync(path.join(root, "etc/group"), "root:x:0:\n");
  for (const [name, text] of Object.entries(SOURCES)) writeFileSync(path.join(root, "tmp", name), text);
  return root;
}
/** Folders with all of them. @throws images/no-apt, images/command */
export async function kittenRoots(): Promise<{ programs: string; java: string }> {
  const programs = prepare(await unpackedPackages("kitten-programs", PACKAGES)), java = prepare(await unpackedPackages("kitten-java", JAVA_PACKAGES));
  runNatively("chroot", [programs, "gcc", "-O1", "-I/usr/include/x86_64-linux-gnu/mpich", "-o", "/tmp/mpi", "/tmp/mpi.c", "-lmpich"]);
  return { programs, java };
}
