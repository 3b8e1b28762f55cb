// From a spec to a plan: which zone gives each virtual node its cores and memory, and what it boots. Pure: files are looked at through `Sources`.

import type { Issue } from "../base/error.ts";
import { formatBytes } from "../base/text.ts";
import type { Spec, VirtualNodeSpec, VmSpec } from "../api/spec.ts";

/** What a plan needs to know of the world. */
export interface Sources {
  /** Absolute path of a file named in the spec, or undefined when it cannot be read. */
  findFile(name: string): string | undefined;
  findImage(name: string): { kernel: string; initrds: readonly string[]; commandLine: string } | undefined;
}

export interface PlannedNode {
  name: string;
  zone: number;
  /** Cores of the physical node, by number across all zones. */
  cores: readonly number[];
  memoryBytes: number;
  /** Time counts instructions, and this is where chance begins; undefined: real time. */
  virtualTime?: { seed: number };
  /** Where a debugger may connect, and whether the guest waits for it. */
  debug?: VirtualNodeSpec["debug"];
  boot: { kernel: string; initrds: readonly string[]; commandLine: string; files: Readonly<Record<string, string>>; flat?: VmSpec["flat"] };
}
export interface Plan { nodeName: string; totalMemoryBytes: number; virtualNodes: readonly PlannedNode[] }

/** Places every virtual node or says all that stands against it. Cores are never shared; memory of a virtual node is of one zone. */
export function planNode(spec: Spec, sources: Sources): { plan: Plan } | { issues: Issue[] } {
  const issues: Issue[] = [];
  let firstCore = 0;
  const zones = spec.node.zones.map(({ cores, memory }) => {
    const zone = { freeCores: Array.from({ length: cores }, (_, index) => firstCore + index), freeBytes: memory };
    firstCore += cores;
    return zone;
  });

  const place = (wanted: VirtualNodeSpec, path: string) => {
    const candidates = wanted.zone === undefined ? zones.map((_, index) => index) : [wanted.zone];
    const found = candidates.find((index) => zones[index].freeCores.length >= wanted.cores && zones[index].freeBytes >= wanted.memory);
    if (found !== undefined) {
      zones[found].freeBytes -= wanted.memory;
      return { zone: found, cores: zones[found].freeCores.splice(0, wanted.cores) };
    }
    const where = wanted.zone === undefined ? "no zone has that much left" : `zone ${wanted.zone} has not that much left`;
    const left = candidates.map((index) => `zone ${index}: ${zones[index].freeCores.length} cores, ${formatBytes(zones[index].freeBytes)}`).join("; ");
    const lacks = (enough: (zone: (typeof zones)[number]) => boolean) => !candidates.some((index) => enough(zones[index]));
    const lackCores = lacks((zone) => zone.freeCores.length >= wanted.cores), lackMemory = lacks((zone) => zone.freeBytes >= wanted.memory);
    if (lackCores || !lackMemory) issues.push({ path: `${path}/cores`, message: `${wanted.cores} cores are wanted, ${where} (${left})` });
    if (lackMemory || !lackCores) issues.push({ path: `${path}/memory`, message: `${formatBytes(wanted.memory)} are wanted, ${where} (${left})` });
    return undefined;
  };

  const file = (name: string, path: string) => {
    const found = sources.findFile(name);
    if (found === undefined) issues.push({ path, message: `file ${name} cannot be read` });
    return found ?? "";
  };

  const virtualNodes = spec.virtualNodes.flatMap((wanted, index): PlannedNode[] => {
    const path = `/virtualNodes/${index}`;
    const placed = place(wanted, path);
    const boot = planBoot(wanted.stack.vm, `${path}/stack/vm`, sources, file, issues);
    return placed ? [{ name: wanted.name, ...placed, memoryBytes: wanted.memory, boot, ...(wanted.time === "virtual" && { virtualTime: { seed: wanted.seed } }), ...(wanted.debug && { debug: wanted.debug }) }] : [];
  });
  if (issues.length > 0) return { issues };
  return { plan: { nodeName: spec.node.name, totalMemoryBytes: virtualNodes.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0), virtualNodes } };
}

function planBoot(vm: VmSpec, path: string, sources: Sources, file: (name: string, path: string) => string, issues: Issue[]): PlannedNode["boot"] {
  const image = vm.image === undefined ? undefined : sources.findImage(vm.image);
  if (vm.image !== undefined && !image) issues.push({ path: `${path}/image`, message: `the image store has no ${vm.image}; \`nvl images\` lists what it has, \`nvl images pull debian\` fetches one` });
  const kernel = vm.kernel !== undefined ? file(vm.kernel, `${path}/kernel`) : image?.kernel ?? "";
  const initrds = vm.initrd !== undefined ? vm.initrd.map((name, index) => file(name, `${path}/initrd/${index}`)) : image?.initrds ?? [];
  const commandLine = [image?.commandLine, vm.append].filter(Boolean).join(" ");
  return { kernel, initrds, commandLine, files: vm.files, ...(vm.flat && { flat: vm.flat }) };
}
