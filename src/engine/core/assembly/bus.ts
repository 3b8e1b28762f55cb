// What core asks of the outside: ports, devices in memory, the interrupt controller, time and chance. Wired in engine/core/index.ts.
// msrRead and msrWrite raise #GP(0) themselves when the register does not exist.
@external("bus", "pioRead") export declare function pioRead(port: u32, bytes: u32): u32;
@external("bus", "pioWrite") export declare function pioWrite(port: u32, bytes: u32, value: u32): void;
@external("bus", "mmioRead") export declare function mmioRead(gpa: f64, bytes: u32): u32;
@external("bus", "mmioWrite") export declare function mmioWrite(gpa: f64, bytes: u32, value: u32): void;
@external("bus", "acknowledge") export declare function acknowledge(): i32;
@external("bus", "msrRead") export declare function msrRead(msr: u32): u64;
@external("bus", "msrWrite") export declare function msrWrite(msr: u32, value: u64): void;
@external("bus", "tprRead") export declare function tprRead(): u32;
@external("bus", "tprWrite") export declare function tprWrite(priority: u32): void;
@external("bus", "clockNs") export declare function clockNs(): f64;
/** @param kind TRACE */
@external("bus", "trace") export declare function trace(kind: u32, what: u32, value: u64, code: u32): void;
@external("bus", "entropy") export declare function entropy(): u32;
