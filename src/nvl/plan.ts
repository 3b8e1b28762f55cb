// From a spec to a plan: which zone gives each virtual node its cores and memory, and what it boots. Pure: files are looked at through `Sources`.

import type { Issue } from "../base/error.ts";
import { formatBytes } from "../base/text.ts";
import { sharesOf, type Share, type Spec, type KittenSpec, type VirtualNodeSpec, type VmSpec } from "../api/spec.ts";

/** What a plan needs to know of the world. */
export interface Sources {
  /** Absolute path of a file named in the spec, or undefined when it cannot be read. */
  findFile(name: string): string | undefined;
  /** The same of a file or folder. */
  findPath(name: string): string | undefined;
  findImage(name: string): { kernel: string; initrds: readonly string[]; commandLine: string } | undefined;
}

/** What a virtual node has of one zone: cores of the physical node by number across all zones, in that many sockets; memory; distances to all zones of the virtual node. */
export interface PlannedZone { zone: number; cores: readonly number[]; sockets: number; memoryBytes: number; distances: readonly number[] }

interface PlannedCommon {
  name: string;
  zones: readonly PlannedZone[];
  /** Time counts instructions, and this is where chance begins; undefined: real time. */
  virtualTime?: { seed: number };
  /** Where a debugger may connect, and whether the guest waits for it. */
  debug?: VirtualNodeSpec["debug"];
}
export interface PlannedBoot { kernel: string; initrds: readonly string[]; commandLine: string; files: Readonly<Record<string, string>>; flat?: VmSpec["flat"] }
/** What a Kitten runs; `root` and hosts of mounts are absolute paths. */
export type PlannedKitten = Omit<KittenSpec, "root"> & { root: string };
/** A PC, or a Kitten. */
export type PlannedNode = PlannedCommon & ({ boot: PlannedBoot; kitten?: undefined } | { kitten: PlannedKitten; boot?: undefined });
export interface Plan { nodeName: string; totalMemoryBytes: number; virtualNodes: readonly PlannedNode[] }

export const coresOf = ({ zones }: Pick<PlannedNode, "zones">) => zones.flatMap(({ cores }) => cores);
export const memoryOf = ({ zones }: Pick<PlannedNode, "zones">) => zones.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
/** All of zone 0, in one socket. */
export const oneZone = (cores: readonly number[], memoryBytes: number): PlannedZone[] => [{ zone: 0, cores, sockets: 1, memoryBytes, distances: [10] }];

/** ACPI: what is usual where nothing is said. */
const LOCAL = 10, REMOTE = 20;

/** Places every virtual node or says all that stands against it. Cores are never shared. */
export function planNode(spec: Spec, sources: Sources): { plan: Plan } | { issues: Issue[] } {
  const issues: Issue[] = [];
  let firstCore = 0;
  const zones = spec.node.zones.map(({ cores, memory }) => {
    const zone = { freeCores: Array.from({ length: cores }, (_, index) => firstCore + index), freeBytes: memory };
    firstCore += cores;
    return zone;
  });

  const place = (wanted: Share, taken: readonly number[]) => {
    const { path } = wanted;
    const candidates = wanted.zone === undefined ? zones.map((_, index) => index).filter((index) => !taken.includes(index)) : [wanted.zone];
    const found = candidates.find((index) => zones[index].freeCores.length >= wanted.cores && zones[index].freeBytes >= wanted.memory);
    if (found !== undefined) {
      zones[found].freeBytes -= wanted.memory;
      return { zone: found, cores: zones[found].freeCores.splice(0, wanted.cores), sockets: wanted.sockets, memoryBytes: wanted.memory };
    }
    const where = wanted.zone === undefined ? "no zone has that much left" : `zone ${wanted.zone} has not that much left`;
    const left = candidates.map((index) => `zone ${index}: ${zones[index].freeCores.length} cores, ${formatBytes(zones[index].freeBytes)}`).join("; ");
    const lacks = (enough: (zone: (typeof zones)[number]) => boolean) => !candidates.some((index) => enough(zones[index]));
    const lackCores = lacks((zone) => zone.freeCores.length >= wanted.cores), lackMemory = lacks((zone) => zone.freeBytes >= wanted.memory);
    if (lackCores || !lackMemory) issues.push({ path: `${path}/cores`, message: `${wanted.cores} cores are wanted, ${where} (${left})` });
    if (lackMemory || !lackCores) issues.push({ path: `${path}/memory`, message: `${formatBytes(wanted.memory)} are wanted, ${where} (${left})` });
    return undefined;
  };

  /** Zones that are named come first, so that none of them is taken by one that goes anywhere. */
  const placeAll = (shares: readonly Share[]): PlannedZone[] | undefined => {
    const taken = shares.flatMap(({ zone }) => zone ?? []);
    const placed = shares.map((share) => {
      const found = place(share, taken);
      if (found) taken.push(found.zone);
      return found;
    });
    if (!placed.every((found) => found !== undefined)) return undefined;
    const distance = (from: number, to: number) => spec.node.zones[from].distances?.[to] ?? (from === to ? LOCAL : REMOTE);
    return placed.map((found) => ({ ...found, distances: placed.map(({ zone }) => distance(found.zone, zone)) }));
  };

  const file = (name: string, path: string) => {
    const found = sources.findFile(name);
    if (found === undefined) issues.push({ path, message: `file ${name} cannot be read` });
    return found ?? "";
  };

  const virtualNodes = spec.virtualNodes.flatMap((wanted, index): PlannedNode[] => {
    const path = `/virtualNodes/${index}`;
    const placed = placeAll(sharesOf(wanted, path));
    const { vm, kitten } = wanted.stack, what = kitten ? { kitten: planKitten(kitten, `${path}/stack/kitten`, sources, issues) } : { boot: planBoot(vm!, `${path}/stack/vm`, sources, file, issues) };
    return placed ? [{ name: wanted.name, zones: placed, ...what, ...(wanted.time === "virtual" && { virtualTime: { seed: wanted.seed } }), ...(wanted.debug && { debug: wanted.debug }) }] : [];
  });
  if (issues.length > 0) return { issues };
  return { plan: { nodeName: spec.node.name, totalMemoryBytes: virtualNodes.reduce((sum, planned) => sum + memoryOf(planned), 0), virtualNodes } };
}

function planBoot(vm: VmSpec, path: string, sources: Sources, file: (name: string, path: string) => string, issues: Issue[]): PlannedBoot {
  const image = vm.image === undefined ? undefined : sources.findImage(vm.image);
  if (vm.image !== undefined && !image) issues.push({ path: `${path}/image`, message: `the image store has no ${vm.image}; \`nvl images\` lists what it has, \`nvl images pull debian\` fetches one` });
  const kernel = vm.kernel !== undefined ? file(vm.kernel, `${path}/kernel`) : image?.kernel ?? "";
  const initrds = vm.initrd !== undefined ? vm.initrd.map((name, index) => file(name, `${path}/initrd/${index}`)) : image?.initrds ?? [];
  const commandLine = [image?.commandLine, vm.append].filter(Boolean).join(" ");
  return { kernel, initrds, commandLine, files: vm.files, ...(vm.flat && { flat: vm.flat }) };
}

function planKitten(kitten: KittenSpec, path: string, sources: Sources, issues: Issue[]): PlannedKitten {
  const find = (name: string, at: string) => {
    const found = sources.findPath(name);
    if (found === undefined) issues.push({ path: at, message: `${name} cannot be read` });
    return found ?? "";
  };
  return { ...kitten, root: kitten.root === undefined ? "/" : find(kitten.root, `${path}/root`), mounts: kitten.mounts.map((mount, index) => ({ ...mount, host: find(mount.host, `${path}/mounts/${index}/host`) })) };
}
