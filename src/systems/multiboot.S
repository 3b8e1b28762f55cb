# A Multiboot 1 kernel of several cores. Its command line says how many APs to expect, as one digit; a disagreement ends it with a status of its own.
# 1. The magic number, the command line, and the number of vCPUs as the configuration ports tell it.
# 2. INIT and STARTUP to all but itself: each AP comes from real mode by a trampoline at 0x8000, and takes a number and its APIC ID.
# 3. All increment one counter under LOCK, plain counters of their own, and an unaligned one across two cache lines.
# 4. The APs sleep with interrupts on; each gets an IPI of its own, and counts it.
  .set MAGIC, 0x1badb002
  .set LAPIC, 0xfee00000
  .set TURNS, 100000
  .set TRAMPOLINE, 0x8000
  .text
  .align 4
  .long MAGIC, 3, -(MAGIC + 3)

.macro expect status                  # ends with the status unless the last comparison found equality
  je 9f
  mov $\status, %eax
  jmp exit
9:
.endm

  .text
  .code32
  .globl _start
_start:
  mov $stacks + 4096, %esp
  cmp $0x2badb002, %eax
  expect 1
  mov 16(%ebx), %esi
  mov %esi, %edi
1: mov (%edi), %al                    # says its command line
  test %al, %al
  jz 2f
  call put
  inc %edi
  jmp 1b
2: mov $'\n', %al
  call put
  movzbl -1(%edi), %eax
  sub $'0', %eax
  mov %eax, wanted
  mov $0x510, %dx                     # how many vCPUs?
  mov $5, %ax
  out %ax, %dx
  mov $0x511, %dx
  in %dx, %al
  movzbl %al, %eax
  dec %eax
  cmp wanted, %eax
  expect 2

  lgdt gdt_pointer                    # selectors of its own, for itself and the APs
  ljmp $8, $3f
3: mov $16, %eax
  mov %eax, %ds
  mov %eax, %es
  mov %eax, %ss
  lidt idt_pointer
  mov $handler, %eax                  # vector 0x40
  mov %ax, idt + 0x40 * 8
  movw $8, idt + 0x40 * 8 + 2
  movw $0x8e00, idt + 0x40 * 8 + 4
  shr $16, %eax
  mov %ax, idt + 0x40 * 8 + 6
  mov $trampoline, %esi
  mov $TRAMPOLINE, %edi
  mov $trampoline_end - trampoline, %ecx
  rep movsb
  movl $0x1ff, LAPIC + 0xf0           # the LAPIC is on
  movl $0xc4500, LAPIC + 0x300        # INIT to all others
  mov $10000, %ecx
4: pause
  loop 4b
  movl $0xc4600 + TRAMPOLINE / 4096, LAPIC + 0x300
  mov $10000, %ecx
5: pause
  loop 5b
  movl $0xc4600 + TRAMPOLINE / 4096, LAPIC + 0x300 # once more, as the manual asks for
6: mov wanted, %eax                   # until all have come
  cmp arrived, %eax
  je 7f
  pause
  jmp 6b
7: movl $1, go
  call work
8: mov wanted, %eax
  inc %eax
  cmp done, %eax
  je 9f
  pause
  jmp 8b
9: imul $TURNS, %eax
  cmp shared, %eax
  expect 3
  cmp split, %eax
  expect 4
  mov wanted, %ecx                    # an interrupt for each
  jecxz 14f
10: movzbl ids - 1(%ecx), %eax
  shl $24, %eax
  mov %eax, LAPIC + 0x310
  movl $0x4040, LAPIC + 0x300
  loop 10b
11: mov wanted, %eax
  cmp interrupted, %eax
  je 12f
  pause
  jmp 11b
12: mov wanted, %ecx                  # APIC IDs, in the order of arrival
  jecxz 14f
13: movb ids - 1(%ecx), %al
  add $'0', %al
  call put
  loop 13b
14: mov $'\n', %al
  call put
  mov $0x10, %eax
exit:
  mov $0xf4, %dx
  out %eax, %dx
  cli
  hlt

put:
  mov $0x3f8, %dx
  out %al, %dx
  ret

work:
  mov $TURNS, %ecx
1: lock incl shared
  lock incl split
  loop 1b
  lock incl done
  ret

handler:
  lock incl interrupted
  movl $0, LAPIC + 0xb0               # EOI
  iret

  .code16
trampoline:
  cli
  xor %ax, %ax
  mov %ax, %ds
  lgdtl gdt_pointer_low - trampoline + TRAMPOLINE
  mov %cr0, %eax
  or $1, %al
  mov %eax, %cr0
  ljmpl $8, $ap
gdt_pointer_low:
  .word 23
  .long gdt
trampoline_end:
  .code32
ap:
  mov $16, %eax
  mov %eax, %ds
  mov %eax, %es
  mov %eax, %ss
  mov $1, %ebx
  lock xadd %ebx, arrivals
  mov LAPIC + 0x20, %eax
  shr $24, %eax
  mov %al, ids(%ebx)
  lea 2(%ebx), %esp                   # a stack of its own
  shl $12, %esp
  add $stacks, %esp
  lidt idt_pointer
  movl $0x1ff, LAPIC + 0xf0
  lock incl arrived
1: cmpl $0, go
  jne 2f
  pause
  jmp 1b
2: call work
3: sti
  hlt
  jmp 3b

  .data
  .align 8
gdt: .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
gdt_pointer: .word 23
  .long gdt
idt_pointer: .word 0x41 * 8 - 1
  .long idt
  .align 64
  .skip 62
split: .long 0                        # across two cache lines
  .align 64
shared: .long 0
  .align 64
wanted: .long 0
arrivals: .long 0
arrived: .long 0
go: .long 0
done: .long 0
interrupted: .long 0
  .bss
ids: .skip 16
  .align 8
idt: .skip 0x41 * 8
  .align 4096
stacks: .skip 4096 * 17
