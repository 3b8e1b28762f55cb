// Where the vCPUs and the memory of a virtual node are: NUMA zones, sockets and cores, as CPUID and ACPI tell them.
// Sources: SDM 3A, Hierarchical Mapping of Shared Resources; ACPI, System Resource Affinity Table, System Locality Information Table.

import type { Zone } from "./acpi/tables.ts";
import { ramOf } from "./memory-map.ts";

/** A NUMA zone of a virtual node: its cores in that many sockets, its memory, its distance to every zone of the virtual node (10 is local). */
export interface ZoneShape { cores: number; sockets: number; memoryBytes: number; distances: readonly number[] }

/** How CPUID tells a vCPU from others: the upper bits of its APIC ID are its socket's number, the lower `socketBits` its own there. */
export interface Place { apicId: number; socketBits: number; /** vCPUs of its socket */ socketCores: number }

/** One zone with one socket. */
export const flatShape = (cores: number, memoryBytes: number): ZoneShape[] => [{ cores, sockets: 1, memoryBytes, distances: [10] }];

/** Places all vCPUs, those of the first zone first. The cores of a zone are spread over its sockets as evenly as they go. */
export function placeVcpus(zones: readonly ZoneShape[]): Place[] {
  const sockets = zones.flatMap(({ cores, sockets: count }) => Array.from({ length: count }, (_, socket) => Math.floor((cores * (socket + 1)) / count) - Math.floor((cores * socket) / count)));
  const socketBits = Math.ceil(Math.log2(Math.max(...sockets)));
  return sockets.flatMap((socketCores, socket) => Array.from({ length: socketCores }, (_, core) => ({ apicId: (socket << socketBits) + core, socketBits, socketCores })));
}

/** The zones as ACPI describes them; none where there is but one. Memory goes to them in the order of its addresses. */
export function acpiZones(zones: readonly ZoneShape[]): Zone[] {
  if (zones.length < 2) return [];
  let vcpu = 0, from = 0;
  return zones.map(({ cores, memoryBytes, distances }) => {
    const zone = { vcpus: Array.from({ length: cores }, (_, index) => vcpu + index), memory: ramOf(from, memoryBytes), distances };
    vcpu += cores;
    from += memoryBytes;
    return zone;
  });
}
