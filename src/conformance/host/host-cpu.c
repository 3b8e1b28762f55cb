// Runs instructions on the CPU of the host: reads cases from standard input, answers on standard output (see ../case.ts for both records).
// Each case is one instruction in 64-bit mode, or in compatibility mode with 32- or 16-bit code, at CPL 3. It ends at an INT3, with which the code page is filled, or with a fault.
// Freestanding, so that FS, the signal stack and every page below 4 GiB belong to the cases: no C library, no headers of the system.
//   gcc -O2 -static -nostdlib -ffreestanding -fno-stack-protector -mgeneral-regs-only -fno-pie -no-pie host-cpu.c

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;

enum { CODE = 0x10000000, DATA = 0x20000000, FS_BASE = 0x1fff0000, GS_BASE = 0x20001000, PAGE = 4096, DATA_PAGES = 2, CODE_BYTES = 16, WINDOW_MAX = 1024 };
enum { REACHED = 0, FAULTED = 1, ENDLESS = 2 };
enum { LONG = 0, COMPATIBILITY = 1, SIXTEEN = 2 };
/* entries of the LDT for 16-bit code; ../case.ts has the same table */
enum { CODE16 = 0x07, DATA16 = 0x0f, STACK16 = 0x17, DOWN16 = 0x1f, CONSTANT16 = 0x27 };
/* MOV ESP: IRET to a 16-bit stack leaves the upper half of RSP as it was */
enum { PRELUDE_BYTES = 6 };

struct request {
  u64 gpr[16], rflags, rip;
  u8 fx[512] __attribute__((aligned(16)));
  u8 code[CODE_BYTES];
  u32 mode, window, windowBytes, reserved;
  u8 bytes[WINDOW_MAX];
} __attribute__((aligned(16)));
struct answer {
  u64 gpr[16], rflags, rip;
  u8 fx[512];
  u32 status, vector, errorCode, stray;
  u64 cr2, fsBase, gsBase;
  u32 selector[6], reserved[2];
  u8 bytes[WINDOW_MAX];
};

/* what the kernel hands to a signal handler on x86-64 (arch/x86/include/uapi/asm/sigcontext.h describes the same) */
struct context {
  u64 flags, link, stack[3];
  u64 r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, rflags;
  unsigned short cs, gs, fs, ss;
  u64 err, trapno, oldmask, cr2, fpstate;
};

static struct request in;
static struct answer out;
static u8 pristine[DATA_PAGES * PAGE];
static u8 signalStack[1 << 17] __attribute__((aligned(64)));
u64 savedRsp;
static volatile u64 caseNumber, lastTick;

static long call6(long n, long a, long b, long c, long d, long e, long f) {
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
  return result;
}
enum { READ = 0, WRITE = 1, MMAP = 9, SIGACTION = 13, SETITIMER = 38, EXIT = 60, SIGALTSTACK = 131, MODIFY_LDT = 154, ARCH_PRCTL = 158 };
static void stop(int status) { for (;;) call6(EXIT, status, 0, 0, 0, 0, 0); }
static void copy(void *to, const void *from, u64 bytes) { __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory"); }
void *memcpy(void *to, const void *from, u64 bytes) { copy(to, from, bytes); return to; }
void *memset(void *to, int value, u64 bytes) { void *at = to; __asm__ volatile("rep stosb" : "+D"(at), "+c"(bytes) : "a"(value) : "memory"); return to; }

static u8 inputBuffer[1 << 16], outputBuffer[1 << 16];
static long inputAt, inputEnd, outputEnd;
static int take(void *to, long bytes) {
  for (long done = 0; done < bytes;) {
    if (inputAt == inputEnd) {
      inputAt = 0;
      inputEnd = call6(READ, 0, (long)inputBuffer, sizeof inputBuffer, 0, 0, 0);
      if (inputEnd <= 0) return 0;
    }
    long part = inputEnd - inputAt < bytes - done ? inputEnd - inputAt : bytes - done;
    copy((u8 *)to + done, inputBuffer + inputAt, part);
    inputAt += part;
    done += part;
  }
  return 1;
}
static void flush(void) {
  for (long done = 0; done < outputEnd;) {
    long part = call6(WRITE, 1, (long)outputBuffer + done, outputEnd - done, 0, 0, 0);
    if (part <= 0) stop(3);
    done += part;
  }
  outputEnd = 0;
}
static void give(const void *from, long bytes) {
  if (outputEnd + bytes > (long)sizeof outputBuffer) flush();
  copy(outputBuffer + outputEnd, from, bytes);
  outputEnd += bytes;
}

/* Loads the whole state and goes to the case. `resume` is where the signal handler comes back to. */
void enter(u64 cs, u64 ss, u64 dataSelector);
__asm__(
  ".text\n"
  "enter:\n"
  "  push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
  "  mov %rsp, savedRsp(%rip)\n"
  "  mov %edx, %ds; mov %edx, %es\n"
  "  fxrstor64 in+144(%rip)\n"
  "  push %rsi; push in+32(%rip); push in+128(%rip); push %rdi; push in+136(%rip)\n"
  "  mov in(%rip), %rax; mov in+8(%rip), %rcx; mov in+16(%rip), %rdx; mov in+24(%rip), %rbx; mov in+40(%rip), %rbp\n"
  "  mov in+48(%rip), %rsi; mov in+56(%rip), %rdi; mov in+64(%rip), %r8; mov in+72(%rip), %r9; mov in+80(%rip), %r10\n"
  "  mov in+88(%rip), %r11; mov in+96(%rip), %r12; mov in+104(%rip), %r13; mov in+112(%rip), %r14; mov in+120(%rip), %r15\n"
  "  iretq\n"
  "resume:\n"
  "  mov savedRsp(%rip), %rsp\n"
  "  pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
  "  ret\n"
  /* a case may have left alignment checks on */
  "onSignal:\n"
  "  pushfq; andq $~0x44500, (%rsp); popfq\n"
  "  jmp handle\n"
  "restorer:\n"
  "  mov $15, %eax; syscall\n"
  ".globl _start\n"
  "_start:\n"
  "  and $-16, %rsp; call begin\n");
extern u8 resume[], onSignal[], restorer[];

enum { SIGILL = 4, SIGTRAP = 5, SIGBUS = 7, SIGFPE = 8, SIGSEGV = 11, SIGVTALRM = 26 };
__attribute__((used)) void handle(int signal, void *info, struct context *at) {
  (void)info;
  if (signal == SIGVTALRM) {
    int same = lastTick == caseNumber;
    lastTick = caseNumber;
    /* elsewhere than in a case: nothing is wrong */
    if (!same || (at->cs == 0x33 && at->rip - CODE >= 2 * PAGE && at->rip - DATA >= DATA_PAGES * PAGE)) return;
  }
  u64 regs[16] = { at->rax, at->rcx, at->rdx, at->rbx, at->rsp, at->rbp, at->rsi, at->rdi, at->r8, at->r9, at->r10, at->r11, at->r12, at->r13, at->r14, at->r15 };
  copy(out.gpr, regs, sizeof regs);
  out.rflags = at->rflags;
  out.rip = at->rip;
  out.status = signal == SIGVTALRM ? ENDLESS : at->trapno == 3 ? REACHED : FAULTED;
  if (out.status == REACHED) out.rip--; /* INT3 is a trap */
  out.vector = at->trapno;
  out.errorCode = at->err;
  out.cr2 = at->cr2;
  copy(out.fx, (void *)at->fpstate, 512);
  u32 ds, es;
  __asm__ volatile("mov %%ds, %0; mov %%es, %1" : "=r"(ds), "=r"(es));
  u32 fs, gs;
  __asm__ volatile("mov %%fs, %0; mov %%gs, %1" : "=r"(fs), "=r"(gs));
  out.selector[0] = es; out.selector[1] = at->cs; out.selector[2] = at->ss; out.selector[3] = ds; out.selector[4] = fs; out.selector[5] = gs;
  call6(ARCH_PRCTL, 0x1003, (long)&out.fsBase, 0, 0, 0, 0);
  call6(ARCH_PRCTL, 0x1004, (long)&out.gsBase, 0, 0, 0, 0);
  __asm__ volatile("jmp resume");
}

static void map(u64 address, u64 bytes, int protection) {
  if (call6(MMAP, address, bytes, protection, 0x32 /* private, fixed, anonymous */, -1, 0) != (long)address) stop(4);
}

/* an entry of the LDT as modify_ldt takes it (arch/x86/include/uapi/asm/ldt.h) */
static void describe(u32 selector, u32 base, u32 limit, u32 contents, u32 readOnly) {
  struct { u32 number, base, limit, flags; } entry = { selector >> 3, base, limit, contents << 1 | readOnly << 3 | 1 << 6 /* useable */ };
  call6(MODIFY_LDT, 0x11, (long)&entry, sizeof entry, 0, 0, 0);
}

__attribute__((used)) void begin(void) {
  map(CODE, 2 * PAGE, 7);
  map(CODE + 2 * PAGE, PAGE, 0);
  map(DATA, DATA_PAGES * PAGE, 3);
  map(DATA + DATA_PAGES * PAGE, PAGE, 0);
  memset((void *)CODE, 0xcc, 2 * PAGE);
  /* what lies around the windows: ../case.ts knows the same bytes */
  for (u32 i = 0; i < sizeof pristine; i++) pristine[i] = (i * 0x9e3779b1u) >> 24;
  copy((void *)DATA, pristine, sizeof pristine);

  describe(CODE16, CODE, 2 * PAGE - 1, 2, 0);
  describe(DATA16, DATA, 3 * PAGE - 1, 0, 0);
  describe(STACK16, DATA, 2 * PAGE - 1, 0, 0);
  describe(DOWN16, DATA, 0x7ff, 1, 0);
  describe(CONSTANT16, DATA, 0xffff, 0, 1);
  struct { void *base; int flags; u64 bytes; } stack = { signalStack, 0, sizeof signalStack };
  call6(SIGALTSTACK, (long)&stack, 0, 0, 0, 0, 0);
  struct { void *handler; u64 flags; void *restorer; u64 mask; } action = { onSignal, 0x4c000004 /* siginfo, restorer, onstack, nodefer */, restorer, 0 };
  static const u8 signals[] = { SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV, SIGVTALRM };
  for (u32 i = 0; i < sizeof signals; i++) call6(SIGACTION, signals[i], (long)&action, 0, 8, 0, 0);
  struct { long everySeconds, everyMicroseconds, seconds, microseconds; } timer = { 0, 200000, 0, 200000 };
  call6(SETITIMER, 1 /* virtual */, (long)&timer, 0, 0, 0, 0);

  while (take(&in, __builtin_offsetof(struct request, bytes))) {
    if (in.windowBytes > WINDOW_MAX || !take(in.bytes, in.windowBytes)) stop(2);
    u8 *window = (u8 *)(u64)in.window, *code = (u8 *)in.rip + (in.mode == SIXTEEN ? CODE : 0);
    copy(window, in.bytes, in.windowBytes);
    for (u32 i = 0; i < CODE_BYTES; i++) if (code + i < (u8 *)CODE + 2 * PAGE) code[i] = in.code[i];
    caseNumber++;
    u32 data = in.mode == LONG ? 0 : in.mode == SIXTEEN ? DATA16 : 0x2b;
    __asm__ volatile("mov %0, %%fs; mov %1, %%gs" : : "r"(in.mode == SIXTEEN ? DOWN16 : data), "r"(in.mode == SIXTEEN ? CONSTANT16 : data));
    if (in.mode == LONG) { /* after the selectors: loading them clears the bases */
      call6(ARCH_PRCTL, 0x1002, FS_BASE, 0, 0, 0, 0);
      call6(ARCH_PRCTL, 0x1001, GS_BASE, 0, 0, 0, 0);
    }
    if (in.mode == SIXTEEN) {
      code[-6] = 0x66; code[-5] = 0xbc;
      for (u32 i = 0; i < 4; i++) code[(int)i - 4] = in.gpr[4] >> (8 * i);
      in.rip -= PRELUDE_BYTES;
      enter(CODE16, STACK16, data);
      for (u32 i = 1; i <= PRELUDE_BYTES; i++) code[-(int)i] = 0xcc;
    } else enter(in.mode == LONG ? 0x33 : 0x23, 0x2b, data);
    copy(out.bytes, window, in.windowBytes);
    copy(window, pristine + (in.window - DATA), in.windowBytes);
    out.stray = 0;
    for (u32 i = 0; i < sizeof pristine; i += 8) {
      if (*(u64 *)(DATA + (u64)i) == *(u64 *)(pristine + i)) continue;
      out.stray = DATA + i;
      copy((void *)DATA, pristine, sizeof pristine);
    }
    for (u32 i = 0; i < CODE_BYTES; i++) if (code + i < (u8 *)CODE + 2 * PAGE) code[i] = 0xcc;
    give(&out, __builtin_offsetof(struct answer, bytes));
    give(out.bytes, in.windowBytes);
  }
  flush();
  stop(0);
}
