// Where operands lie for the interpreter: in the vCPU's state, at places that the operation names. One placement per variant.

import { CONSTANTS as C, OFFSET } from "../../hal/layout.ts";
import type { Emit, Operand, Width } from "../../isa/emit.ts";
import type { Form } from "../../isa/forms.ts";
import type { Place, Placement } from "../wasm/emit.ts";
import type { Node } from "../wasm/ir.ts";
import { conversions, type Surroundings } from "../wasm/types.ts";
import type { Variant } from "./operation.ts";

const RSP = 4;
const LOADS = { 8: "i32.load8_u", 16: "i32.load16_u", 32: "i32.load" } as const;

/** @param op address of the operation */
export function operationPlacement(surroundings: Surroundings, op: Node, form: Form, variant: Variant) {
  const { g, state, core } = surroundings;
  const { as32, as64 } = conversions(g);
  const code64 = variant.endsWith("64");
  const field = (offset: number) => g.load("i32.load8_u", op, offset);
  const atByte = (offset: number): Node => g.pure("i32.add", state, field(offset));
  const add = (a: Node, b: Node) => g.pure("i64.add", a, b);

  const placeOf = (operand: Operand): Place => {
    const { from, fixed, kind } = form.operands[operand.slot];
    if (from !== "fixed") return { address: atByte(from === "reg" ? C.OP_REG : C.OP_RM), offset: 0 };
    return { address: state, offset: kind === "xmm" || kind === "mm" ? fixed * 16 : fixed * 8 };
  };
  const read = (width: Width, { address, offset }: Place) => (width === 64 ? g.load("i64.load", address, offset) : g.load(LOADS[width], address, offset));
  const write = (width: Width, { address, offset }: Place, value: Node) => {
    switch (width) {
      case 8: return g.store("i32.store8", address, offset, as32(value));
      case 16: return g.store("i32.store16", address, offset, as32(value));
      default: return g.store("i64.store", address, offset, as64(value));
    }
  };
  const gpr = (number: number): Place => ({ address: state, offset: OFFSET.gpr + number * 8 });
  const highByte = (number: number): Place => ({ address: state, offset: OFFSET.gpr + number * 8 + 1 });

  const page = () => g.load("i64.load", state, OFFSET.page);
  const codeAddress = (offset: Node) => (code64 ? add(page(), offset) : g.pure("i64.and", add(page(), offset), g.i64(0xffff_ffffn)));
  const lengthField = () => field(C.OP_LENGTH);
  const length = () => g.pure("i32.and", lengthField(), g.i32(15));
  const addressWidth = (): Node => {
    if (variant === "base64" || variant === "full64") return g.i32(64);
    return variant === "narrow64" ? g.i32(32) : g.pure("i32.shl", g.i32(16), g.pure("i32.shr_u", lengthField(), g.i32(6)));
  };

  const effectiveAddress = (): Node => {
    const base = g.load("i64.load", atByte(C.OP_BASE), 0);
    const disp = g.load("i64.load", op, C.OP_DISP);
    if (variant === "base64") return add(base, disp);
    const index = g.pure("i64.shl", g.load("i64.load", atByte(C.OP_INDEX), 0), g.load("i64.load8_u", op, C.OP_SCALE));
    const sum = add(add(base, index), disp);
    if (variant === "full64") return sum;
    if (variant === "narrow64") return g.pure("i64.and", sum, g.i64(0xffff_ffffn));
    if (variant === "locked64") return g.pure("i64.and", sum, g.select(g.pure("i32.eq", addressWidth(), g.i32(32)), g.i64(0xffff_ffffn), g.i64(-1n)));
    return g.pure("i64.and", sum, g.select(g.pure("i32.eq", addressWidth(), g.i32(16)), g.i64(0xffffn), g.i64(0xffff_ffffn)));
  };
  const segmentBase = () => g.load("i64.load", atByte(C.OP_SEGMENT), OFFSET.segBase);
  const segmentNumber = () => g.pure("i32.shr_u", field(C.OP_SEGMENT), g.i32(3));

  const checkFault = () => g.when(g.load("i32.load", state, OFFSET.fault), () => g.exit("fault"));
  const checked = (segment: Node, offset: Node, bytes: number, access: "read" | "write") => {
    const linear = g.call(core("linearAddress"), [as32(segment), as64(offset), g.i32(bytes), g.i32(access === "write" ? 1 : 0)], "i64");
    checkFault();
    return linear;
  };
  const linear = (segment: Node, offset: Node, bytes: number, access: "read" | "write"): Node => {
    if (!code64) return checked(segment, offset, bytes, access);
    if (segment.kind === "const" && segment.low < C.SEG_FS) return as64(offset);
    // bases of ES, CS, SS and DS count as 0
    const number = as32(segment);
    const base = g.load("i64.load", g.pure("i32.add", state, g.pure("i32.shl", number, g.i32(3))), OFFSET.segBase);
    return add(as64(offset), g.select(g.pure("i32.ge_u", number, g.i32(C.SEG_FS)), base, g.i64(0n)));
  };

  const leaveTo = (target: Node) => {
    g.store("i64.store", state, OFFSET.rip, target);
    g.exit("leave");
  };
  const generalProtection = () => {
    g.store("i32.store", state, OFFSET.fault, g.i32(C.FAULT_PENDING | 13));
    g.store("i32.store", state, OFFSET.faultCode, g.i32(0));
    g.exit("fault");
  };
  const relativeTarget = (width: Width) => {
    const target = add(page(), g.load("i64.load", op, C.OP_IMM));
    return width === 64 ? target : g.pure("i64.and", target, g.i64(width === 16 ? 0xffffn : 0xffff_ffffn));
  };
  const jump = (target: Node) => {
    if (code64) {
      const canonical = g.pure("i64.shr_s", g.pure("i64.shl", target, g.i64(16n)), g.i64(16n));
      g.when(g.pure("i64.ne", canonical, target), generalProtection);
    } else g.when(g.pure("i64.gt_u", target, g.load("i64.load32_u", state, OFFSET.segLimit + 4 * C.SEG_CS)), generalProtection);
    leaveTo(target);
  };

  const placement = (e: Emit<Node>): Placement => ({
    readRegister: (width, operand) => read(width, placeOf(operand)),
    writeRegister: (width, operand, value) => write(width, placeOf(operand), value),
    readGpr: (width, number) => read(width, gpr(number)),
    writeGpr: (width, number, value) => write(width, gpr(number), value),
    readHighByte: (number) => read(8, highByte(number)),
    writeHighByte: (number, value) => write(8, highByte(number), value),
    registerNumber: (operand) => {
      const { from, fixed } = form.operands[operand.slot];
      return from === "fixed" ? g.i32(fixed) : field(from === "reg" ? C.OP_REG : C.OP_RM);
    },
    vectorRegister: (operand) => {
      const { address, offset } = placeOf(operand);
      return { address, offset: offset + (operand.kind === "xmm" ? OFFSET.xmm : OFFSET.fpr) };
    },
    immediate: (width, operand) => {
      const { from, fixed } = form.operands[operand.slot];
      if (from === "fixed") return e.zeroExtend(width, g.i64(BigInt(fixed)));
      const at = from === "second" ? C.OP_LINK : C.OP_IMM;
      if (width === 64) return from === "second" ? g.load("i64.load32_u", op, at) : g.load("i64.load", op, at);
      return g.load(LOADS[width], op, at);
    },
    effectiveAddress: () => effectiveAddress(),
    linearAddress: (_operand, bytes, access) => {
      if (!code64) return checked(segmentNumber(), effectiveAddress(), bytes, access);
      // base and displacement alone imply that there is no segment
      return variant === "base64" ? effectiveAddress() : add(segmentBase(), effectiveAddress());
    },
    linear,
    decoded: (fact) => {
      switch (fact) {
        case "segment": return segmentNumber();
        case "addressWidth": return addressWidth();
        case "rep": return g.pure("i32.and", g.pure("i32.shr_u", lengthField(), g.i32(4)), g.i32(3));
        case "length": return length();
        case "opcodeFop": return g.load("i32.load", op, C.OP_IMM);
        case "mode64": return g.i32(code64 ? 1 : 0);
        case "last": return g.pure("i32.eqz", g.load("i32.load8_u", op, C.OP_LEFT));
        case "locked": return g.i32(variant.startsWith("locked") ? 1 : 0);
      }
    },
    nextRip: () => codeAddress(as64(g.pure("i32.add", g.load("i32.load16_u", op, C.OP_OFFSET), length()))),
    stackPointer: (bytes) => {
      const rsp = g.load("i64.load", state, OFFSET.gpr + RSP * 8);
      const moved = add(rsp, g.i64(BigInt(bytes)));
      const put = (value: Node) => g.store("i64.store", state, OFFSET.gpr + RSP * 8, value);
      if (code64) return { top: rsp, moved, set: put };
      const wide = g.pure("i32.and", g.load("i32.load", state, OFFSET.mode), g.i32(C.MODE_STACK32));
      const mask = g.select(wide, g.i64(0xffff_ffffn), g.i64(0xffffn));
      const kept = g.select(wide, g.i64(0n), g.pure("i64.and", rsp, g.i64(~0xffffn)));
      const masked = (value: Node) => g.pure("i64.and", value, mask);
      return { top: masked(rsp), moved: masked(moved), set: (value) => put(g.pure("i64.or", kept, value)) };
    },
    relativeTarget,
    jumpRelative: (width) => {
      if (code64) return g.exit("link");
      jump(relativeTarget(width));
    },
    jump,
    again: () => leaveTo(codeAddress(g.load("i64.load16_u", op, C.OP_OFFSET))),
  });
  return placement;
}
