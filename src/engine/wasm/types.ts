// What the parts of the emitter share, and conversions between the two integer types. A guest integer of up to 32 bits is an i32
// node, a wider one an i64 node; both stand for the zero-extended value.

import type { Width } from "../../isa/emit.ts";
import type { Graph, Node, Region } from "./ir.ts";

/** A page that was accessed, writable if it was written to, and its addend. `writable`: it is looked up as if to be written to.
 * `limit`: accesses lie in the page that begin less than so many bytes from its beginning; 0 where none is remembered. Who has one is told the number of bytes. */
export interface RememberedPage { limit?(): Node; page(): Node; addend(): Node; note(page: Node, addend: Node, bytes: number): void; writable: boolean }

/** A page where its addend is known: that of an access with this displacement. */
export interface NearbyPage { page: Node; addend: Node; writable: boolean; displacement: number; scope: Region }

/** Where the code that is written runs: its graph, the address of the vCPU's state, and the functions of engine/core by name. */
export interface Surroundings {
  readonly g: Graph;
  readonly state: Node;
  /** Index of a function that the module imports from core. */
  core(name: string): number;
  /** Where the TLB does not answer, the code takes the exit `miss` before it has changed anything, and somebody else executes the whole
   * instruction. Otherwise it calls core. */
  readonly leaveOnMiss?: boolean;
  /** With `leaveOnMiss`: core may enter the page first here, and only what it cannot enter leaves. A call costs whatever lives meanwhile its register, so loops are where that pays.
   * Nothing is raised in place: who is left to executes the instruction, and finds the same. */
  refills?(): boolean;
  /** Is the instruction that is recorded atomic (LOCK) although others run at the same time? */
  locked?(): boolean;
  /** Without `leaveOnMiss`: executes this same instruction once more. */
  retry?(): void;
  /** Where the page of such an access is remembered from one access to the next: nothing but an exit takes anything from the TLB.
   * `anywhere`: accesses of this size that need not be aligned, and mostly are not. */
  readonly remembered?: (linear: Node, writes: boolean, anywhere: boolean) => RememberedPage | undefined;
  /** Which extent an access is compared with, of those for reads, if with any. */
  readonly extentSlot?: () => number | undefined;
  /** Pages that this graph has looked up, by the variable part of the addresses. */
  readonly nearby?: Map<Node, NearbyPage>;
}

export const typeOf = (width: Width) => (width === 64 ? "i64" : "i32");
export const ones = (width: number) => (1n << BigInt(width)) - 1n;

export interface Conversions {
  as32(node: Node): Node;
  as64(node: Node): Node;
  /** As the type of a guest integer of this width. */
  asWidth(width: Width, node: Node): Node;
  /** An operation on two values that means the same on both types when both fit 32 bits. */
  either(name: "and" | "or" | "xor" | "eq" | "ne" | "lt_u", a: Node, b: Node): Node;
  /** As the condition of an `if`. */
  asCondition(node: Node): Node;
  /** Keeps the lowest bits of an i32 or i64. */
  cut(width: Width, node: Node): Node;
}

export function conversions(g: Graph): Conversions {
  const as64 = (node: Node): Node => {
    if (node.type === "i64") return node;
    if (node.wide && g.visible(node.wide)) return node.wide;
    return (node.wide = g.pure("i64.extend_i32_u", node));
  };
  const as32 = (node: Node): Node => {
    if (node.type === "i32") return node;
    if (node.narrow && g.visible(node.narrow)) return node.narrow;
    return (node.narrow = g.pure("i32.wrap_i64", node));
  };
  const asWidth = (width: Width, node: Node) => (width === 64 ? as64(node) : as32(node));
  const either: Conversions["either"] = (name, a, b) => {
    const small = name === "and" ? Math.min(a.bits, b.bits) : Math.max(a.bits, b.bits);
    return small <= 32 ? g.pure(`i32.${name}`, as32(a), as32(b)) : g.pure(`i64.${name}`, as64(a), as64(b));
  };
  const asCondition = (node: Node) => {
    if (node.type === "i32") return node;
    return node.bits <= 32 ? as32(node) : g.pure("i64.ne", node, g.i64(0n));
  };
  const cut = (width: Width, node: Node) => {
    if (width === 64) return as64(node);
    return width === 32 ? as32(node) : g.pure("i32.and", as32(node), g.i32(Number(ones(width))));
  };
  return { as32, as64, asWidth, either, asCondition, cut };
}
