// Runs the same boot on two engines side by side and stops at the first instruction after which any register or flag differs:
// node dist/conformance/lockstep.js [--image debian | --kernel FILE --initrd FILE] [--append WORDS] [--chunk N] [--until N]
// Time stands still within a chunk and advances by it, so both guests see the same clock.

import { readFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { createConsole } from "../backend/console.ts";
import { hex } from "../base/text.ts";
import { createEngine } from "../embed/engine.ts";
import type { EngineName } from "../embed/protocol.ts";
import { VCPU_FIELDS, type FieldName } from "../hal/layout.ts";
import { createNodeMemory } from "../hal/memory.ts";
import { findImage } from "../host/nodejs/images.ts";
import { loadEngineModules } from "../host/nodejs/modules.ts";
import { createVm, type BootSource, type Vm } from "../palacios/vm.ts";

/** What an instruction can change and a guest can see. Lazy flags are compared as RFLAGS. */
const COMPARED: readonly FieldName[] = [
  "gpr", "rip", "segBase", "segLimit", "segAttr", "segSelector", "gdtBase", "idtBase", "gdtLimit", "idtLimit", "cpl", "cr0", "cr2", "cr3", "cr4", "efer", "dr",
  "star", "lstar", "sfmask", "kernelGsBase", "pat", "tscAux", "tscOffset", "xmm", "mxcsr", "fpr", "fcw", "fsw", "ftw", "activity", "xcr0",
];
const ACCESSED = 1n;

function snapshot(vm: Vm): Map<string, bigint> {
  const { state } = vm.vcpus[0];
  const values = new Map<string, bigint>([["rflags", state.read("rflags")], ["retired", BigInt(vm.vcpus[0].retired())]]);
  for (const name of COMPARED)
    for (let index = 0; index < VCPU_FIELDS[name].count; index++) values.set(`${name}[${index}]`, state.readField(name, index) & (name === "segAttr" ? ~ACCESSED : -1n));
  return values;
}

export interface Difference { at: number; fields: string[]; rip: readonly [bigint, bigint]; code: Uint8Array }

interface Side { vm: Vm; nowNs: number; output: string }

async function createSide(name: EngineName, memoryBytes: number, boot: BootSource): Promise<Side> {
  const modules = await loadEngineModules(name);
  const side: Side = { vm: undefined as unknown as Vm, nowNs: 0, output: "" };
  let seed = 1;
  const console = createConsole((bytes) => { side.output += Buffer.from(bytes).toString("latin1"); });
  side.vm = createVm({
    id: name, node: createNodeMemory(memoryBytes + 160 * 2 ** 20), engine: await createEngine(name, modules), memoryBytes, vcpuCount: 1,
    clock: { nowNs: () => side.nowNs }, startEpochMs: 1_700_000_000_000, console,
    entropy: () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0),
  });
  const loaded = side.vm.boot(() => boot);
  if ("issues" in loaded) throw new Error(JSON.stringify(loaded.issues));
  return side;
}

/** Advances a side by `instructions`, or to a halt. */
function advance(side: Side, instructions: number): void {
  const { vm } = side;
  const [vcpu] = vm.vcpus;
  side.nowNs += instructions * 4;
  vm.timers.fire();
  const end = vcpu.retired() + instructions;
  while (vcpu.retired() < end && !vm.outcome) {
    const { reason } = vcpu.run(end - vcpu.retired());
    if (reason === "shutdown" || reason === "unsupported") vm.outcome = { kind: "triple-fault", message: reason };
    if (reason === "hlt") {
      const next = vm.timers.next();
      if (next === undefined) return;
      side.nowNs = Math.max(side.nowNs, next);
      vm.timers.fire();
    }
  }
}

const differences = (a: Map<string, bigint>, b: Map<string, bigint>) =>
  [...a].filter(([name, value]) => b.get(name) !== value).map(([name, value]) => `${name}: ${hex(value)} ≠ ${hex(b.get(name)!)}`);

async function main(): Promise<void> {
  const { values } = parseArgs({ options: {
    image: { type: "string", default: "debian" }, kernel: { type: "string" }, initrd: { type: "string", multiple: true }, append: { type: "string", default: "earlyprintk=ttyS0" },
    chunk: { type: "string", default: "10000" }, until: { type: "string", default: "20000000" }, from: { type: "string", default: "0" }, engines: { type: "string", default: "oracle,interp" },
  } });
  const image = values.kernel ? undefined : findImage(values.image);
  const boot: BootSource = {
    kernel: new Uint8Array(readFileSync(values.kernel ?? path.join(image!.folder, image!.kernel))),
    initrds: (values.initrd ?? image?.initrds.map((name) => path.join(image.folder, name)) ?? []).map((name) => new Uint8Array(readFileSync(name))),
    commandLine: `${image?.commandLine ?? ""} ${values.append}`,
  };
  const names = values.engines.split(",") as EngineName[];
  const chunk = Number(values.chunk);
  let good = 0;
  for (let step = chunk; ;) {
    const sides = [await createSide(names[0], 256 * 2 ** 20, boot), await createSide(names[1], 256 * 2 ** 20, boot)];
    // time must pass in the same steps in every attempt, so everything up to the last good chunk runs in whole chunks
    for (let done = 0; done < good; done += chunk) for (const side of sides) advance(side, chunk);
    let bad = false, at = good;
    while (at < Number(values.until)) {
      const before = snapshot(sides[0].vm);
      for (const side of sides) advance(side, step);
      const [a, b] = sides.map(({ vm }) => snapshot(vm));
      const fields = differences(a, b);
      if (fields.length > 0) {
        bad = true;
        if (step > 1) break;
        const { state } = sides[0].vm.vcpus[0];
        const rip = before.get("rip[0]")!;
        console.log(`differ after instruction ${at + 1}, at ${hex(rip)} (${names.join(" ≠ ")}):`);
        console.log(fields.map((line) => `  ${line}`).join("\n"));
        for (const { vm } of sides) console.log(`  outcome ${JSON.stringify(vm.outcome)}`);
        const physical = rip > 0xffff_ffff_8000_0000n ? Number(rip - 0xffff_ffff_8000_0000n) : Number(rip & 0xfff_ffffn);
        console.log(`  bytes (if the kernel's mapping): ${Buffer.from(sides[0].vm.memory.read(physical, 16)).toString("hex")}  cr3 ${hex(state.read("cr3"))}`);
        return;
      }
      if (sides.some(({ vm }) => vm.outcome)) {
        console.log(`ended alike after ${at} instructions: ${JSON.stringify(sides[0].vm.outcome)}`);
        return;
      }
      at += step;
      if (step === chunk) good = at;
      if (step === chunk && at % (chunk * 100) === 0) process.stderr.write(`\r${at} equal; console: ${sides[0].output.length} bytes `);
    }
    if (!bad) {
      console.log(`no difference in ${at} instructions`);
      return;
    }
    process.stderr.write(`\n${good} equal, looking closer\n`);
    if (step === 1) return;
    step = 1;
  }
}

await main();
