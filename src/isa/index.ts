// The instruction set as data, as a library: `nvl/isa`.
export * from "./decode.ts";
export * from "./emit.ts";
export * from "./encode.ts";
export * from "./forms.ts";
export * from "./helpers.ts";
export * from "./instruction.ts";
export * from "./perform.ts";
export * from "./registers.ts";
export * from "./simd.ts";
export { INSTRUCTIONS } from "./all.ts";
