// The devices of a PC, as a library.
export * from "./bus.ts";
export * from "./device.ts";
export * from "./interrupts.ts";
export * from "./irq.ts";
export * from "./pc.ts";
