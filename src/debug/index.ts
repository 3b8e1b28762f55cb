// The debugger's side of a virtual node: GDB's protocol over vCPUs that stand still.
export { createDebugger, type Debugger, type DebugLink } from "./debugger.ts";
export type { DebugTarget, StepResult } from "./target.ts";
