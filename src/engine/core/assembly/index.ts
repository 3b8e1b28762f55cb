// Entry of engine/core: everything exported here can be called by engines. One instance per vCPU.
export { attach } from "./state";
export * from "./flags";
export * from "./memory";
export { flush, flushNonGlobal, invalidate, watchPage } from "./tlb";
export * from "./control";
export { hostAddress, noteStore } from "./regions";
export { deliver, softwareInterrupt, interrupt1 } from "./exception";
export { attend, halt, startup } from "./attend";
export { reset } from "./reset";
export { emms, getMxcsr, mmxTouch, setMxcsr, storeMasked } from "./simd";
export * from "./aes";
export * from "./clmul";
export * from "./sha";
export * from "./strcompare";
