// The virtual machine monitor as a library: `nvl/palacios`.
export { acpiTables, type AcpiHardware, type Zone } from "./acpi/tables.ts";
export { enter } from "./boot/entry.ts";
export type { BootImage, BootRequest, Entry } from "./boot/image.ts";
export { loadKernel, type FlatKernel } from "./boot/load.ts";
export { fingerprint } from "./fingerprint.ts";
export { createVirtualClock, type VirtualClock } from "./virtual-time.ts";
export { e820, pcRegions, type MapEntry } from "./memory-map.ts";
export { handleExit, runVm, type Waiter } from "./run.ts";
export { createVm, TSC_HZ, type BootSource, type Outcome, type Vm, type VmSetup } from "./vm.ts";
export { createConsole, type Console } from "../backend/console.ts";
