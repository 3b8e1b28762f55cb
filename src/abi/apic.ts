// Registers of the local APIC and the messages that it exchanges. Source: SDM 3A, Advanced Programmable Interrupt Controller (APIC).

/** Register numbers: the xAPIC offset is number * 16, the x2APIC MSR is 0x800 + number (SDM 3A, Local APIC Register Address Map). */
export const LAPIC_REGISTER = {
  id: 0x02, version: 0x03, tpr: 0x08, apr: 0x09, ppr: 0x0a, eoi: 0x0b, ldr: 0x0d, dfr: 0x0e, svr: 0x0f, isr: 0x10, tmr: 0x18, irr: 0x20,
  esr: 0x28, icr: 0x30, icrHigh: 0x31, lvtTimer: 0x32, lvtThermal: 0x33, lvtPerformance: 0x34, lvtLint0: 0x35, lvtLint1: 0x36, lvtError: 0x37,
  initialCount: 0x38, currentCount: 0x39, divide: 0x3e, selfIpi: 0x3f,
} as const;

export const MSR = { apicBase: 0x1b, tscDeadline: 0x6e0, x2apicFirst: 0x800, x2apicLast: 0x8ff } as const;
/** Bits of IA32_APIC_BASE. */
export const APIC_BASE = { bootstrap: 1 << 8, x2apic: 1 << 10, enable: 1 << 11 } as const;

/** Delivery modes of the ICR, LVT entries, redirection entries and MSIs. */
export const DELIVERY = { fixed: 0, lowestPriority: 1, smi: 2, nmi: 4, init: 5, startup: 6, extInt: 7 } as const;
/** Destination shorthands of the ICR. */
export const SHORTHAND = { none: 0, self: 1, all: 2, others: 3 } as const;
export const LVT_MASKED = 1 << 16;
/** Timer modes in bits 17..18 of the timer's LVT entry. */
export const TIMER_MODE = { oneShot: 0, periodic: 1, tscDeadline: 2 } as const;
/** Bits of the error status register. */
export const APIC_ERROR = { sendIllegalVector: 1 << 5, receiveIllegalVector: 1 << 6, illegalRegister: 1 << 7 } as const;
/** A physical destination that means every LAPIC. */
export const BROADCAST = 0xffff_ffff;
