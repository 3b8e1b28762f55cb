// All that a guest is made of, in an order that never changes: registers of every vCPU, devices, and the pages of memory that hold anything but zeros.
// Two runs whose fingerprints are equal have come to the same state. What only engines know of (TLB, decoded code) is not part of it.

import { OFFSET } from "../hal/layout.ts";
import { SEGMENT_NAMES } from "../hal/state.ts";
import { PAGE } from "./memory-map.ts";
import type { Vm } from "./vm.ts";

const text = new TextEncoder();

/** Hands everything to `take`, piece by piece; a piece is only valid during the call. */
export function fingerprint(vm: Vm, bytes: Uint8Array, take: (piece: Uint8Array) => void): void {
  const say = (...words: unknown[]) => take(text.encode(`${words.join(" ")}\n`));
  for (const { index, state, retired } of vm.vcpus) {
    const at = (from: number, to: number) => take(bytes.subarray(state.address + from, state.address + to));
    say("vcpu", index, retired(), state.read("rip"), state.read("rflags"), state.read("cpl"), state.readField("activity"), state.readField("shadow"), state.readField("blocking"));
    at(OFFSET.gpr, OFFSET.zero);
    for (const name of SEGMENT_NAMES) {
      const { selector, base, limit, attributes } = state.readSegment(name);
      say(name, selector, base, limit, attributes);
    }
    for (const name of ["gdt", "idt"] as const) say(name, state.readTable(name).base, state.readTable(name).limit);
    at(OFFSET.cr0, OFFSET.scratch); // control registers, MSRs, x87 and SSE
  }
  say(JSON.stringify(vm.devices.save()));
  for (const { gpa, host, bytes: size } of vm.memory.regions) {
    const words = new Float64Array(bytes.buffer, host, size / 8);
    for (let page = 0; page < size; page += PAGE) {
      let word = page / 8;
      const end = word + PAGE / 8;
      while (word < end && Object.is(words[word], 0)) word++;
      if (word === end) continue;
      say("page", gpa + page);
      take(bytes.subarray(host + page, host + page + PAGE));
    }
  }
}
