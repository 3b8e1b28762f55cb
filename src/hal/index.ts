// The hardware abstraction layer, as a library: `nvl/hal`.
export * from "./capabilities.ts";
export * from "./debug.ts";
export * from "./exit.ts";
export * from "./layout.ts";
export * from "./memory.ts";
export * from "./state.ts";
export * from "./trace.ts";
export * from "./vcpu.ts";
