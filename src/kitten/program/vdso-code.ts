// The code of the vDSO: bytes and what they are, one instruction a line. Time is the TSC, which counts nanoseconds since the Kitten began;
// what is measured since 1970 adds `epoch`. Seconds are the quotient by 10^9, got by a multiplication.

export const VDSO_CODE = `
__vdso_clock_gettime:
  83ff0b                cmp edi, 0xb
  7752                  ja 57
  b8f3080000            mov eax, 0x8f3
  0fa3f8                bt eax, edi
  7348                  jae 57
  41b821080000          mov r8d, 0x821
  0f31                  rdtsc
  48c1e220              shl rdx, 0x20
  4809d0                or rax, rdx
  410fa3f8              bt r8d, edi
  7307                  jae 2b
  480305ed000000        add rax, [epoch]
  4889c1                mov rcx, rax
  48c1e809              shr rax, 0x9
  48ba535a9ba02fb84400  movabs rdx, 0x44b82fa09b5a53
  48f7e2                mul rdx
  48c1ea0b              shr rdx, 0xb
  4869c200ca9a3b        imul rax, rdx, 0x3b9aca00
  4829c1                sub rcx, rax
  488916                mov [rsi], rdx
  48894e08              mov [rsi+0x8], rcx
  31c0                  xor eax, eax
  c3                    ret
  b8e4000000            mov eax, 0xe4
  0f05                  syscall
  c3                    ret
__vdso_gettimeofday:
  4885ff                test rdi, rdi
  7446                  je aa
  0f31                  rdtsc
  48c1e220              shl rdx, 0x20
  4809d0                or rax, rdx
  480305a4000000        add rax, [epoch]
  4889c1                mov rcx, rax
  48c1e809              shr rax, 0x9
  48ba535a9ba02fb84400  movabs rdx, 0x44b82fa09b5a53
  48f7e2                mul rdx
  48c1ea0b              shr rdx, 0xb
  488917                mov [rdi], rdx
  4869d200ca9a3b        imul rdx, rdx, 0x3b9aca00
  4829d1                sub rcx, rdx
  4889c8                mov rax, rcx
  31d2                  xor edx, edx
  b9e8030000            mov ecx, 0x3e8
  48f7f1                div rcx
  48894708              mov [rdi+0x8], rax
  4885f6                test rsi, rsi
  7407                  je b6
  48c70600000000        mov [rsi], 0x0
  31c0                  xor eax, eax
  c3                    ret
__vdso_time:
  0f31                  rdtsc
  48c1e220              shl rdx, 0x20
  4809d0                or rax, rdx
  4803054f000000        add rax, [epoch]
  48c1e809              shr rax, 0x9
  48ba535a9ba02fb84400  movabs rdx, 0x44b82fa09b5a53
  48f7e2                mul rdx
  48c1ea0b              shr rdx, 0xb
  4889d0                mov rax, rdx
  4885ff                test rdi, rdi
  7403                  je e9
  488907                mov [rdi], rax
  c3                    ret
__vdso_getcpu:
  4989f8                mov r8, rdi
  4989f1                mov r9, rsi
  0f01f9                rdtscp
  4d85c0                test r8, r8
  7403                  je fb
  418908                mov dword [r8], ecx
  4d85c9                test r9, r9
  7407                  je 107
  41c70100000000        mov dword [r9], 0x0
  31c0                  xor eax, eax
  c3                    ret
__vdso_clock_getres:
  b8e5000000            mov eax, 0xe5
  0f05                  syscall
  c3                    ret
  660f1f440000          nop WORD PTR [rax+rax*1+0x0]
epoch:
  0000000000000000      nanoseconds from 1970 to the TSC's 0
`;
