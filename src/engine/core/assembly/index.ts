// Entry of engine/core: everything exported here can be called by engines. One instance per vCPU.
export { attach } from "./state";
export * from "./flags";
export * from "./memory";
export { fill, flush, flushNonGlobal, invalidate, watchPage } from "./tlb";
export * from "./control";
export * from "./regions";
