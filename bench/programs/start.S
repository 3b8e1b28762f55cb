# Multiboot 1 entry of the bare-metal bench: 32-bit protected mode to 64-bit with SSE, then bench_main(command line), then the debug-exit port.
    .set MAGIC, 0x1badb002
    .set FLAGS, 0x3
    .section .multiboot, "a"
    .align 4
    .long MAGIC, FLAGS, -(MAGIC + FLAGS)

    .section .text
    .code32
    .globl _start
_start:
    mov $stack_top, %esp
    mov 16(%ebx), %edi              # information structure: command line
    # identity mapping of the first GiB by 2 MiB pages
    mov $pdpt + 3, %eax
    mov %eax, pml4
    mov $pd + 3, %eax
    mov %eax, pdpt
    mov $0x83, %eax
    mov $pd, %ecx
1:  mov %eax, (%ecx)
    add $0x200000, %eax
    add $8, %ecx
    cmp $pd + 4096, %ecx
    jne 1b
    mov $pml4, %eax
    mov %eax, %cr3
    mov $0x620, %eax                # PAE, OSFXSR, OSXMMEXCPT
    mov %eax, %cr4
    mov $0xc0000080, %ecx           # EFER.LME
    rdmsr
    or $0x100, %eax
    wrmsr
    mov $0x80000033, %eax           # PG, NE, ET, MP, PE
    mov %eax, %cr0
    lgdt gdt_pointer
    ljmp $8, $long_mode
    .code64
long_mode:
    xor %eax, %eax
    mov %eax, %ss
    mov %eax, %ds
    mov %eax, %es
    call bench_main
    mov $0xf4, %dx
    out %al, %dx
2:  cli
    hlt
    jmp 2b

    .align 8
gdt:
    .quad 0, 0x00af9b000000ffff
gdt_pointer:
    .word gdt_pointer - gdt - 1
    .long gdt

    .section .bss
    .align 4096
pml4: .skip 4096
pdpt: .skip 4096
pd:   .skip 4096
    .skip 65536
stack_top:
