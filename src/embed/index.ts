// The library: `import { ... } from "nvl"`.

export { parseSpec, specJsonSchema, specSchema, type Spec } from "../api/spec.ts";
export { NvlError, type Issue } from "../base/error.ts";
export { planNode, type Plan, type PlannedNode, type Sources } from "../nvl/plan.ts";
export type { Exit, ExitReason } from "../hal/exit.ts";
export type { Bus, Engine, Vcpu } from "../hal/vcpu.ts";
export type { VcpuState } from "../hal/state.ts";
export type { Outcome } from "../palacios/vm.ts";
export { createEngine } from "./engine.ts";
export { createMachine, type Machine, type MachineOptions } from "./machine.ts";
export { startNode, type Ending, type NodeEvents, type VirtualNode } from "./node.ts";
export { DEFAULT_ENGINE, ENGINE_NAMES, type EngineName, type Statistics } from "./protocol.ts";
export { loadModule } from "../host/nodejs/modules.ts";
