// SeaBIOS from the reset vector on our devices: real mode, big real mode, 32-bit code and back thousands of times. It tells at port 0x402.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { LAPIC_TIMER_HZ } from "../abi/pc.ts";
import { createConsole } from "../backend/console.ts";
import { createTimers } from "../base/timers.ts";
import type { Device } from "../device/device.ts";
import { createPcDevices } from "../device/pc.ts";
import { createEngine } from "../embed/engine.ts";
import type { EngineName } from "../embed/protocol.ts";
import { createNodeMemory, createVnodeMemory } from "../hal/memory.ts";
import type { Vcpu } from "../hal/vcpu.ts";
import { loadEngineModules } from "../host/nodejs/modules.ts";
import { unpackedPackages } from "./packages.ts";

const RAM_BYTES = 64 * 2 ** 20, LEGACY = 0xa_0000, SHADOW = 0xc_0000, TSC_HZ = 1e9;
const DEBUG_PORT = 0x402, DEBUG_PRESENT = 0xe9;

/** Runs a BIOS until it has said `until`. @returns what it said */
async function runBios(engine: EngineName, bios: Uint8Array, until: string, limitMs: number): Promise<string> {
  const node = createNodeMemory(RAM_BYTES + 116 * 2 ** 20);
  const ram = node.allocate(RAM_BYTES, 2 ** 21, "RAM"), rom = node.allocate(bios.length, 4096, "ROM");
  node.bytes.set(bios, rom);
  node.bytes.set(bios.subarray(-0x2_0000), ram + 0xe_0000); // below 1 MiB it is a copy in RAM, which firmware writes to
  const memory = createVnodeMemory(node, [
    { gpa: 0, bytes: LEGACY, kind: "ram", host: ram }, { gpa: SHADOW, bytes: RAM_BYTES - SHADOW, kind: "ram", host: ram + SHADOW },
    { gpa: 2 ** 32 - bios.length, bytes: bios.length, kind: "rom", host: rom },
  ]);
  const startedMs = performance.now();
  const timers = createTimers({ nowNs: () => (performance.now() - startedMs) * 1e6 });
  const vcpus: Vcpu[] = [];
  let said = "", ended = "";
  const devices = createPcDevices({
    timers, console: createConsole(() => {}), memoryBytes: RAM_BYTES, startEpochMs: Date.now(), tscHz: TSC_HZ,
    vcpus: [{ setInterruptLine: (level) => vcpus[0]?.setInterruptLine(level), injectNmi: () => vcpus[0]?.injectNmi(), init: () => { ended = "INIT"; }, startup: () => {} }],
    onPowerOff: () => { ended = "power-off"; }, onReset: () => { ended = "reset"; }, onDebugExit: () => { ended = "debug exit"; },
  });
  const debug: Device = { id: "bios-debug", accessBytes: 1, state: {}, update: () => {}, read: () => DEBUG_PRESENT, write: (_, value) => { said += String.fromCharCode(value); } };
  devices.attach(debug, { port: DEBUG_PORT, count: 1 });
  vcpus.push((await createEngine(engine, await loadEngineModules(engine))).createVcpu({
    node, memory, index: 0, bus: devices.bus(0), clock: timers, entropy: () => 4, model: { tscHz: TSC_HZ, apicTimerHz: LAPIC_TIMER_HZ, vcpuCount: 1, apicId: 0 },
  }));
  const [vcpu] = vcpus;
  vcpu.reset();
  devices.reset();
  while (!ended && !said.includes(until) && performance.now() - startedMs < limitMs) {
    timers.fire();
    const { reason } = vcpu.run(25_000);
    if (reason === "hlt") await sleep(1);
    else if (reason !== "budget" && reason !== "kick") ended = reason;
  }
  return said + ended;
}

for (const engine of ["interp", "jit"] as const) for (const name of ["bios.bin", "bios-256k.bin"]) test(`SeaBIOS ${name} looks for a disk (${engine})`, async () => {
  const said = await runBios(engine, new Uint8Array(readFileSync(path.join(await unpackedPackages("seabios", ["seabios"]), "usr/share/seabios", name))), "No bootable device.", 60_000);
  for (const line of [/^SeaBIOS \(version 1\./m, /^RamSize: 0x04000000 \[cmos\]$/m, /^Found 1 cpu\(s\)/m, /^All threads complete\.$/m, /^Found 1 serial ports$/m, /^enter handle_19:$/m, /^Booting from Hard Disk\.\.\.$/m, /^No bootable device\./m])
    assert.match(said, line);
});
