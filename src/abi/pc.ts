// Where things are on a PC: ports, lines and frequencies that guests know without asking, and those of ours that ACPI tells them.
// Sources: IBM PC AT Technical Reference; Intel 82371SB (PIIX3) and ICH9 datasheets, "Fixed I/O Address Ranges"; ACPI specification.

export const PORT = {
  masterPic: 0x20, pit: 0x40, keyboardData: 0x60, systemControlB: 0x61, keyboardCommand: 0x64, rtc: 0x70, post: 0x80, systemControlA: 0x92,
  slavePic: 0xa0, debugExit: 0xf4, fwCfg: 0x510, com1: 0x3f8, elcr: 0x4d0,
  // told by the FADT; the same block as ICH9's, with the timer at +8
  pm1Event: 0x600, pm1Control: 0x604, pmTimer: 0x608,
  pciAddress: 0xcf8, resetControl: 0xcf9, pciData: 0xcfc,
} as const;

/** ISA interrupt lines. Each is the GSI of the same number, except the timer's (ACPI: Interrupt Source Override Structure). */
export const IRQ = { timer: 0, cascade: 2, com1: 4, rtc: 8, sci: 9 } as const;
export const TIMER_GSI = 2;
export const IOAPIC_PINS = 24;

export const MMIO = { ioapic: 0xfec00000, ioapicBytes: 0x1000, lapic: 0xfee00000, lapicBytes: 0x1000 } as const;

/** Input clock of the 8254: a third of the colour subcarrier's four-thirds, 14.31818 MHz / 12. */
export const PIT_HZ = 14_318_180 / 12;
/** ACPI: Power Management Timer. */
export const PM_TIMER_HZ = 3_579_545;
/** Input of the LAPIC timer's divider: what CPUID leaf 0x15 calls the core crystal clock. */
export const LAPIC_TIMER_HZ = 1_000_000_000;

/** Value of SLP_TYPa in the `_S5_` object that means power off (ACPI: \_Sx System States). */
export const SLEEP_TYPE_OFF = 5;
/** Written to `PORT.resetControl` this resets the machine: RESET_REG and RESET_VALUE of the FADT. */
export const RESET_VALUE = 0x06;
