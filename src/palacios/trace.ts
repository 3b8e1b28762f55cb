// Trace events as lines: guest time, vCPU, topic, RIP, and what, in columns, with the names that manuals give to numbers.

import { exceptionName, hasErrorCode, PAGE_FAULT, pageFaultText } from "../abi/exception.ts";
import { msrName } from "../abi/msr.ts";
import { hex } from "../base/text.ts";
import type { TraceEvent } from "../hal/trace.ts";

/** Who answers an address, and what a vector is for, as far as that is known. */
export interface TraceNames {
  device(space: "pio" | "mmio", vcpu: number, address: number): string;
  interrupt(vcpu: number, vector: number): string;
}

const named = (text: string, name: string) => name === "" ? text : `${text} ${name}`;

function what(vcpu: number, event: TraceEvent, names: TraceNames): string {
  switch (event.topic) {
    case "exits": return `${event.reason.padEnd(10)} after ${event.instructions} instructions`;
    case "interrupts": return event.software ? `int ${hex(event.vector)}` : named(`vector ${hex(event.vector, 2)}`, names.interrupt(vcpu, event.vector));
    case "exceptions": {
      const code = hasErrorCode(event.vector) ? ` code ${hex(event.code)}` : "";
      return `${exceptionName(event.vector)}${code}${event.vector === PAGE_FAULT ? ` at ${hex(event.address, 16)} (${pageFaultText(event.code)})` : ""}`;
    }
    case "msrs": return `${event.write ? "wrmsr" : "rdmsr"} ${named(hex(event.msr).padEnd(10), msrName(event.msr))} = ${hex(event.value)}`;
    case "ports": return `${event.write ? "out" : "in "} ${8 * event.bytes}`.padEnd(7) + `${named(hex(event.address, 3), names.device("pio", vcpu, event.address))} = ${hex(event.value)}`;
    case "mmio": return `${event.write ? "write" : "read "} ${8 * event.bytes}`.padEnd(9) + `${named(hex(event.address), names.device("mmio", vcpu, event.address))} = ${hex(event.value)}`;
  }
}

/** @param guestNs guest time */
export function traceLine(guestNs: number, vcpu: number, rip: bigint, event: TraceEvent, names: TraceNames): string {
  return `${(guestNs / 1e9).toFixed(9).padStart(14)} ${String(vcpu).padStart(2)} ${event.topic.padEnd(10)} ${rip.toString(16).padStart(16, "0")} ${what(vcpu, event, names)}`;
}
