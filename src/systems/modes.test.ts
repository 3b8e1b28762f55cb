// Programs without any kernel, started flat in each mode: a tour through all modes and back, what a BIOS would have left, and what is not supported.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import test, { after } from "node:test";
import { runGuest } from "./guest.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "nvl-modes-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const missing = ["as", "ld"].find((program) => spawnSync(program, ["--version"]).error);
const skip = missing ? `${missing} is not installed` : false;
const ORIGIN = 0x8000;

/** GNU as, linked at ORIGIN. */
function assemble(source: string): string {
  const [object, binary] = [path.join(folder, "program.o"), path.join(folder, "program.bin")];
  for (const [program, args, input] of [["as", ["--64", "-o", object, "-"], source], ["ld", ["-e", "0", "-Ttext", `0x${ORIGIN.toString(16)}`, "--oformat", "binary", "-o", binary, object], ""]] as const) {
    const { status, stderr } = spawnSync(program, args, { input, encoding: "utf8" });
    assert.equal(status, 0, stderr);
  }
  return binary;
}
const run = (mode: "real" | "protected" | "long", source: string) =>
  runGuest({ kernel: assemble(`${MACROS}\n${source}\n`.replace(SAY, (_, label = "", letter: string) => `${label}\n  mov $0x3f8, %dx\n  mov $${letter.charCodeAt(0)}, %al\n  out %al, %dx`)), flat: { gpa: ORIGIN, mode }, memoryMiB: 4, limitSeconds: 20 });

/** "say X" sends a letter to COM1. */
const SAY = /^(\w+: )?\s*say (\w)$/gm;
const MACROS = `
.macro off
  mov $0x604, %dx
  mov $0x3400, %ax
  out %ax, %dx
  hlt
.endm`;
const GDT = `
.balign 8
gdt: .quad 0
  .quad 0x00cf9b000000ffff # 08 flat code
  .quad 0x00cf93000000ffff # 10 flat data
  .quad 0x00af9b000000ffff # 18 64-bit code
  .quad 0x00009b000000ffff # 20 16-bit code
  .quad 0x000093000000ffff # 28 16-bit data
  .quad 0x0000890050000067 # 30 TSS at 0x5000
gdtr: .word gdtr - gdt - 1
  .long gdt
realidt: .word 0x3ff
  .long 0`;

test("real, protected, long, compatibility mode and back", { skip }, async () => {
  const { text, outcome } = await run("real", `
.code16
  cli
  xor %ax, %ax
  mov %ax, %ds
  mov %ax, %ss
  mov $0x7000, %sp
  say R
  movw $handler, 0x80 * 4       # an interrupt of our own
  movw $0, 0x80 * 4 + 2
  int $0x80
  lgdtl gdtr
  mov %cr0, %eax
  or $1, %al
  mov %eax, %cr0
  ljmpl $8, $protected
handler:
  say I
  iretw
.code32
protected:
  mov $0x10, %eax
  mov %eax, %ds
  mov %eax, %es
  mov %eax, %ss
  mov $0x7000, %esp
  say P
  mov $0x100000, %edi           # PML4, PDPT, page directory: 2 MiB identity-mapped
  mov $0xc00, %ecx
  xor %eax, %eax
  rep stosl
  movl $0x101003, 0x100000
  movl $0x102003, 0x101000
  movl $0x83, 0x102000
  mov $0x100000, %eax
  mov %eax, %cr3
  mov $0x20, %eax
  mov %eax, %cr4
  mov $0xc0000080, %ecx
  rdmsr
  or $0x100, %eax
  wrmsr
  mov %cr0, %eax
  or $0x80000000, %eax
  mov %eax, %cr0
  say C
  ljmpl $0x18, $long            # in compatibility mode by now
.code64
long:
  mov $0x123456789abcdef0, %r15
  push %r15
  pop %r14
  cmp %r14, %r15
  jne 1f
  say L
1: push $8
  lea compatible(%rip), %rax
  push %rax
  lretq
.code32
compatible:
  say C
  mov %cr0, %eax
  and $0x7fffffff, %eax
  mov %eax, %cr0
  mov $0xc0000080, %ecx
  rdmsr
  and $~0x100, %eax
  wrmsr
  say P
  ljmpl $0x20, $sixteen
.code16
sixteen:
  mov $0x28, %ax
  mov %ax, %ss
  mov %ax, %ds
  say S
  mov %cr0, %eax
  and $~1, %al
  mov %eax, %cr0
  ljmpw $0, $real
real:
  xor %ax, %ax
  mov %ax, %ds
  mov %ax, %ss
  lidtl realidt
  int $0x80
  say R
  off
${GDT}`);
  assert.equal(text, "RIPCLCPSIR");
  assert.deepEqual(outcome, { kind: "power-off" });
});

test("64-bit code starts with the first 4 GiB mapped", { skip }, async () => {
  const { text, outcome } = await run("long", `
.code64
  mov $0x200000, %rsp
  call 1f
  mov 0xfee00030, %eax          # the local APIC's version
  cmp $0x14, %al
  jb 2f
  say A
2: off
1: say L
  ret`);
  assert.equal(text, "LA");
  assert.deepEqual(outcome, { kind: "power-off" });
});

test("a BIOS left its data area, vectors that return, and a reset vector", { skip }, async () => {
  const { text, outcome, statistics } = await run("real", `
.code16
  mov $0x7000, %sp
  cmpw $639, 0x413
  jne 1f
  cmpw $0x3f8, 0x400
  jne 1f
  say D
1: mov $0xe801, %ax             # nobody answers, but it comes back
  int $0x15
  say V
  mov $0x70, %dx                # NVRAM survives a reset: the second time is the last
  mov $0x40, %al
  out %al, %dx
  inc %dx
  in %dx, %al
  cmp $0x5a, %al
  je 2f
  mov $0x5a, %al
  out %al, %dx
  ljmpw $0xffff, $0
2: off`);
  assert.equal(text, "DVDV");
  assert.deepEqual([outcome, statistics.resets], [{ kind: "power-off" }, 1]);
});

test("virtual 8086 mode is refused in words", { skip }, async () => {
  const { text, outcome } = await run("protected", `
.code32
  mov $0x7000, %esp
  say P
  lgdtl gdtr
  mov $0x30, %eax
  ltr %ax
  pushl $0                      # GS FS DS ES SS ESP EFLAGS with VM, CS, EIP
  pushl $0
  pushl $0
  pushl $0
  pushl $0
  pushl $0x6000
  pushl $0x20002
  pushl $0
  pushl $virtual
  iretl
.code16
virtual:
  say V
  hlt
${GDT}`);
  assert.equal(text, "P");
  assert.equal(outcome.kind, "unsupported");
  assert.match("message" in outcome ? outcome.message : "", /virtual.?8086/i);
});
