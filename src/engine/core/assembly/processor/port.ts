// IN, OUT, INS and OUTS: ports are on the bus.
import { At, C } from "../generated/layout";
import { faulted, reg, setReg, vcpu } from "../state";
import { DF_FLAG } from "./flags";
import { linearAddress } from "../memory/address";
import { loadSized, maskOf, storeSized } from "../memory/sized";
import { pioRead, pioWrite } from "../bus";
import { probeWrite } from "../memory/memory";
import { ioAllowed } from "./portaccess";

const RCX: u32 = 1, RDX: u32 = 2, RSI: u32 = 6, RDI: u32 = 7;
/** Elements of one call of a repeated instruction. */
const WORK: u32 = 512;

function read(port: u32, bytes: u32): u64 {
  return <u64>pioRead(port, bytes) & (((<u64>1) << (bytes << 3)) - 1);
}

export function portIn(port: u32, bytes: u32): u64 {
  return ioAllowed(port, bytes) ? read(port & 0xffff, bytes) : 0;
}
export function portOut(port: u32, bytes: u32, value: u64): void {
  if (ioAllowed(port, bytes)) pioWrite(port & 0xffff, bytes, <u32>value);
}

function setMasked(number: u32, value: u64, mask: u64): void {
  setReg(number, mask == 0xffff ? (reg(number) & ~mask) | (value & mask) : value & mask);
}
function step(number: u32, bytes: u32, mask: u64): void {
  const down = (load<u32>(vcpu, At.flagRest) & <u32>DF_FLAG) != 0;
  setMasked(number, down ? reg(number) - bytes : reg(number) + bytes, mask);
}

/** After each element: whoever waits (an exit, an interrupt, a debugger) goes before the next one. */
function goesOn(done: u32): bool {
  return done < WORK && atomic.load<u32>(vcpu + At.attention) == 0;
}

export function portInString(bytes: u32, addressWidth: u32, rep: u32): u32 {
  const mask = maskOf(addressWidth), port = <u32>reg(RDX) & 0xffff;
  let count: u64 = rep ? reg(RCX) & mask : 1;
  if (!count || !ioAllowed(port, bytes)) return 0;
  for (let done: u32 = 0; count && (done == 0 || goesOn(done)); done++) {
    const target = linearAddress(C.SEG_ES, reg(RDI) & mask, bytes, 1);
    if (!faulted()) probeWrite(target, bytes); // before the port: reading it may change the device
    if (faulted()) return 0;
    storeSized(target, bytes, read(port, bytes));
    step(RDI, bytes, mask);
    if (rep) setMasked(RCX, --count, mask);
    else count--;
  }
  return count ? 1 : 0;
}

export function portOutString(bytes: u32, addressWidth: u32, segment: u32, rep: u32): u32 {
  const mask = maskOf(addressWidth), port = <u32>reg(RDX) & 0xffff;
  let count: u64 = rep ? reg(RCX) & mask : 1;
  if (!count || !ioAllowed(port, bytes)) return 0;
  for (let done: u32 = 0; count && (done == 0 || goesOn(done)); done++) {
    const source = linearAddress(segment, reg(RSI) & mask, bytes, 0);
    if (faulted()) return 0;
    const value = loadSized(source, bytes);
    if (faulted()) return 0;
    pioWrite(port, bytes, <u32>value);
    step(RSI, bytes, mask);
    if (rep) setMasked(RCX, --count, mask);
    else count--;
  }
  return count ? 1 : 0;
}
