// System instructions as programs, on every engine: from real mode through protected to long mode and back, segments, gates, system calls,
// and what needs a privilege. What each of them checks is tested beside core; here it is that the instruction reaches it.

import assert from "node:assert/strict";
import test from "node:test";
import type { GprName } from "../hal/index.ts";
import type { CodeSize } from "../isa/decode.ts";
import { assemble } from "../isa/encode.ts";
import { mem, REGISTERS, type Value } from "../isa/registers.ts";
import { CODE_AT, createBare, type Bare, type BareMode } from "./bare.ts";
import { openEngines } from "./engines.ts";

const GDT = 0x2000, IDT = 0x3000, TSS = 0x4000, STACK = 0x7000, INNER = 0x6000, DATA = 0x5000;
const PML4 = 0x1fc000;
/** Selectors in the GDT of these tests. */
const CODE32 = 8, DATA0 = 16, CODE64 = 24, USER32 = 0x23, USER_DATA = 0x2b, USER64 = 0x33, TASK = 0x38, LDT = 0x48, CODE16 = 0x58, GATE = 0x60;
const DESCRIPTORS: [number, bigint][] = [
  [CODE32, 0x00cf_9a00_0000_ffffn], [DATA0, 0x00cf_9200_0000_ffffn], [CODE64, 0x00af_9a00_0000_ffffn], [USER32, 0x00cf_fa00_0000_ffffn], [USER_DATA, 0x00cf_f200_0000_ffffn],
  [USER64, 0x00af_fa00_0000_ffffn], [TASK, 0x0000_8900_4000_0067n], [LDT, 0x0000_8200_2100_000fn], [CODE16, 0x0000_9a00_0000_ffffn],
  [GATE, 0x0000_ec02_0008_9000n], // 32-bit call gate for everybody to CODE32:0x9000, two parameters
];

/** One instruction per line: `mov eax, [0x5000]`, `jmp 8:0x8100`, `sgdt [esi+2]`. Numbers in JavaScript's notation; widths as `dword [..]`. */
function program(mode: CodeSize, text: string): number[] {
  const value = (token: string): Value[] => {
    const far = /^(\w+):(\w+)$/.exec(token);
    if (far) return [Number(far[2]), Number(far[1])]; // the code has the offset first
    const memory = /^(?:(byte|word|dword|qword) )?\[(?:([a-z]\w*))?\+?(\w+)?\]$/.exec(token);
    if (memory) return [mem({
      width: memory[1] ? { byte: 8, word: 16, dword: 32, qword: 64 }[memory[1]] : undefined, base: memory[2] ? REGISTERS[memory[2]] : undefined, disp: Number(memory[3] ?? 0), segment: undefined,
    })];
    return [REGISTERS[token] ?? BigInt(token)];
  };
  return text.split(/[\n;]/).map((line) => line.trim()).filter((line) => line !== "").flatMap((line) => {
    const [mnemonic] = line.split(" ");
    const operands = line.slice(mnemonic!.length).split(",").map((token) => token.trim()).filter((token) => token !== "");
    return [...assemble(mnemonic!, operands.flatMap(value), { mode })];
  });
}

function put(bare: Bare, at: number, bytes: 1 | 2 | 4 | 8, value: bigint | number): void {
  for (let i = 0; i < bytes; i++) bare.ram[at + i] = Number(BigInt(value) >> BigInt(8 * i) & 0xffn);
}
const peek = (bare: Bare, at: number, bytes: number) => Array.from({ length: bytes }, (_, i) => BigInt(bare.ram[at + i]!) << BigInt(8 * i)).reduce((a, b) => a | b, 0n);

/** A bare vCPU with tables, a stack and an IDT whose handlers are at 0xa000 + 16 × vector: HLT. */
function prepare(engine: ReturnType<typeof openEngines>[number], mode: BareMode): Bare {
  const bare = createBare(engine, mode), { state } = bare.vcpu, wide = mode === "long";
  for (const [selector, value] of DESCRIPTORS) put(bare, GDT + (selector & ~7), 8, value);
  state.writeTable("gdt", BigInt(GDT), 0x6f);
  put(bare, TSS + 4, wide ? 8 : 4, INNER);
  if (!wide) put(bare, TSS + 8, 4, DATA0);
  for (let vector = 0; vector < 256; vector++) {
    bare.ram[0xa000 + 16 * vector] = 0xf4;
    if (mode === "real") put(bare, vector * 4, 4, 0xa000 + 16 * vector);
    else put(bare, IDT + vector * (wide ? 16 : 8), 8, BigInt((0xa000 + 16 * vector) & 0xffff) | BigInt(wide ? CODE64 : CODE32) << 16n | 0xeen << 40n);
  }
  if (mode !== "real") {
    state.writeTable("idt", BigInt(IDT), wide ? 0xfff : 0x7ff);
    state.writeSegment("tr", { selector: TASK, base: BigInt(TSS), limit: 0x67, attributes: 0x8b });
    for (const [name, selector] of [["cs", wide ? CODE64 : CODE32], ["ss", DATA0], ["ds", DATA0], ["es", DATA0]] as const) state.writeSegment(name, { ...state.readSegment(name), selector });
  }
  bare.set({ rsp: STACK, rdx: 0 });
  return bare;
}

/** Runs to HLT. */
function toHalt(bare: Bare, what: string): void {
  const exit = bare.vcpu.run(10_000);
  assert.equal(exit.reason, "hlt", `${what}: ${exit.reason} at ${bare.get("rip").toString(16)}`);
}

interface Row { what: string; mode: BareMode; code: string; more?: Record<number, [CodeSize, string]>; before?: (bare: Bare) => void; after?: (bare: Bare) => void; registers?: Partial<Record<GprName, bigint | number>> }
const SIZE = { real: 16, protected: 32, long: 64 } as const;

const ROWS: Row[] = [
  { what: "real to protected to long mode and back to real", mode: "real", code: "cli; lgdt [0x1000]; mov eax, cr0; or al, 1; mov cr0, eax; jmp 8:0x8100",
    before: (bare) => {
      bare.vcpu.state.writeTable("gdt", 0n, 0);
      put(bare, 0x1000, 2, 0x6f);
      put(bare, 0x1002, 4, GDT);
      for (const [at, value] of [[PML4, 0x1fd007], [0x1fd000, 0x1fe007], [0x1fe000, 0x87]] as const) put(bare, at, 8, value);
    },
    more: {
      0x8100: [32, `mov eax, 16; mov ds, ax; mov ss, ax; mov es, ax; mov eax, cr4; or eax, 0x20; mov cr4, eax; mov eax, ${PML4}; mov cr3, eax
        mov ecx, 0xc0000080; rdmsr; or eax, 0x101; wrmsr; mov eax, cr0; or eax, 0x80000000; mov cr0, eax; jmp ${CODE64}:0x8200`],
      0x8200: [64, `mov rbx, 0x1122334455667788; mov ecx, 0xc0000080; rdmsr; mov rsi, rax; push ${DATA0}; push ${STACK}; push 2; push ${CODE16}; push 0x8300; iretq`],
      0x8300: [16, "mov eax, cr0; and eax, 0x7fffffff; mov cr0, eax; mov ecx, 0xc0000080; rdmsr; mov edi, eax; mov eax, cr0; and eax, 0x7ffffffe; mov cr0, eax; jmp 0:0x8400"],
      0x8400: [16, "xor ax, ax; mov ds, ax; mov ss, ax; smsw bp; hlt"],
    }, registers: { rbx: 0x1122_3344_5566_7788n, rsi: 0x501, rdi: 0x101, rbp: 0x10 } },
  { what: "real mode: LDS, LES, LSS, selectors on the stack", mode: "real", code: "lss sp, [0x1004]; mov dx, ss; les di, [0x1000]; push es; pop fs; mov cx, fs; lds si, [0x1000]; mov ax, ds; hlt",
    before: (bare) => { put(bare, 0x1000, 4, 0x1234_5678); put(bare, 0x1004, 4, 0x0100_7000); bare.vcpu.state.writeSegment("ds", { selector: 0, base: 0n, limit: 0xffff, attributes: 0x93 }); },
    registers: { rsi: 0x5678, rax: 0x1234, rdi: 0x5678, rcx: 0x1234, rsp: 0x7000, rdx: 0x100 } },
  { what: "real mode: INT, IRET, far CALL and RET", mode: "real", code: "int 0x40; call 0x100:0x8000; mov cx, 7; hlt",
    more: { 0xa400: [16, "mov ax, 5; iret"], 0x9000: [16, "mov bx, 6; mov dx, cs; retf"] }, registers: { rax: 5, rbx: 6, rcx: 7, rdx: 0x100, rsp: STACK } },
  { what: "real mode: INTO, INT3 and INT1 by their vectors", mode: "real", code: "int3; int1; mov al, 0x7f; add al, al; into; hlt",
    more: { 0xa030: [16, "add bx, 1; iret"], 0xa010: [16, "add bx, 2; iret"], 0xa040: [16, "add bx, 4; iret"] }, registers: { rbx: 7 } },
  { what: "real mode: protected instructions are #UD", mode: "real", code: "sldt ax", more: { 0xa060: [16, "mov si, 6; hlt"] }, registers: { rsi: 6 } },
  { what: "LMSW enters protected mode and cannot leave it", mode: "real", code: "mov ax, 0x11; lmsw ax; xor ax, ax; lmsw ax; smsw ebx; hlt", registers: { rbx: 0x6000_0011 } },
  { what: "protected mode: ARPL, LAR, LSL, VERR, VERW", mode: "protected",
    code: `mov eax, 8; mov ecx, 3; arpl ax, cx; sete dl; mov ebx, 16; lar esi, ebx; lsl edi, ebx; verr bx; sete dh; mov ebp, ${CODE32}; verw bp; sete cl; hlt`,
    registers: { rax: 11, rdx: 0x101, rsi: 0x00cf_9200, rdi: 0xffff_ffff, rcx: 0 } },
  { what: "protected mode: LLDT, LTR, SLDT, STR, a segment in the LDT", mode: "protected",
    before: (bare) => { put(bare, 0x2100, 8, 0x0040_9200_5000_0fffn); put(bare, 0x2108, 8, 0); put(bare, DATA + 0x10, 4, 0xcafe); },
    code: `mov eax, ${LDT}; lldt ax; sldt ebx; mov eax, ${TASK}; ltr ax; str ecx; mov eax, 4; mov fs, ax; mov esi, 0x10; mov edx, fs; push fs; pop ds; mov edi, [esi]; hlt`,
    registers: { rbx: LDT, rcx: TASK, rdx: 4, rdi: 0xcafe } },
  { what: "protected mode: IRET to a program, and back by a call gate with parameters", mode: "protected",
    code: `push ${USER_DATA}; push 0x6800; push 2; push ${USER32}; push 0x8800; iretd`,
    more: { 0x8800: [32, `push 0x11; push 0x22; call ${GATE}:0`], 0x9000: [32, "mov eax, [esp+8]; mov ebx, [esp+12]; mov ecx, cs; mov edx, [esp+4]; hlt"] },
    registers: { rax: 0x22, rbx: 0x11, rcx: CODE32, rdx: USER32, rsp: INNER - 24 } },
  { what: "protected mode: a privileged instruction in a program is #GP(0)", mode: "protected", code: `push ${USER_DATA}; push 0x6800; push 2; push ${USER32}; push 0x8800; iretd`,
    more: { 0x8800: [32, "mov eax, cr0"], 0xa0d0: [32, "pop eax; pop ebx; mov ecx, cs; hlt"] }, registers: { rax: 0, rbx: 0x8800, rcx: CODE32 } },
  { what: "protected mode: CLI, HLT and IN of a program without IOPL", mode: "protected", code: `push ${USER_DATA}; push 0x6800; push 2; push ${USER32}; push 0x8800; iretd`,
    more: { 0x8800: [32, "cli"], 0xa0d0: [32, "add esi, 1; cmp esi, 3; je 9; add dword [esp+4], 1; add esp, 4; iretd; hlt"], 0x8801: [32, "hlt; in al, 0x60"] },
    registers: { rsi: 3 } },
  { what: "long mode: SYSCALL and SYSRET", mode: "long",
    before: ({ vcpu: { state } }) => { for (const [name, value] of [["star", 0x0023_0018_0000_0000n], ["lstar", 0x9000n], ["sfmask", 0x200n], ["efer", 0x501n]] as const) state.writeField(name, value); },
    code: "mov ecx, 0x8800; mov r11d, 0x202; sysretq",
    more: { 0x8800: [64, "mov ebx, cs; mov eax, 39; syscall"], 0x9000: [64, "mov edx, cs; mov esi, ss; pushf; pop rdi; hlt"] },
    registers: { rbx: 0x33, rax: 39, rcx: 0x8809, r11: 0x202, rdx: 0x18, rsi: 0x20, rdi: 2 } },
  { what: "long mode: SYSENTER and SYSEXIT", mode: "long",
    before: ({ vcpu: { state } }) => { for (const [name, value] of [["sysenterCs", 0x18n], ["sysenterEip", 0x9000n], ["sysenterEsp", 0x6000n]] as const) state.writeField(name, value); },
    code: "mov ecx, 0x6800; mov edx, 0x8800; sysexitq", more: { 0x8800: [64, "mov ebx, cs; sysenter"], 0x9000: [64, "mov esi, cs; hlt"] }, registers: { rbx: 0x3b, rsi: 0x18, rsp: 0x6000 } },
  { what: "long mode: bases of FS and GS, SWAPGS", mode: "long",
    before: ({ vcpu: { state } }) => { state.write("cr4", 0x10620n); state.writeField("kernelGsBase", 0x9999n); },
    code: `mov rax, 0x123456789abc; wrfsbase rax; rdfsbase rbx; wrgsbase ebx; rdgsbase rcx; swapgs; rdgsbase rdx; mov ecx, 0xc0000102; rdmsr; hlt`,
    registers: { rbx: 0x1234_5678_9abcn, rax: 0x5678_9abcn, rdx: 0 } },
  { what: "long mode: without CR4.FSGSBASE these are #UD", mode: "long", code: "rdfsbase rax", more: { 0xa060: [64, "mov esi, 6; hlt"] }, registers: { rsi: 6 } },
  { what: "long mode: STAC and CLAC change AC, and are #UD in programs", mode: "long",
    code: `stac; pushf; pop rax; clac; pushf; pop rbx; push ${USER_DATA}; push 0x6800; push 2; push ${USER64}; push 0x8800; iretq`,
    more: { 0x8800: [64, "stac"], 0xa060: [64, "mov rsi, [rsp]; hlt"] }, registers: { rax: 0x40002, rbx: 2, rsi: 0x8800 } },
  { what: "long mode: CPUID, XGETBV, RDTSCP, RDRAND", mode: "long", before: ({ vcpu: { state } }) => { state.write("cr4", 0x40620n); state.writeField("tscAux", 5n); },
    code: "mov eax, 0; cpuid; mov r8d, ebx; mov eax, 3; xor edx, edx; xor ecx, ecx; xsetbv; xgetbv; mov r9d, eax; rdtscp; mov r10d, ecx; rdrand r11; setb dl; hlt",
    registers: { r8: 0x756e_6547, r9: 3, r10: 5, r11: 0x4_0000_0004n } },
  { what: "long mode: FXSAVE and XSAVE carry XMM and x87 registers over", mode: "long", before: ({ vcpu: { state } }) => { state.write("cr4", 0x40620n); state.write("xcr0", 3n); state.writeXmm(7, 0x1234n << 64n); },
    code: `fninit; fld1; mov edi, ${DATA}; fxsave64 [rdi]; mov eax, 3; xor edx, edx; xsave64 [rdi+0x400]; xorps xmm7, xmm7; fninit; xrstor64 [rdi+0x400]; movups [rdi], xmm7; fstp qword [rdi+16]
      mov rax, [rdi+8]; mov rbx, [rdi+16]; hlt`, registers: { rax: 0x1234, rbx: 0x3ff0_0000_0000_0000n } },
  { what: "long mode: debug registers", mode: "long", code: "mov rax, 0x123456789; mov dr3, rax; mov rbx, dr3; mov rcx, dr6; mov rdx, dr7; hlt", registers: { rbx: 0x1_2345_6789n, rcx: 0xffff_0ff0n, rdx: 0x400 } },
  { what: "long mode: LIDT and SIDT", mode: "long", before: (bare) => { put(bare, DATA, 2, 0xfff); put(bare, DATA + 2, 8, IDT); }, code: `lidt [${DATA}]; sidt [${DATA + 16}]; sgdt [${DATA + 32}]; int 0x50`,
    more: { 0xa500: [64, "mov esi, 1; hlt"] }, after: (bare) => assert.deepEqual([peek(bare, DATA + 16, 2), peek(bare, DATA + 18, 8), peek(bare, DATA + 34, 8)], [0xfffn, BigInt(IDT), BigInt(GDT)]), registers: { rsi: 1 } },
  { what: "long mode: INVLPG after a page was replaced", mode: "long",
    code: `mov eax, [${DATA}]; mov rdi, 0x1ff028; mov qword [rdi], 0x10007; invlpg [${DATA}]; mov ebx, [${DATA}]; hlt`, before: (bare) => { put(bare, DATA, 4, 1); put(bare, 0x10000, 4, 2); }, registers: { rax: 1, rbx: 2 } },
  { what: "long mode: CR8 is the bus's", mode: "long", code: "mov eax, 7; mov cr8, rax; mov rbx, cr8; hlt", registers: { rbx: 0 } },
  { what: "long mode: an unknown MSR is #GP(0)", mode: "long", code: "mov ecx, 0x480; rdmsr", more: { 0xa0d0: [64, "pop rax; pop rbx; hlt"] }, registers: { rax: 0, rbx: CODE_AT + 5 } },
];

for (const engine of openEngines()) for (const { what, mode, code, more = {}, before, after, registers = {} } of ROWS) test(`${engine.name}: ${what}`, () => {
  const bare = prepare(engine, mode);
  for (const [at, [size, text]] of Object.entries(more)) bare.ram.set(program(size, text), Number(at));
  before?.(bare);
  bare.load(program(SIZE[mode], code));
  toHalt(bare, what);
  const names = Object.keys(registers) as GprName[];
  assert.deepEqual(Object.fromEntries(names.map((name) => [name, bare.get(name).toString(16)])), Object.fromEntries(names.map((name) => [name, BigInt(registers[name]!).toString(16)])));
  after?.(bare);
});
