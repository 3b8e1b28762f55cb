// What an engine can do, found by running a small guest for each capability: an engine on somebody else's virtualization may lack
// instructions that its version number promises.

import { createLongRig, createRealRig } from "./conformance/rig.ts";
import type { Engine } from "./vcpu.ts";

interface Probe {
  name: string;
  /** code in long mode at CPL 0, or in real mode; RSI and RDI (SI, DI) point to memory aligned to 64 bytes */
  mode: "long" | "real";
  code: readonly number[];
  /** instructions to run; the machine must be behind the last one, without having met a fault */
  instructions: number;
}

const PROBES = [
  { name: "real-mode", mode: "real", code: [0x8c, 0xc8, 0x89, 0x04], instructions: 2 }, //                  mov ax, cs; mov [si], ax
  { name: "protected-mode", mode: "real", code: [0x0f, 0x20, 0xc0, 0x0c, 0x01, 0x0f, 0x22, 0xc0], instructions: 3 }, // mov eax, cr0; or al, 1; mov cr0, eax
  { name: "long-mode", mode: "long", code: [0x48, 0xff, 0xc0], instructions: 1 }, //                         inc rax
  { name: "cmpxchg16b", mode: "long", code: [0x48, 0x0f, 0xc7, 0x0e], instructions: 1 }, //                  cmpxchg16b [rsi]
  { name: "sse2", mode: "long", code: [0x0f, 0x28, 0x06, 0x66, 0x0f, 0xfe, 0xc1], instructions: 2 }, //      movaps xmm0, [rsi]; paddd xmm0, xmm1
  { name: "sse4.2", mode: "long", code: [0xf2, 0x0f, 0x38, 0xf1, 0xc3], instructions: 1 }, //                crc32 eax, ebx
  { name: "aes", mode: "long", code: [0x66, 0x0f, 0x38, 0xdc, 0xc1], instructions: 1 }, //                   aesenc xmm0, xmm1
  { name: "sha", mode: "long", code: [0x0f, 0x38, 0xc8, 0xc1], instructions: 1 }, //                         sha1nexte xmm0, xmm1
  { name: "avx2", mode: "long", code: [0xc5, 0xfd, 0xfe, 0xc1], instructions: 1 }, //                        vpaddd ymm0, ymm0, ymm1
  { name: "bmi2", mode: "long", code: [0xc4, 0xe2, 0xfb, 0xf5, 0xc3], instructions: 1 }, //                  pdep rax, rax, rbx
  { name: "x87", mode: "long", code: [0xdb, 0xe3, 0xd9, 0xe8, 0xdb, 0x3e], instructions: 3 }, //             fninit; fld1; fstp m80 [rsi]
  { name: "fxsave", mode: "long", code: [0x0f, 0xae, 0x06], instructions: 1 }, //                            fxsave [rsi]
  { name: "rdtscp", mode: "long", code: [0x0f, 0x01, 0xf9], instructions: 1 },
  { name: "rdrand", mode: "long", code: [0x48, 0x0f, 0xc7, 0xf0], instructions: 1 },
  { name: "invpcid", mode: "long", code: [0x31, 0xc0, 0x66, 0x0f, 0x38, 0x82, 0x06], instructions: 2 }, //    xor eax, eax; invpcid rax, [rsi]
] as const satisfies readonly Probe[];

export type Capability = (typeof PROBES)[number]["name"];
export const CAPABILITIES: readonly Capability[] = PROBES.map(({ name }) => name);

const AREA = 0x6000;

function holds(engine: Engine, { mode, code, instructions }: Probe): boolean {
  const rig = (mode === "real" ? createRealRig : createLongRig)(engine, code);
  rig.memory.write(AREA, new Uint8Array(1024));
  rig.set({ rsi: AREA, rdi: AREA + 0x200 });
  const end = rig.state.read("rip") + BigInt(code.length);
  const { reason } = rig.vcpu.run(instructions);
  return reason === "budget" && rig.vcpu.retired() === instructions && rig.state.read("rip") === end;
}

/** Runs every probe on a machine of its own. Takes some milliseconds per capability. */
export function probeCapabilities(engine: Engine): Record<Capability, boolean> {
  return Object.fromEntries(PROBES.map((probe) => [probe.name, holds(engine, probe)])) as Record<Capability, boolean>;
}
