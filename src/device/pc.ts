// The devices of a PC, on their ports, addresses and lines. Who builds the machine (palacios) hands in time, consoles and vCPUs.

import { createBus, readDevice, writeDevice, type UnclaimedAccess } from "./bus.ts";
import { restore, save, type Device } from "./device.ts";
import { createInterrupts, type Interrupts, type RemoteVcpu, type VcpuWires } from "./interrupt/interrupts.ts";
import type { Lapic } from "./interrupt/lapic.ts";
import { PIC_OFFSET } from "./interrupt/pic.ts";
import { createPciHost } from "./pci.ts";
import { createPit } from "./time/pit.ts";
import { createPmTimer, createPowerManagement } from "./pm.ts";
import { createRtc } from "./time/rtc.ts";
import { createDebugExit, createKeyboardController, createPostPort, createResetControl, createSystemControlA, createSystemControlB } from "./system-ports.ts";
import { createFwCfg } from "./fw-cfg.ts";
import { createUart } from "./uart.ts";
import type { ConsolePort } from "../backend/console.ts";
import type { Timers } from "../base/timers.ts";
import type { Bus } from "../hal/vcpu.ts";
import { IRQ, MMIO, PORT, RESET_VALUE } from "../abi/pc.ts";

export interface PcSetup {
  /** Guest time and its alarms (base/timers.ts). Whoever runs the vCPUs calls `fire()` when `next()` has come. */
  timers: Timers;
  /** What COM1 is connected to. */
  console: ConsolePort;
  /** One for each vCPU. Called from within a bus access or `fire()`. */
  vcpus: readonly (VcpuWires | RemoteVcpu)[];
  memoryBytes: number;
  /** Unix time at power-on. */
  startEpochMs: number;
  tscHz: number;
  /** The guest switched the machine off (S5). This and the next two come from within a bus access: stop the vCPU soon. */
  onPowerOff(): void;
  /** The guest asked for a reset. */
  onReset(): void;
  /** The guest wrote the debug-exit port. */
  onDebugExit(status: number): void;
  onUnclaimed?(access: UnclaimedAccess): void;
}

export interface PcDevices {
  readonly interrupts: Interrupts;
  readonly devices: readonly Device[];
  /** What vCPU `index` reaches. */
  bus(index: number): Bus;
  /** Who answers an address of vCPU `index`, and what makes a vector there, as far as that is known: names for people. */
  ownerOf(space: "pio" | "mmio", index: number, address: number): string;
  sourceOf(index: number, vector: number): string;
  /** What all vCPUs share: the same for one on another thread. */
  readonly shared: SharedBus;
  /** The end of a level-triggered interrupt, told by a LAPIC on another thread. */
  endOfInterrupt(vector: number): void;
  /** Puts another device into the machine; before the guest runs. */
  attach(device: Device, place: { port?: number; gpa?: number; count: number; offset?: number }): void;
  /** All devices as after power-on, less what a battery keeps. The vCPUs are for the caller to reset, before this. */
  reset(): void;
  pressPowerButton(): void;
  /** What every device remembers, by id; and back. */
  save(): Record<string, object>;
  restore(saved: Record<string, object>): void;
}

const NMI_VECTOR = 2;

/** Where things are, for the ACPI tables. */
export const PC_HARDWARE = {
  pm1aEvent: PORT.pm1Event, pm1aControl: PORT.pm1Control, pmTimer: PORT.pmTimer, sciIrq: IRQ.sci, resetPort: PORT.resetControl, resetValue: RESET_VALUE,
  lapicBase: MMIO.lapic, ioapicBase: MMIO.ioapic, com1Port: PORT.com1, com1Irq: IRQ.com1, rtcCenturyIndex: 0x32,
} as const;

export type SharedBus = Pick<Bus, "pioRead" | "pioWrite" | "mmioRead" | "mmioWrite">;

/** What a vCPU reaches: its own LAPIC, and what all share. */
export function vcpuBus(lapic: Lapic, shared: SharedBus): Bus {
  /** Offset in the vCPU's own LAPIC page, -1 when the access is elsewhere. */
  const inLapic = (gpa: number) => {
    const base = lapic.base();
    return base >= 0 && gpa >= base && gpa < base + MMIO.lapicBytes ? gpa - base : -1;
  };
  const mmioRead = (gpa: number, bytes: number) => {
    const offset = inLapic(gpa);
    return offset >= 0 ? readDevice(lapic, offset, bytes) : shared.mmioRead(gpa, bytes);
  };
  const mmioWrite = (gpa: number, bytes: number, value: number) => {
    const offset = inLapic(gpa);
    if (offset >= 0) writeDevice(lapic, offset, bytes, value);
    else shared.mmioWrite(gpa, bytes, value);
  };
  return {
    pioRead: shared.pioRead, pioWrite: shared.pioWrite, mmioRead, mmioWrite, acknowledge: lapic.acknowledge,
    msrRead: lapic.readMsr, msrWrite: lapic.writeMsr, tprRead: lapic.readTpr, tprWrite: lapic.writeTpr,
  };
}

export function createPcDevices(setup: PcSetup): PcDevices {
  const clock = setup.timers;
  const shared = createBus(setup.onUnclaimed);
  const interrupts = createInterrupts(clock, setup.tscHz, setup.vcpus);
  const { pic, ioapic, lapics, isaLine } = interrupts;
  const devices: Device[] = [];
  const powerOn = new Map<Device, object>();
  const own = (device: Device) => {
    devices.push(device);
    powerOn.set(device, save(device));
    return device;
  };
  const attach: PcDevices["attach"] = (device, { port, gpa, count, offset }) => {
    if (!powerOn.has(device)) own(device);
    if (port !== undefined) shared.claimPorts(port, count, device, offset);
    if (gpa !== undefined) shared.claimMemory(gpa, count, device);
  };

  attach(pic, { port: PORT.masterPic, count: 2, offset: PIC_OFFSET.master });
  attach(pic, { port: PORT.slavePic, count: 2, offset: PIC_OFFSET.slave });
  attach(pic, { port: PORT.elcr, count: 2, offset: PIC_OFFSET.elcr });
  attach(ioapic, { gpa: MMIO.ioapic, count: MMIO.ioapicBytes });
  lapics.forEach(own); // each on its vCPU's own bus
  const pit = createPit(clock, isaLine(IRQ.timer));
  const pm = createPowerManagement(clock, isaLine(IRQ.sci), () => setup.onPowerOff());
  const onReset = () => setup.onReset();
  attach(pit, { port: PORT.pit, count: 4 });
  attach(createSystemControlB(clock, pit), { port: PORT.systemControlB, count: 1 });
  attach(createSystemControlA(onReset), { port: PORT.systemControlA, count: 1 });
  const keyboard = createKeyboardController(onReset);
  attach(keyboard, { port: PORT.keyboardData, count: 1 });
  attach(keyboard, { port: PORT.keyboardCommand, count: 1, offset: PORT.keyboardCommand - PORT.keyboardData });
  attach(createRtc(clock, isaLine(IRQ.rtc), setup), { port: PORT.rtc, count: 2 });
  attach(createPostPort(), { port: PORT.post, count: 1 });
  attach(createDebugExit((status) => setup.onDebugExit(status)), { port: PORT.debugExit, count: 4 });
  attach(createFwCfg(setup.vcpus.length, setup.memoryBytes), { port: PORT.fwCfg, count: 2 });
  attach(createUart("com1", clock, isaLine(IRQ.com1), setup.console), { port: PORT.com1, count: 8 });
  attach(pm, { port: PORT.pm1Event, count: 6 });
  attach(createPmTimer(clock), { port: PORT.pmTimer, count: 4 });
  attach(createResetControl(onReset), { port: PORT.resetControl, count: 1 });
  attach(createPciHost(), { port: PORT.pciAddress, count: 8 });

  const bus = (index: number) => vcpuBus(lapics[index], shared);
  const ownerOf: PcDevices["ownerOf"] = (space, index, address) => {
    const base = space === "mmio" ? lapics[index].base() : -1;
    if (base >= 0 && address >= base && address < base + MMIO.lapicBytes) return lapics[index].id;
    return shared.owner(space, address)?.id ?? "(nobody)";
  };
  const sourceOf: PcDevices["sourceOf"] = (index, vector) => vector === NMI_VECTOR ? "NMI" : lapics[index].sourceOf(vector) || ioapic.sourceOf(vector);
  const start = () => {
    lapics[0]?.enterVirtualWireMode();
    for (const device of devices) device.update();
  };
  const reset = () => {
    for (const device of devices) {
      if (device.reset) device.reset();
      else restore(device, powerOn.get(device)!);
    }
    start();
  };
  const restoreAll = (saved: Record<string, object>) => {
    for (const device of devices) if (saved[device.id]) Object.assign(device.state, JSON.parse(JSON.stringify(saved[device.id])));
    for (const device of devices) device.update(); // only now do lines and controllers agree
  };
  start();
  return {
    interrupts, devices, bus, ownerOf, sourceOf, shared, endOfInterrupt: ioapic.endOfInterrupt, attach, reset, pressPowerButton: pm.pressPowerButton,
    save: () => Object.fromEntries(devices.map((device) => [device.id, save(device)])), restore: restoreAll,
  };
}
