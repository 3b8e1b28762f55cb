// Time stamps and chance.
import { At } from "../generated/layout";
import { CR4_TSD, GP, raise, vcpu } from "../state";
import { clockNs, entropy } from "../bus";

const NS_PER_SECOND: u64 = 1_000_000_000;

/** Ticks of the TSC since the virtual node was powered on. */
export function clockTicks(): u64 {
  const ns = <u64>clockNs(), hz = load<u64>(vcpu, At.tscHz);
  // in two parts, so that nothing overflows
  return (ns / NS_PER_SECOND) * hz + (ns % NS_PER_SECOND) * hz / NS_PER_SECOND;
}
export function timeStamp(): u64 {
  return clockTicks() + load<u64>(vcpu, At.tscOffset);
}
/** RDTSC and RDTSCP: #GP(0) for programs under CR4.TSD. */
export function readTimeStamp(): u64 {
  if ((load<u64>(vcpu, At.cr4) & CR4_TSD) && load<u32>(vcpu, At.cpl)) {
    raise(GP, 0);
    return 0;
  }
  return timeStamp();
}
/** WRMSR to the TSC moves TSC_ADJUST too (SDM 3B, Time-Stamp Counter Adjustment). */
export function writeTimeStamp(value: u64): void {
  const delta = value - timeStamp();
  store<u64>(vcpu, load<u64>(vcpu, At.tscOffset) + delta, At.tscOffset);
  store<u64>(vcpu, load<u64>(vcpu, At.tscAdjust) + delta, At.tscAdjust);
}
export function writeTimeStampAdjust(value: u64): void {
  const delta = value - load<u64>(vcpu, At.tscAdjust);
  store<u64>(vcpu, load<u64>(vcpu, At.tscOffset) + delta, At.tscOffset);
  store<u64>(vcpu, value, At.tscAdjust);
}
/** TSC_AUX, what RDTSCP puts into ECX. */
export function timeStampAux(): u64 {
  return load<u64>(vcpu, At.tscAux) & 0xffff_ffff;
}

/** 64 bits for RDRAND and RDSEED; never exhausted. */
export function random(): u64 {
  const low = <u64>entropy();
  return low | (<u64>entropy() << 32);
}
