// The spec of a node: what a user may write, with its meaning. Validation, defaults and the published JSON Schema come from this one schema.

import { z } from "zod";
import type { Issue } from "../base/error.ts";
import { parseBytes } from "../base/text.ts";

const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

const bytes = z.union([z.string(), z.number()])
  .meta({ description: "bytes: a number, or text with a binary unit such as 512M or 2GiB", examples: ["512M", "2GiB"] })
  .transform((value, context) => {
    const size = parseBytes(value);
    if (size !== undefined) return size;
    context.addIssue({ code: "custom", message: `${JSON.stringify(value)} is no size; a whole number of bytes with an optional unit K, M or G is allowed (512M, 2GiB)` });
    return z.NEVER;
  });

const flat = z.strictObject({
  address: z.number().int().min(0).max(0xffff_ffff).meta({ description: "guest-physical address of the first byte, which is also the entry" }),
  mode: z.enum(["real", "protected", "long"]).meta({ description: "processor mode at entry" }),
}).meta({ description: "the kernel is a flat binary without header" });

const address = z.string().meta({ description: "where to listen: PORT or HOST:PORT; without a host, this machine only", examples: [":1234"] })
  .transform((value, context) => {
    const match = /^(?:(?:tcp:)?(?:\[([0-9a-f:.]+)\]|([^:\s]*)):)?(\d{1,5})$/i.exec(value);
    if (match && Number(match[3]) < 65536) return { host: match[1] || match[2] || "127.0.0.1", port: Number(match[3]) };
    context.addIssue({ code: "custom", message: `${JSON.stringify(value)} is no address; PORT or HOST:PORT is allowed (:1234, 127.0.0.1:1234)` });
    return z.NEVER;
  });

const debug = z.strictObject({
  gdb: address,
  wait: z.boolean().default(false).meta({ description: "the guest executes nothing before a debugger lets it" }),
}).meta({ description: "a debugger may connect by GDB's remote protocol" });

const vm = z.strictObject({
  image: z.string().optional().meta({ description: "name of an image in the local store: gives kernel, initrd and command line unless they are named here" }),
  kernel: z.string().optional().meta({ description: "file: bzImage, vmlinux, PVH or Multiboot 1 ELF, or a flat binary" }),
  initrd: z.union([z.string(), z.array(z.string())]).transform((value) => typeof value === "string" ? [value] : value).optional()
    .meta({ description: "files, concatenated; modules for Multiboot" }),
  append: z.string().default("").meta({ description: "words added to the kernel's command line" }),
  files: z.record(z.string().startsWith("/", "an absolute path is needed"), z.string()).default({})
    .meta({ description: "files added to the initrd, executable: path and content" }),
  flat: flat.optional(),
}).meta({ description: "a PC that boots an unmodified kernel" });

const mounts = z.strictObject({
  host: z.string().meta({ description: "folder of this machine" }),
  guest: z.string().startsWith("/", "an absolute path is needed").meta({ description: "where programs see it" }),
  readOnly: z.boolean().default(false),
});

const kitten = z.strictObject({
  run: z.array(z.string()).min(1, "needs a program").meta({ description: "program and arguments, as the virtual node sees its files" }),
  root: z.string().optional().meta({ description: "folder or tar archive that is its /; by default this machine's files, with your rights" }),
  mounts: z.array(mounts).default([]).meta({ description: "folders of this machine at further paths" }),
  environment: z.record(z.string().regex(/^[^=\0]+$/, "a name without ="), z.string()).default({}).meta({ description: "variables beside PATH, HOME and TERM" }),
  cwd: z.string().startsWith("/", "an absolute path is needed").default("/").meta({ description: "where the program begins" }),
  ranks: z.number().int().min(1).max(256).optional().meta({ description: "processes of a parallel program, which learn their ranks by PMI" }),
}).meta({ description: "a lightweight kernel that runs Linux programs" });

const cores = (most: number) => z.number().int().min(1).max(most);
const sockets = cores(16).default(1).meta({ description: "sockets that its cores are in" });

const share = z.strictObject({
  zone: z.number().int().min(0).optional().meta({ description: "zone to take them from, another one each; by default the first with room" }),
  cores: cores(16), memory: bytes, sockets,
}).meta({ description: "a NUMA zone of the virtual node, as far from the others as the zones that they come from" });

const virtualNode = z.strictObject({
  name: z.string().regex(NAME, "lower-case letters, digits and hyphens are allowed, 1 to 63 of them, a letter or digit first and last"),
  cores: cores(16).default(1).meta({ description: "virtual CPUs, each on a core of the node" }),
  memory: bytes.optional(),
  sockets,
  zone: z.number().int().min(0).optional().meta({ description: "zone to take cores and memory from; by default the first with room" }),
  zones: z.array(share).min(1).max(8).optional().meta({ description: "in place of cores, memory, sockets and zone: several NUMA zones" }),
  time: z.enum(["real", "virtual"]).default("real")
    .meta({ description: "virtual: guest time counts instructions, all vCPUs take turns on one thread, chance is seeded: two runs are the same" }),
  seed: z.number().int().min(0).max(0xffff_ffff).default(0).meta({ description: "where chance begins, in virtual time" }),
  debug: debug.optional(),
  stack: z.strictObject({ vm: vm.optional(), kitten: kitten.optional() }).meta({ description: "what runs in it: one of these" }),
});

const zone = z.strictObject({
  cores: cores(256),
  memory: bytes,
  distances: z.array(z.number().int().min(10).max(254)).optional().meta({ description: "relative memory latency to each zone: 10 to itself, more to others, 20 by default (ACPI SLIT)" }),
});

export const specSchema = z.strictObject({
  apiVersion: z.literal("nvl/v1").default("nvl/v1"),
  node: z.strictObject({ name: z.string().regex(NAME).default("node"), zones: z.array(zone).min(1) }).meta({ description: "the physical node that is divided" }),
  virtualNodes: z.array(virtualNode).min(1),
}).meta({ title: "NVL node spec" });

/** A spec after validation: defaults filled in, sizes in bytes. */
export type Spec = z.output<typeof specSchema>;
export type VirtualNodeSpec = Spec["virtualNodes"][number];
export type VmSpec = NonNullable<VirtualNodeSpec["stack"]["vm"]>;
export type KittenSpec = NonNullable<VirtualNodeSpec["stack"]["kitten"]>;

/** What a virtual node takes of one zone, and where the spec says so. */
export interface Share { zone?: number; cores: number; memory: number; sockets: number; path: string }
/** @param path of the virtual node */
export function sharesOf({ zones, cores, memory = 0, sockets, zone }: VirtualNodeSpec, path: string): Share[] {
  return zones ? zones.map((share, index) => ({ ...share, path: `${path}/zones/${index}` })) : [{ cores, memory, sockets, path, ...(zone !== undefined && { zone }) }];
}

/** The schema as JSON Schema (draft 2020-12), for editors. */
export function specJsonSchema(): object {
  return z.toJSONSchema(specSchema, { io: "input", unrepresentable: "any" });
}

const pathOf = (path: readonly PropertyKey[]) => path.length === 0 ? "/" : path.map((part) => `/${String(part)}`).join("");

function explain(issue: z.core.$ZodIssue): Issue[] {
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => ({ path: pathOf([...issue.path, key]), message: "unknown field" }));
  return [{ path: pathOf(issue.path), message: issue.message }];
}

/** Checks a parsed YAML or JSON document against the schema and the rules that a schema cannot say.
 * @returns the spec, or all that is wrong with it, each with its path */
export function parseSpec(document: unknown): { spec: Spec } | { issues: Issue[] } {
  const result = specSchema.safeParse(document);
  if (!result.success) return { issues: result.error.issues.flatMap(explain) };
  const issues = [...ruleIssues(result.data)];
  return issues.length > 0 ? { issues } : { spec: result.data };
}

function* ruleIssues({ node, virtualNodes }: Spec): Generator<Issue> {
  const seen = new Map<string, number>();
  for (const [index, wanted] of virtualNodes.entries()) {
    const path = `/virtualNodes/${index}`, { name, stack } = wanted;
    if (seen.has(name)) yield { path: `${path}/name`, message: `${name} is also the name of /virtualNodes/${seen.get(name)}` };
    else seen.set(name, index);
    yield* shareIssues(wanted, path, node.zones.length);
    if ((stack.vm === undefined) === (stack.kitten === undefined)) yield { path: `${path}/stack`, message: "needs one of vm and kitten" };
    if (stack.vm && stack.vm.image === undefined && stack.vm.kernel === undefined) yield { path: `${path}/stack/vm`, message: "needs an image or a kernel" };
    if (stack.kitten) yield* kittenIssues(wanted, path);
  }
  for (const [index, { distances }] of node.zones.entries()) {
    const path = `/node/zones/${index}/distances`;
    if (distances && distances.length !== node.zones.length) yield { path, message: `has ${distances.length} values for ${node.zones.length} zones` };
    else for (const [to, distance] of distances?.entries() ?? []) {
      if (to === index && distance !== 10) yield { path: `${path}/${to}`, message: "a zone's distance to itself is 10" };
      if (to !== index && distance === 10) yield { path: `${path}/${to}`, message: "a distance to another zone is more than 10" };
    }
  }
}

/** What only PCs have. */
function* kittenIssues({ time, debug, memory, zones, stack }: VirtualNodeSpec, path: string): Generator<Issue> {
  if (time === "virtual") yield { path: `${path}/time`, message: "a Kitten has real time only" };
  if (debug) yield { path: `${path}/debug`, message: "a debugger needs a vm" };
  if (zones) yield { path: `${path}/zones`, message: "a Kitten has cores and memory of one zone" };
  if (memory !== undefined && memory < LEAST_KITTEN) yield { path: `${path}/memory`, message: "a Kitten needs 16 MiB" };
  for (const [index, { guest }] of stack.kitten!.mounts.entries()) if (stack.kitten!.mounts.findIndex((other) => other.guest === guest) < index) yield { path: `${path}/stack/kitten/mounts/${index}/guest`, message: `${guest} is mounted already` };
}
const LEAST_KITTEN = 16 * 2 ** 20;

function* shareIssues(wanted: VirtualNodeSpec, path: string, zoneCount: number): Generator<Issue> {
  const { zones, memory, zone: only } = wanted, taken = new Map<number, number>();
  if (zones && (memory !== undefined || only !== undefined || wanted.cores > 1 || wanted.sockets > 1)) yield { path: `${path}/zones`, message: "takes the place of cores, memory, sockets and zone" };
  if (!zones && memory === undefined) return yield { path: `${path}/memory`, message: "needs a size" };
  const total = (zones ?? []).reduce((sum, { cores: count }) => sum + count, 0);
  if (total > 16) yield { path: `${path}/zones`, message: `${total} cores in all; 1 to 16 are allowed` };
  for (const { path: at, zone: place, memory: size, cores: count, sockets: parts } of sharesOf(wanted, path)) {
    if (place !== undefined && place >= zoneCount) yield { path: `${at}/zone`, message: `the node has zones 0 to ${zoneCount - 1}` };
    else if (place !== undefined && taken.has(place)) yield { path: `${at}/zone`, message: `zone ${place} is also that of ${path}/zones/${taken.get(place)}` };
    else if (place !== undefined) taken.set(place, taken.size);
    if (size < 2 ** 20 || size % 4096) yield { path: `${at}/memory`, message: "at least 1 MiB, in whole pages of 4096 bytes" };
    if (parts > count) yield { path: `${at}/sockets`, message: `${count} cores cannot be in ${parts} sockets` };
  }
  if (zones && zones.length > zoneCount) yield { path: `${path}/zones`, message: `the node has ${zoneCount} zones` };
}
