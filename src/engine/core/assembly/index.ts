// Entry of engine/core: everything exported here can be called by engines. One instance per vCPU.
export { attach } from "./state";
export * from "./processor/flags";
export * from "./memory/memory";
export { flush, flushNonGlobal, invalidate, watchPage } from "./memory/tlb";
export * from "./processor/control";
export { hostAddress, noteStore } from "./memory/regions";
export { deliver, softwareInterrupt, interrupt1 } from "./event/exception";
export { linearAddress } from "./memory/address";
export * from "./segment/segment";
export { farCall, farJump, farReturn } from "./segment/far";
export * from "./event/iret";
export * from "./segment/syscall";
export { attend, halt, startup } from "./event/attend";
export { reset } from "./event/reset";
export {
  fpAddPd, fpAddPs, fpAddSd, fpAddSs, fpDivPd, fpDivPs, fpDivSd, fpDivSs, fpMaxPd, fpMaxPs, fpMaxSd, fpMaxSs, fpMinPd, fpMinPs, fpMinSd, fpMinSs,
  fpMulPd, fpMulPs, fpMulSd, fpMulSs, fpSqrtPd, fpSqrtPs, fpSqrtSd, fpSqrtSs, fpSubPd, fpSubPs, fpSubSd, fpSubSs,
} from "./float/fp-arithmetic";
export * from "./float/fp-compare";
export * from "./float/fp-convert";
export * from "./float/fp-lanes";
export { x87Begin, x87BeginMemory, x87Pending, x87Wait } from "./x87/x87";
export * from "./x87/arithmetic";
export * from "./x87/compare";
export * from "./x87/control";
export * from "./x87/transcendental";
export * from "./x87/transfer";
export { emms, getMxcsr, mmxTouch, setMxcsr, storeMasked } from "./vector/simd";
export * from "./vector/aes";
export * from "./vector/clmul";
export * from "./vector/sha";
export * from "./vector/strcompare";
export * from "./integer/arithmetic";
export * from "./processor/popflags";
export * from "./processor/port";
export * from "./processor/portaccess";
export * from "./segment/frame";
export * from "./integer/string";
export { random, readTimeStamp, timeStampAux } from "./processor/time";
export { readMsr, writeMsr } from "./processor/msr";
export { cpuid } from "./processor/cpuid";
export { restoreExtended, restoreLegacy, saveExtended, saveLegacy } from "./processor/xsave";
export { readDebug, writeDebug } from "./event/debug";
export * from "./segment/tables";
export * from "./memory/invalidate";
export * from "./segment/privilege";
export * from "./blocks";
export * from "./flag-aux";
