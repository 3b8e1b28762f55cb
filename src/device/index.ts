// The devices of a PC, as a library.
export * from "./bus.ts";
export * from "./device.ts";
export * from "./interrupt/interrupts.ts";
export * from "./interrupt/irq.ts";
export * from "./pc.ts";
