// Entry of engine/core: everything exported here can be called by engines. One instance per vCPU.
export { attach } from "./state";
export * from "./flags";
export * from "./memory";
export { flush, flushNonGlobal, invalidate, watchPage } from "./tlb";
export * from "./control";
export { hostAddress, noteStore } from "./regions";
export { deliver, softwareInterrupt, interrupt1 } from "./exception";
export { linearAddress } from "./address";
export * from "./segment";
export { farCall, farJump, farReturn } from "./far";
export * from "./iret";
export * from "./syscall";
export { attend, halt, startup } from "./attend";
export { reset } from "./reset";
export {
  fpAddPd, fpAddPs, fpAddSd, fpAddSs, fpDivPd, fpDivPs, fpDivSd, fpDivSs, fpMaxPd, fpMaxPs, fpMaxSd, fpMaxSs, fpMinPd, fpMinPs, fpMinSd, fpMinSs,
  fpMulPd, fpMulPs, fpMulSd, fpMulSs, fpSqrtPd, fpSqrtPs, fpSqrtSd, fpSqrtSs, fpSubPd, fpSubPs, fpSubSd, fpSubSs,
} from "./fp-arithmetic";
export * from "./fp-compare";
export * from "./fp-convert";
export * from "./fp-lanes";
export { x87Begin, x87BeginMemory, x87Pending, x87Wait } from "./x87";
export * from "./x87-arithmetic";
export * from "./x87-compare";
export * from "./x87-control";
export * from "./x87-transcendental";
export * from "./x87-transfer";
export { emms, getMxcsr, mmxTouch, setMxcsr, storeMasked } from "./simd";
export * from "./aes";
export * from "./clmul";
export * from "./sha";
export * from "./strcompare";
export * from "./arithmetic";
export * from "./popflags";
export * from "./port";
export * from "./portaccess";
export * from "./frame";
export * from "./string";
export { random, readTimeStamp, timeStampAux } from "./time";
export { readMsr, writeMsr } from "./msr";
export { cpuid } from "./cpuid";
export { restoreExtended, restoreLegacy, saveExtended, saveLegacy } from "./xsave";
export { readDebug, writeDebug } from "./debug";
export * from "./tables";
export * from "./invalidate";
export * from "./privilege";
export * from "./blocks";
export * from "./flag-aux";
