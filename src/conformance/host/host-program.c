// Runs whole programs on the CPU of the host: reads them from standard input, answers on standard output (../program/host.ts writes and reads both records).
// A program's exceptions arrive as signals; what the kernel of ../program/machine.ts does, the handler does here: notes them and goes on at the next mark,
// or lets two pages change places. INT3 ends a program.
//   gcc -O2 -static host-program.c
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

enum { CODE = 0x10000000, CODE_BYTES = 0x4000, DATA = 0x20000000, DATA_BYTES = 0x6000, SWAP = 0x30000000, PAGE = 4096, MOST_FAULTS = 64, MOST_MARKS = 512, SECONDS = 2 };

struct fx { uint16_t fcw, fsw; uint8_t ftw, reserved; uint16_t fop; uint64_t fip, fdp; uint32_t mxcsr, mask; uint8_t st[8][16], xmm[16][16], rest[96]; };
struct request {
  uint64_t gpr[16], rflags;
  uint32_t mxcsr, fcw, marks, reserved, mark[MOST_MARKS];
  uint8_t xmm[16][16], code[CODE_BYTES], data[DATA_BYTES], swap[2 * PAGE];
};
struct fault { uint64_t vector, rip, error, cr2; };
struct answer {
  int64_t end;
  uint64_t faults, gpr[16], rflags;
  struct fault fault[MOST_FAULTS];
  struct fx fx;
  uint8_t code[CODE_BYTES], data[DATA_BYTES], swap[2 * PAGE];
};

static struct request in;
static struct answer out;
static uint8_t *pages;
static int file, swapped;
static volatile int running;
static ucontext_t before;
static uint8_t beforeFx[4096] __attribute__((aligned(64)));
static uint64_t beforeFxBytes;

/* order of registers in an instruction's encoding */
static const int ORDER[16] = { REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI, REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15 };

static void place(void) {
  for (int page = 0; page < 2; page++)
    if (mmap((void *)(uintptr_t)(SWAP + PAGE * page), PAGE, 7, MAP_SHARED | MAP_FIXED, file, PAGE * (swapped ? 1 - page : page)) == MAP_FAILED) _exit(5);
}

/* where the image of the FPU says how long it is (arch/x86/include/uapi/asm/sigcontext.h) */
static uint64_t imageBytes(const uint8_t *image) {
  const uint32_t *words = (const uint32_t *)(image + 464);
  return words[0] == 0x46505853 ? words[1] : 512;
}

static void begin(ucontext_t *at) {
  before = *at;
  beforeFxBytes = imageBytes((uint8_t *)at->uc_mcontext.fpregs);
  if (beforeFxBytes > sizeof beforeFx) _exit(6);
  memcpy(beforeFx, at->uc_mcontext.fpregs, beforeFxBytes);
  struct fx *fx = (struct fx *)at->uc_mcontext.fpregs;
  fx->fcw = in.fcw; fx->fsw = 0; fx->ftw = 0; fx->fop = 0; fx->fip = 0; fx->fdp = 0; fx->mxcsr = in.mxcsr;
  memset(fx->st, 0, sizeof fx->st);
  memcpy(fx->xmm, in.xmm, sizeof fx->xmm);
  if (beforeFxBytes > 512) *(uint64_t *)((uint8_t *)fx + 512) |= 3;
  for (int i = 0; i < 16; i++) at->uc_mcontext.gregs[ORDER[i]] = in.gpr[i];
  at->uc_mcontext.gregs[REG_RIP] = CODE;
  at->uc_mcontext.gregs[REG_EFL] = in.rflags;
  running = 1;
}

static void finish(ucontext_t *at, int64_t end) {
  out.end = end;
  for (int i = 0; i < 16; i++) out.gpr[i] = at->uc_mcontext.gregs[ORDER[i]];
  out.rflags = at->uc_mcontext.gregs[REG_EFL];
  memcpy(&out.fx, at->uc_mcontext.fpregs, sizeof out.fx);
  memcpy(at->uc_mcontext.gregs, before.uc_mcontext.gregs, sizeof before.uc_mcontext.gregs);
  memcpy(at->uc_mcontext.fpregs, beforeFx, beforeFxBytes);
  running = 0;
}

static void handle(int signal, siginfo_t *info, void *context) {
  (void)info;
  ucontext_t *at = context;
  greg_t *regs = at->uc_mcontext.gregs;
  __asm__ volatile("cld");
  if (signal == SIGUSR1) return begin(at);
  if (signal == SIGVTALRM) {
    if (running) finish(at, -1);
    return;
  }
  if (!running) _exit(7);
  uint64_t vector = regs[REG_TRAPNO], rip = regs[REG_RIP], offset = rip - CODE;
  if (vector == 3) return finish(at, rip - 1);
  if (vector == 6 && offset < CODE_BYTES - 1 && ((uint8_t *)rip)[0] == 0x0f && ((uint8_t *)rip)[1] == 0x0b) {
    swapped = !swapped;
    place();
    regs[REG_RIP] += 2;
    return;
  }
  struct fault one = { vector, rip, vector == 14 || vector == 13 || vector == 12 || vector == 17 ? regs[REG_ERR] : 0, vector == 14 ? regs[REG_CR2] : 0 };
  out.fault[out.faults++] = one;
  if (out.faults == MOST_FAULTS) return finish(at, 0);
  if (offset < CODE_BYTES) for (uint32_t i = 0; i < in.marks; i++) if (in.mark[i] > offset) {
    regs[REG_RIP] = CODE + in.mark[i];
    return;
  }
  regs[REG_RIP] = ((uint64_t *)DATA)[0];
  regs[REG_RSP] = ((uint64_t *)DATA)[1];
}

static int all(ssize_t (*move)(int, void *, size_t), int from, void *what, size_t bytes) {
  for (size_t done = 0; done < bytes;) {
    ssize_t part = move(from, (uint8_t *)what + done, bytes - done);
    if (part <= 0) return 0;
    done += part;
  }
  return 1;
}
static ssize_t give(int to, void *what, size_t bytes) { return write(to, what, bytes); }

int main(void) {
  static uint8_t stack[1 << 17];
  stack_t alternate = { .ss_sp = stack, .ss_size = sizeof stack };
  sigaltstack(&alternate, 0);
  struct sigaction action = { .sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK };
  /* time that runs out in a handler must wait for it: finish() gives back the program's context, and with the handler's its blocked signals would stay so */
  sigaddset(&action.sa_mask, SIGVTALRM);
  const int signals[] = { SIGUSR1, SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV, SIGVTALRM };
  for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) sigaction(signals[i], &action, 0);
  void *code = mmap((void *)CODE, CODE_BYTES, 7, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  void *data = mmap((void *)DATA, DATA_BYTES, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  file = memfd_create("swap", 0);
  if (code == MAP_FAILED || data == MAP_FAILED || ftruncate(file, 2 * PAGE)) return 4;
  pages = mmap(0, 2 * PAGE, 3, MAP_SHARED, file, 0);
  while (all(read, 0, &in, sizeof in)) {
    memset(&out, 0, sizeof out);
    memcpy(code, in.code, CODE_BYTES);
    memcpy(data, in.data, DATA_BYTES);
    memcpy(pages, in.swap, 2 * PAGE);
    swapped = 0;
    place();
    struct itimerval timer = { { 0, 0 }, { SECONDS, 0 } }, off = { { 0, 0 }, { 0, 0 } };
    setitimer(ITIMER_VIRTUAL, &timer, 0);
    raise(SIGUSR1);
    setitimer(ITIMER_VIRTUAL, &off, 0);
    memcpy(out.code, code, CODE_BYTES);
    memcpy(out.data, data, DATA_BYTES);
    memcpy(out.swap, (void *)SWAP, 2 * PAGE);
    if (!all(give, 1, &out, sizeof out)) return 3;
  }
  return 0;
}
