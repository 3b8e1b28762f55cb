// The stack frame of a signal handler, struct rt_sigframe (arch/x86/include/asm/sigframe.h, uapi/asm/sigcontext.h, ucontext.h), with the
// floating-point state as FXSAVE has it.

import type { VcpuState } from "../../hal/state.ts";
import { SA, SIG, SS } from "../../abi/linux/signals.ts";
import type { Kitten } from "../kitten.ts";
import { USER_END } from "../memory/page-tables.ts";
import { copyIn, copyOut } from "../memory/user.ts";
import { USER_CS, USER_SS } from "./registers.ts";
import { registersOf } from "./schedule.ts";
import type { SignalAction, SignalInfo, Task } from "./task.ts";

const RED_ZONE = 128, FX_BYTES = 512, FRAME_BYTES = 440, UC = 8, MCONTEXT = UC + 40, SIGMASK = UC + 296, INFO = 312;
/** Order of general registers in the frame. */
const ORDER = ["r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rdi", "rsi", "rbp", "rbx", "rdx", "rax", "rcx", "rsp", "rip"] as const;
const UC_FLAGS = 6n; // SS is saved, and restored as it is
const FLAGS_KEPT = 0x4_0dd5n, FLAGS_CLEARED = 0x1_0500n; // AC OF DF TF SF ZF AF PF CF; RF DF TF
const MXCSR_BITS = 0xffffn;

export function fxsave(state: VcpuState): Uint8Array {
  const out = new Uint8Array(FX_BYTES), view = new DataView(out.buffer), fsw = Number(state.read("fsw"));
  view.setUint16(0, Number(state.read("fcw")), true);
  view.setUint16(2, fsw, true);
  out[4] = Number(state.read("ftw"));
  view.setUint16(6, Number(state.readField("fop")), true);
  view.setBigUint64(8, state.readField("fip"), true);
  view.setBigUint64(16, state.readField("fdp"), true);
  view.setUint32(24, Number(state.read("mxcsr")), true);
  view.setUint32(28, Number(MXCSR_BITS), true);
  for (let index = 0; index < 8; index++) {
    const value = state.readField("fpr", (fsw >> 11) + index & 7);
    view.setBigUint64(32 + 16 * index, BigInt.asUintN(64, value), true);
    view.setUint16(40 + 16 * index, Number(value >> 64n & 0xffffn), true);
  }
  for (let index = 0; index < 16; index++) {
    const value = state.readXmm(index);
    view.setBigUint64(160 + 16 * index, BigInt.asUintN(64, value), true);
    view.setBigUint64(168 + 16 * index, value >> 64n, true);
  }
  return out;
}
export function fxrestore(state: VcpuState, bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset), fsw = view.getUint16(2, true);
  state.write("fcw", BigInt(view.getUint16(0, true) & 0x1f7f | 0x40));
  state.write("fsw", BigInt(fsw));
  state.write("ftw", BigInt(bytes[4]));
  state.writeField("fop", BigInt(view.getUint16(6, true) & 0x7ff));
  state.writeField("fip", view.getBigUint64(8, true));
  state.writeField("fdp", view.getBigUint64(16, true));
  state.write("mxcsr", BigInt(view.getUint32(24, true)) & MXCSR_BITS);
  for (let index = 0; index < 8; index++) state.writeField("fpr", view.getBigUint64(32 + 16 * index, true) | BigInt(view.getUint16(40 + 16 * index, true)) << 64n, (fsw >> 11) + index & 7);
  for (let index = 0; index < 16; index++) state.writeXmm(index, view.getBigUint64(160 + 16 * index, true) | view.getBigUint64(168 + 16 * index, true) << 64n);
}

/** siginfo_t. */
export function infoBytes({ signal, code, pid, uid, address, status, value, timer, overrun }: SignalInfo): Uint8Array {
  const out = new Uint8Array(128), view = new DataView(out.buffer);
  view.setInt32(0, signal, true);
  view.setInt32(8, code, true);
  if (address !== undefined) view.setBigInt64(16, BigInt.asIntN(64, BigInt(address)), true);
  else {
    view.setInt32(16, timer ?? pid ?? 0, true);
    view.setInt32(20, overrun ?? uid ?? 0, true);
    if (signal === SIG.chld && code > 0) view.setInt32(24, status ?? 0, true);
    else view.setBigInt64(24, value ?? 0n, true);
  }
  return out;
}

export const onAltStack = ({ altStack: { sp, size, flags } }: Task, rsp: number): boolean => !(flags & SS.disable) && size > 0 && rsp > sp && rsp <= sp + size;

/** Makes the task begin its handler. @returns false: the frame could not be written */
export function pushFrame(k: Kitten, task: Task, info: SignalInfo, action: SignalAction): boolean {
  const state = registersOf(k, task), { altStack } = task, rsp = Number(state.read("rsp"));
  let top = rsp - RED_ZONE;
  if (action.flags & SA.onStack && altStack.size > 0 && !(altStack.flags & SS.disable) && !onAltStack(task, rsp)) top = altStack.sp + altStack.size;
  const fpAt = Math.floor((top - FX_BYTES) / 64) * 64, frameAt = Math.floor((fpAt - FRAME_BYTES) / 16) * 16 - 8;
  if (!(frameAt > 0 && top < USER_END)) return false;
  const frame = new Uint8Array(FRAME_BYTES), view = new DataView(frame.buffer), u64 = (at: number, value: bigint | number) => view.setBigUint64(at, BigInt.asUintN(64, BigInt(value)), true);
  u64(0, action.restorer);
  u64(UC, UC_FLAGS);
  u64(UC + 16, altStack.sp);
  view.setInt32(UC + 24, altStack.size === 0 ? SS.disable : altStack.flags | (onAltStack(task, rsp) ? SS.onStack : 0), true);
  u64(UC + 32, altStack.size);
  ORDER.forEach((name, index) => u64(MCONTEXT + 8 * index, state.read(name)));
  u64(MCONTEXT + 136, state.read("rflags"));
  view.setUint16(MCONTEXT + 144, USER_CS, true);
  view.setUint16(MCONTEXT + 150, USER_SS, true);
  u64(MCONTEXT + 152, info.fault?.errorCode ?? 0);
  u64(MCONTEXT + 160, info.fault?.vector ?? 0);
  u64(MCONTEXT + 168, BigInt.asUintN(64, task.mask));
  u64(MCONTEXT + 176, info.fault?.vector === 14 ? info.address ?? 0 : 0);
  u64(MCONTEXT + 184, fpAt);
  u64(SIGMASK, task.savedMask ?? task.mask);
  frame.set(infoBytes(info), INFO);
  const { aspace } = task.process;
  if (!copyOut(aspace, fpAt, fxsave(state)) || !copyOut(aspace, frameAt, frame)) return false;
  if (altStack.flags & SS.autoDisarm) task.altStack = { sp: 0, size: 0, flags: SS.disable };
  const set = (name: "rdi" | "rsi" | "rdx" | "rax" | "rsp" | "rip", value: number) => state.write(name, BigInt(value));
  set("rdi", info.signal);
  set("rsi", frameAt + INFO);
  set("rdx", frameAt + UC);
  set("rax", 0);
  set("rsp", frameAt);
  set("rip", action.handler);
  state.write("rflags", state.read("rflags") & ~FLAGS_CLEARED);
  return true;
}

/** rt_sigreturn: the state that the frame has. @returns false: there is no frame */
export function popFrame(k: Kitten, task: Task): boolean {
  const state = registersOf(k, task), { aspace } = task.process, at = Number(state.read("rsp")) - 8;
  const frame = copyIn(aspace, at, INFO);
  if (!frame) return false;
  const view = new DataView(frame.buffer), u64 = (offset: number) => view.getBigUint64(offset, true);
  const fpAt = Number(u64(MCONTEXT + 184));
  if (fpAt !== 0) {
    const fp = copyIn(aspace, fpAt, FX_BYTES);
    if (!fp) return false;
    fxrestore(state, fp);
  }
  ORDER.forEach((name, index) => state.write(name, u64(MCONTEXT + 8 * index)));
  const flags = u64(MCONTEXT + 136);
  state.write("rflags", state.read("rflags") & ~FLAGS_KEPT | flags & FLAGS_KEPT);
  task.mask = u64(SIGMASK) & ~((1n << BigInt(SIG.kill - 1)) | (1n << BigInt(SIG.stop - 1)));
  task.altStack = { sp: Number(u64(UC + 16)), size: Number(u64(UC + 32)), flags: view.getInt32(UC + 24, true) & ~SS.onStack };
  return true;
}
