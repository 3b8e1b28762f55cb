// Entry of engine/core: everything exported here can be called by engines. One instance per vCPU.
import { At } from "./generated/layout";

/** Address of the state of the vCPU that this instance belongs to. */
export let vcpu: usize = 0;
export function attach(address: usize): void {
  vcpu = address;
}
export function rip(): u64 {
  return load<u64>(vcpu + At.rip);
}
