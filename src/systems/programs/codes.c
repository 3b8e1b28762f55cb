// Writes code, runs it and writes it anew, in all the ways that programs with a compiler of their own do. Every line that it prints is a digest of what the
// code computed, so it is the same wherever a processor runs it right.
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

enum { PAGE = 4096 };
typedef uint8_t u8;
typedef uint64_t (*Function)(uint64_t a, uint64_t b, uint64_t n);
static int scale = 1;
static uint64_t digest, seed = 88172645463325252u;
static void note(uint64_t value) { digest = (digest ^ value) * 0x100000001b3u; digest ^= digest >> 29; }
static void say(const char *what) { printf("%-22s %016lx\n", what, digest); digest = 14695981039346656037u; }
static uint32_t chance(uint32_t below) { seed ^= seed << 13; seed ^= seed >> 7; seed ^= seed << 17; return (seed >> 20) % below; }
static void need(int good, const char *what) { if (!good) { perror(what); exit(1); } }
static u8 *pages(int count, int protection) {
  u8 *at = mmap(0, (size_t)count * PAGE, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  need(at != MAP_FAILED, "mmap");
  return at;
}
#define RWX (PROT_READ | PROT_WRITE | PROT_EXEC)
/** mov eax, value; ret */
static u8 *constant(u8 *at, uint32_t value) { at[0] = 0xb8; memcpy(at + 1, &value, 4); at[5] = 0xc3; return at; }
static uint64_t call(u8 *at, uint64_t a, uint64_t b, uint64_t n) { return ((Function)at)(a, b, n); }

/** A loop of n rounds: add rax, imm32; xor rax, rdi; rol rax, 7; dec rdx; jnz. The immediate lies at +6. */
static const u8 LOOP[] = { 0x31, 0xc0, 0x48, 0x8b, 0xc8, 0x48, 0x05, 0, 0, 0, 0, 0x48, 0x31, 0xf8, 0x48, 0xc1, 0xc0, 7, 0x48, 0xff, 0xca, 0x75, 0xee, 0xc3 };
enum { IMMEDIATE = 7 };

/** The same address again and again: cold, warm and hot in between. */
static void rewritten(void) {
  u8 *code = pages(1, RWX);
  for (int round = 0; round < 300 * scale; round++) {
    memcpy(code, LOOP, sizeof LOOP);
    uint32_t value = chance(1u << 31);
    memcpy(code + IMMEDIATE, &value, 4);
    for (int times = chance(6) ? chance(4) : 60; times >= 0; times--) note(call(code, round, 0, 1 + chance(200)));
    code[IMMEDIATE + 1] ^= 0x5a; // a byte of one instruction
    note(call(code, round, 1, 50));
    code[17] = 1 + chance(60); // how far it rotates
    note(call(code, round, 2, 50));
  }
  say("rewritten in place");
}
/** Functions at every offset around page borders; bytes are changed on either side alone. */
static void borders(void) {
  u8 *code = pages(4, RWX);
  for (int round = 0; round < 3 * scale; round++) for (int at = PAGE - (int)sizeof LOOP - 1; at <= PAGE + 1; at++) {
    u8 *one = code + at + (round & 1) * PAGE;
    memcpy(one, LOOP, sizeof LOOP);
    note(call(one, at, 0, 400));
    for (int index = IMMEDIATE; index < IMMEDIATE + 4; index++) { // some bytes are before the border, some behind
      one[index] = chance(256);
      note(call(one, at, index, 30 + chance(300)));
    }
    memset(code + PAGE * (1 + (round & 1)), 0xcc, 64); // all that is behind it goes
    memcpy(one, LOOP, sizeof LOOP);
    note(call(one, at, 9, 10));
  }
  say("across pages");
}
/** Many functions at once, in many pages, with calls from one to the next; some are replaced now and then. */
static void many(void) {
  enum { COUNT = 400, STRIDE = 96 };
  u8 *code = pages(COUNT * STRIDE / PAGE + 1, RWX);
  for (int index = 0; index < COUNT; index++) { // lea rax, [rdi + rdi*2 + imm]; then on to the next: mov rdi, rax; jmp
    u8 *at = code + index * STRIDE, one[] = { 0x48, 0x8d, 0x84, 0x7f, 0, 0, 0, 0, 0x48, 0x89, 0xc7, 0xe9, 0, 0, 0, 0 };
    int32_t immediate = chance(1000), distance = STRIDE - 16;
    memcpy(one + 4, &immediate, 4);
    memcpy(one + 12, &distance, 4);
    memcpy(at, one, sizeof one);
  }
  u8 *last = code + (COUNT - 1) * STRIDE;
  last[8] = 0xc3;
  for (int round = 0; round < 400 * scale; round++) {
    note(call(code, round, 0, 0));
    u8 *at = code + chance(COUNT) * STRIDE;
    switch (chance(4)) {
      case 0: at[4] = chance(256); break;
      case 1: if (at != last) at[11] = chance(2) ? 0xe9 : 0xc3; break; // the way ends here, or goes on again
      case 2: at[3] = chance(2) ? 0x7f : 0x3f; break; // times 3, times 2
      default: memcpy(at, (u8[]){ 0x48, 0x8d, 0x84, 0x7f, 1, 2, 3, 4 }, 8);
    }
  }
  say("many, some replaced");
}
/** Code that overwrites itself: what is right behind it, and what it has just done. */
static void itself(void) {
  u8 *code = pages(2, RWX);
  static const u8 AHEAD[] = { // mov eax, edx; mov [rip + 1], edi: the immediate of the next instruction; add eax, imm32; and the next one's opcode; ret
    0x89, 0xd0, 0x89, 0x3d, 1, 0, 0, 0, 0x05, 0, 0, 0, 0, 0xc6, 0x05, 0, 0, 0, 0, 0x35, 0x05, 1, 2, 3, 4, 0xc6, 0x05, 0xf4, 0xff, 0xff, 0xff, 0x05, 0xc3 };
  static const u8 BEHIND[] = { // xor eax, eax; again: add eax, imm32; add [rip - 10], edi: that immediate; dec edx; jnz again; ret
    0x31, 0xc0, 0x05, 1, 0, 0, 0, 0x01, 0x3d, 0xf6, 0xff, 0xff, 0xff, 0xff, 0xca, 0x75, 0xf1, 0xc3 };
  for (int round = 0; round < 20 * scale; round++) for (int at = 0; at < 40; at += 1 + at % 7) {
    u8 *one = code + PAGE - at;
    memcpy(one, AHEAD, sizeof AHEAD);
    for (uint32_t value = 0; value < 20; value++) note(call(one, value * 0x1234567, 0, round));
    memcpy(one, BEHIND, sizeof BEHIND);
    note(call(one, 3 + round, 0, 200));
    note(call(one, 0, 0, 200)); // it writes what is there already
  }
  say("overwrites itself");
}
/** Two mappings of the same pages: written by one, executed by the other, by both. */
static void twins(void) {
  int file = memfd_create("codes", 0);
  need(file >= 0 && ftruncate(file, 2 * PAGE) == 0, "memfd");
  u8 *writable = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), *first = mmap(0, 2 * PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, file, 0);
  u8 *second = mmap(0, 2 * PAGE, RWX, MAP_SHARED, file, 0);
  need(writable != MAP_FAILED && first != MAP_FAILED && second != MAP_FAILED, "mmap of a memfd");
  for (int round = 0; round < 100 * scale; round++) {
    int at = round % 3 == 0 ? PAGE - chance(24) : chance(PAGE);
    memcpy(writable + at, LOOP, sizeof LOOP);
    for (int times = 0; times < 5; times++) {
      note(call(first + at, round, 0, 100));
      (times & 1 ? second : writable)[at + IMMEDIATE + chance(4)] = chance(256);
      note(call(second + at, round, 0, 100));
    }
    // the same bytes mean something else at another address: lea rax, [rip]; sub rax, rdi; ret
    memcpy(second + at, (u8[]){ 0x48, 0x8d, 0x05, 0, 0, 0, 0, 0x48, 0x29, 0xf8, 0xc3 }, 11);
    for (int times = 0; times < 60; times++) note(call(first + at, (uint64_t)(first + at), 0, 0) + call(second + at, (uint64_t)(second + at), 0, 0));
    need(pwrite(file, (u8[]){ 0xb8, (u8)round, 0, 0, 0, 0xc3 }, 6, at) == 6, "pwrite"); // the kernel writes
    note(call(first + at, 0, 0, 0) + 3 * call(second + at, 0, 0, 0));
  }
  say("two mappings");
}
/** Writable or executable, never both; other pages at the same address; pages that move. */
static void mappings(void) {
  u8 *code = pages(1, PROT_READ | PROT_WRITE), *old = 0;
  for (int round = 0; round < 150 * scale; round++) {
    constant(code, round);
    need(mprotect(code, PAGE, PROT_READ | PROT_EXEC) == 0, "mprotect");
    for (int times = chance(40); times >= 0; times--) note(call(code, 0, 0, 0));
    need(mprotect(code, PAGE, PROT_READ | PROT_WRITE) == 0, "mprotect");
    if (round % 5 == 0) { // nothing of the old page stays, but its address
      need(mmap(code, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == code, "mmap at an address");
      note(code[0]);
    }
    if (round % 7 == 0) { // other code comes to where this was
      u8 *other = constant(pages(1, RWX), round ^ 0x55555555);
      note(call(other, 0, 0, 0));
      need(mremap(other, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, code) == code, "mremap");
      for (int times = 0; times < 30; times++) note(call(code, 0, 0, 0));
    }
    if (round % 11 == 0) {
      if (old) munmap(old, PAGE);
      old = code;
      code = pages(1, PROT_READ | PROT_WRITE);
    }
  }
  say("mappings change");
}
/** All that writes: copies of every kind, string instructions, vectors, atomics, the kernel. */
static void writers(void) {
  u8 *code = pages(2, RWX), fresh[64] __attribute__((aligned(16)));
  int ends[2];
  need(pipe(ends) == 0, "pipe");
  for (int round = 0; round < 200 * scale; round++) {
    u8 *at = code + (round & 1 ? 128 : PAGE - 8);
    memset(fresh, 0x90, sizeof fresh);
    constant(fresh + 8, chance(1u << 31));
    u8 *to = at; const u8 *from = fresh; uint64_t count = 32, value;
    memcpy(&value, fresh + 8, 8);
    switch (round % 8) {
      case 0: __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) :: "memory"); break;
      case 1: count = 4; __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(count) :: "memory"); break;
      case 2: for (int part = 0; part < 32; part += 16) __asm__ volatile("movdqa (%0), %%xmm0; movdqu %%xmm0, (%1)" :: "r"(fresh + part), "r"(at + part) : "xmm0", "memory"); break;
      case 3: __asm__ volatile("xchg %0, (%1)" : "+r"(value) : "r"(at + 8) : "memory"); break;
      case 4: __atomic_store_n((uint32_t *)(at + 8), (uint32_t)value, __ATOMIC_SEQ_CST); break;
      case 5: need(write(ends[1], fresh, 32) == 32 && read(ends[0], at, 32) == 32, "pipe"); break;
      case 6: for (int index = 0; index < 32; index++) at[index] = fresh[index]; break;
      default: for (int index = 31; index >= 0; index--) __asm__ volatile("movb %0, (%1)" :: "q"(fresh[index]), "r"(at + index) : "memory");
    }
    at[13] = 0xc3;
    for (int times = chance(30); times >= 0; times--) note(call(at + 8, 0, 0, 0));
  }
  say("writers");
}
/** A small compiler: random straight-line arithmetic in a loop, checked by doing it in C. Old code makes room for new. */
static void compiled(void) {
  u8 *code = pages(16, RWX);
  size_t at = 0;
  for (int round = 0; round < 500 * scale; round++) {
    struct { int kind; int32_t value; } steps[12];
    int count = 1 + chance(12);
    if (at + 256 > 16 * PAGE) at = chance(64);
    u8 *start = code + at, *next = start;
    *next++ = 0x48; *next++ = 0x89; *next++ = 0xf8; // mov rax, rdi
    u8 *again = next;
    for (int index = 0; index < count; index++) {
      int kind = steps[index].kind = chance(6);
      int32_t value = steps[index].value = (int32_t)chance(1u << 31);
      static const u8 WITH[] = { 0x05, 0x2d, 0x35 }; // add, sub, xor
      if (kind < 3) { *next++ = 0x48; *next++ = WITH[kind]; memcpy(next, &value, 4); next += 4; }
      else if (kind == 3) { *next++ = 0x48; *next++ = 0x69; *next++ = 0xc0; memcpy(next, &value, 4); next += 4; } // imul rax, rax
      else if (kind == 4) { *next++ = 0x48; *next++ = 0xc1; *next++ = 0xc0; *next++ = value & 63; } // rol
      else { *next++ = 0x48; *next++ = 0x01; *next++ = 0xf0; } // add rax, rsi
    }
    *next++ = 0x48; *next++ = 0xff; *next++ = 0xca; // dec rdx
    *next++ = 0x0f; *next++ = 0x85;
    int32_t back = (int32_t)(again - (next + 4));
    memcpy(next, &back, 4);
    next += 4;
    *next++ = 0xc3;
    at = (size_t)(next - code);
    uint64_t rounds = 1 + chance(chance(8) ? 40 : 3000), right = round;
    for (uint64_t n = 0; n < rounds; n++) for (int index = 0; index < count; index++) {
      uint64_t value = (uint64_t)(int64_t)steps[index].value;
      int by = steps[index].value & 63;
      switch (steps[index].kind) {
        case 0: right += value; break;
        case 1: right -= value; break;
        case 2: right ^= value; break;
        case 3: right *= value; break;
        case 4: if (by) right = right << by | right >> (64 - by); break;
        default: right += 0x9e3779b97f4a7c15u;
      }
    }
    uint64_t found = call(start, round, 0x9e3779b97f4a7c15u, rounds);
    if (found != right) printf("program %d: %016lx, not %016lx\n", round, found, right);
    note(found);
  }
  say("compiled");
}

static u8 *patched;
/** What an instruction that faults is replaced by. */
static void patch(int number, siginfo_t *info, void *context) {
  greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
  u8 *at = (u8 *)registers[REG_RIP];
  note(number + (at - patched));
  if (number == SIGILL) memcpy(at, (u8[]){ 0xff, 0xc0 }, 2); // inc eax in place of ud2
  else if (number == SIGSEGV) memcpy(at, (u8[]){ 0x01, 0xf8, 0x90 }, 3); // add eax, edi in place of a load from nowhere
  else at[-1] = 0x90; // nop in place of int3
  (void)info;
}
/** Code that is completed where it faults, as inline caches are. */
static void faults(void) {
  struct sigaction action = { .sa_sigaction = patch, .sa_flags = SA_SIGINFO };
  for (int index = 0; index < 3; index++) sigaction((int[]){ SIGILL, SIGSEGV, SIGTRAP }[index], &action, 0);
  u8 *code = pages(2, RWX);
  for (int round = 0; round < 30 * scale; round++) {
    patched = code + (round % 4 ? 64 : PAGE - 6);
    // mov eax, esi; ud2; mov rax, [0x10] (3 bytes: mov eax, [rcx + 16] with rcx = 0); int3; dec edx; jnz; ret
    static const u8 HOLES[] = { 0x89, 0xf0, 0x31, 0xc9, 0x0f, 0x0b, 0x8b, 0x41, 0x10, 0xcc, 0xff, 0xca, 0x75, 0xf6, 0xc3 };
    memcpy(patched, HOLES, sizeof HOLES);
    for (int times = 0; times < 3; times++) note(call(patched, 5, round, 300));
  }
  for (int index = 0; index < 3; index++) signal((int[]){ SIGILL, SIGSEGV, SIGTRAP }[index], SIG_DFL);
  say("patched by faults");
}
/** A child writes its own copy; the parent's stays. */
static void children(void) {
  u8 *code = constant(pages(1, RWX), 7);
  for (int times = 0; times < 100; times++) note(call(code, 0, 0, 0));
  for (int round = 0; round < 5; round++) {
    pid_t child = fork();
    if (child == 0) {
      if (call(code, 0, 0, 0) != 7u + round) _exit(99);
      constant(code, 40 + round);
      uint64_t sum = 0;
      for (int times = 0; times < 100; times++) sum += call(code, 0, 0, 0);
      _exit(sum == 100u * (40 + round) ? 40 + round : 98);
    }
    int status = 0;
    waitpid(child, &status, 0);
    note(status);
    note(call(code, 0, 0, 0));
    constant(code, 8 + round);
    note(call(code, 0, 0, 0));
  }
  say("children");
}

static u8 *shared;
static pthread_barrier_t meeting;
static int turns;
static void *executes(void *which) {
  uint64_t sum = 0;
  for (int turn = 0; turn < turns; turn++) {
    pthread_barrier_wait(&meeting); // written
    uint32_t a = 0, b, c = 0, d;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d) :: "memory"); // SDM 3A, Handling Self- and Cross-Modifying Code: who executes serializes
    for (int times = 0; times < 50; times++) sum = sum * 31 + call(shared, turn, (uint64_t)which, 20);
    pthread_barrier_wait(&meeting); // executed
  }
  return (void *)sum;
}
/** One thread writes, others execute. */
static void threads(void) {
  enum { COUNT = 3 };
  pthread_t thread[COUNT];
  turns = 100 * scale;
  shared = pages(2, RWX) + PAGE - 12;
  pthread_barrier_init(&meeting, 0, COUNT + 1);
  memcpy(shared, LOOP, sizeof LOOP);
  for (uint64_t index = 0; index < COUNT; index++) pthread_create(thread + index, 0, executes, (void *)index);
  for (int turn = 0; turn < turns; turn++) {
    for (int index = 0; index < 4; index++) if (chance(2)) shared[IMMEDIATE + index] = chance(256);
    shared[17] = 1 + chance(60);
    pthread_barrier_wait(&meeting);
    pthread_barrier_wait(&meeting);
  }
  for (int index = 0; index < COUNT; index++) {
    void *sum;
    pthread_join(thread[index], &sum);
    note((uint64_t)sum);
  }
  say("threads");
}

int main(int count, char **words) {
  if (count > 1) scale = atoi(words[1]);
  setvbuf(stdout, 0, _IOLBF, 0);
  digest = 14695981039346656037u;
  rewritten(); borders(); many(); itself(); twins(); mappings(); writers(); compiled(); faults(); children(); threads();
  return 0;
}
