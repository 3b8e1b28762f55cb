// Where the states of two vCPUs differ: what a guest can see, and what decides how it goes on.

import { hex } from "../base/text.ts";
import { VCPU_FIELDS, type FieldName } from "../hal/layout.ts";
import type { NodeMemory } from "../hal/memory.ts";
import type { Vcpu } from "../hal/vcpu.ts";

/** Lazy flags are compared as RFLAGS. */
const COMPARED: readonly FieldName[] = [
  "gpr", "rip", "flagRest", "segBase", "segLimit", "segAttr", "segSelector", "gdtBase", "idtBase", "gdtLimit", "idtLimit", "cpl", "cr0", "cr2", "cr3", "cr4", "efer", "xcr0", "dr",
  "star", "lstar", "cstar", "sfmask", "kernelGsBase", "sysenterCs", "sysenterEsp", "sysenterEip", "pat", "apicBase", "miscEnable", "tscAux", "tscOffset", "tscAdjust",
  "xmm", "fpr", "mxcsr", "fcw", "fsw", "ftw", "fop", "fip", "fdp", "fcs", "fds", "shadow", "activity", "blocking",
];

/** A vCPU, and the memory in which its state lies. */
export interface Side { vcpu: Vcpu; node: NodeMemory }

const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

/** Compares bytes, and reads fields only where those differ. @returns a line for each difference */
export function stateDifferences(a: Side, b: Side): string[] {
  const out: string[] = [];
  for (const name of COMPARED) {
    const { offset, stride, count } = VCPU_FIELDS[name], bytes = ({ node, vcpu }: Side) => node.bytes.subarray(vcpu.state.address + offset, vcpu.state.address + offset + stride * count);
    if (same(bytes(a), bytes(b))) continue;
    for (let index = 0; index < count; index++) {
      const [one, other] = [a, b].map(({ vcpu }) => vcpu.state.readField(name, index));
      if (one !== other) out.push(`${name}[${index}]: ${hex(one)} ≠ ${hex(other)}`);
    }
  }
  const [flags, otherFlags] = [a, b].map(({ vcpu }) => vcpu.state.read("rflags"));
  if (flags !== otherFlags) out.push(`rflags: ${hex(flags)} ≠ ${hex(otherFlags)}`);
  if (a.vcpu.retired() !== b.vcpu.retired()) out.push(`retired: ${a.vcpu.retired()} ≠ ${b.vcpu.retired()}`);
  return out;
}

/** Where two pieces of memory differ first. @param alike bytes that may differ, by offset and the bits in which they do */
export function bytesDifference(a: Uint8Array, b: Uint8Array, alike: (offset: number, bits: number) => boolean = () => false): string | undefined {
  if (same(a, b)) return undefined;
  const PAGE = 4096;
  for (let page = 0; page < a.length; page += PAGE) {
    const one = a.subarray(page, page + PAGE), other = b.subarray(page, page + PAGE);
    if (same(one, other)) continue;
    const at = one.findIndex((byte, index) => byte !== other[index] && !alike(page + index, byte ^ other[index]));
    if (at >= 0) return `+${hex(page + at)}: ${Buffer.from(one.subarray(at, at + 16)).toString("hex")} ≠ ${Buffer.from(other.subarray(at, at + 16)).toString("hex")}`;
  }
  return undefined;
}
