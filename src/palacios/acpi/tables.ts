// The ACPI tables of a virtual node, built from what its spec gives it (ACPI, ACPI Software Programming Model).
// All tables lie in the ROM; the FACS, which a guest may write, does not need to keep what it writes.

import * as aml from "./aml.ts";
import { ROM_END, ROM_START } from "../memory-map.ts";
import { NvlError } from "../../base/error.ts";

/** Fixed-hardware registers and lines that tables and devices must agree on. */
export interface AcpiHardware {
  pm1aEvent: number; pm1aControl: number; pmTimer: number; sciIrq: number; resetPort: number; resetValue: number;
  lapicBase: number; ioapicBase: number; com1Port: number; com1Irq: number; rtcCenturyIndex: number;
  hpetBase?: number;
}

/** A NUMA zone as the virtual node has it: its vCPUs, its memory, its distance to every zone (10 is local). */
export interface Zone { vcpus: readonly number[]; memory: readonly { gpa: number; bytes: number }[]; distances: readonly number[] }

/** Collects little-endian fields. */
function fields() {
  const bytes: number[] = [];
  const self = {
    bytes,
    u8: (...values: number[]) => { bytes.push(...values.map((value) => value & 0xff)); return self; },
    u16: (value: number) => self.u8(value, value >> 8),
    u32: (value: number) => self.u16(value).u16(value >>> 16),
    u64: (value: number) => self.u32(value >>> 0).u32(Math.floor(value / 2 ** 32)),
    text: (value: string, length: number) => self.u8(...Array.from({ length }, (_, index) => value.charCodeAt(index) || 0)),
  };
  return self;
}
type Fields = ReturnType<typeof fields>;

const checksum = (bytes: readonly number[]) => -bytes.reduce((sum, byte) => sum + byte, 0) & 0xff;

/** A table with its common header (ACPI, System Description Table Header). */
function table(signature: string, revision: number, body: readonly number[]): Uint8Array {
  const writer = fields().text(signature, 4).u32(36 + body.length).u8(revision, 0)
    .text("NVL", 6).text("NVLNODE", 8).u32(1).text("NVL", 4).u32(1);
  const bytes = Uint8Array.from([...writer.bytes, ...body]);
  bytes[9] = checksum([...bytes]);
  return bytes;
}

/** Generic address structure of an I/O port. */
const ioAddress = (writer: Fields, port: number, bits: number) => writer.u8(1, bits, 0, bits === 8 ? 1 : bits === 16 ? 2 : 3).u64(port);

function madt(hardware: AcpiHardware, apicIds: readonly number[]): Uint8Array {
  const writer = fields().u32(hardware.lapicBase).u32(1); // PCAT_COMPAT: an 8259 pair is there too
  apicIds.forEach((apicId, index) => writer.u8(0, 8, index, apicId).u32(1));
  writer.u8(1, 12, 0, 0).u32(hardware.ioapicBase).u32(0);
  writer.u8(2, 10, 0, 0).u32(2).u16(0); // the PIT's ISA IRQ 0 is GSI 2
  writer.u8(2, 10, 0, hardware.sciIrq).u32(hardware.sciIrq).u16(0x000d); // the SCI: active high, level
  writer.u8(4, 6, 0xff).u16(0).u8(1); // LINT1 of every CPU is NMI
  return table("APIC", 3, writer.bytes);
}

function dsdt(hardware: AcpiHardware): Uint8Array {
  return table("DSDT", 2, [
    ...aml.scope("\\_SB", aml.device("COM1",
      aml.name("_HID", aml.eisaId("PNP0501")),
      aml.name("_UID", aml.integer(1)),
      aml.name("_STA", aml.integer(0x0f)),
      aml.name("_CRS", aml.resources(aml.ioPorts(hardware.com1Port, 8), aml.irq(hardware.com1Irq))),
    ), aml.device("RTC0",
      aml.name("_HID", aml.eisaId("PNP0B00")),
      aml.name("_CRS", aml.resources(aml.ioPorts(0x70, 2), aml.irq(8))),
    )),
    ...aml.name("\\_S5", aml.packageOf(aml.integer(5), aml.integer(5), aml.integer(0), aml.integer(0))),
  ]);
}

function fadt(hardware: AcpiHardware, facsGpa: number, dsdtGpa: number): Uint8Array {
  const writer = fields().u32(facsGpa).u32(dsdtGpa).u8(0, 0).u16(hardware.sciIrq)
    .u32(0).u8(0, 0, 0, 0) // no SMI command port: ACPI mode is always on
    .u32(hardware.pm1aEvent).u32(0).u32(hardware.pm1aControl).u32(0).u32(0).u32(hardware.pmTimer).u32(0).u32(0)
    .u8(4, 2, 0, 4, 0, 0, 0, 0) // lengths of PM1 event, control, PM2, timer, GPE0, GPE1; GPE1 base; C-state control
    .u16(0xffff).u16(0xffff).u16(0).u16(0) // no C2, no C3, no cache flush parameters
    .u8(0, 0, 0, 0, hardware.rtcCenturyIndex).u16(0x0005).u8(0) // IA-PC boot: legacy devices, no VGA, no 8042 to probe
    // WBINVD works, C1 everywhere, no power or sleep button as fixed hardware, PM timer is 32 bits, reset register is there
    .u32(0x1 | 0x4 | 0x10 | 0x20 | 0x100 | 0x400);
  ioAddress(writer, hardware.resetPort, 8).u8(hardware.resetValue).u16(0).u8(3)
    .u64(facsGpa).u64(dsdtGpa);
  ioAddress(writer, hardware.pm1aEvent, 32);
  ioAddress(writer, 0, 0);
  ioAddress(writer, hardware.pm1aControl, 16);
  ioAddress(writer, 0, 0);
  ioAddress(writer, 0, 0);
  ioAddress(writer, hardware.pmTimer, 32);
  ioAddress(writer, 0, 0);
  ioAddress(writer, 0, 0);
  return table("FACP", 4, writer.bytes);
}

function srat(zones: readonly Zone[], apicIds: readonly number[]): Uint8Array {
  const writer = fields().u32(1).u64(0);
  zones.forEach((zone, domain) => {
    for (const vcpu of zone.vcpus) {
      if (apicIds[vcpu] < 255) writer.u8(0, 16, domain, apicIds[vcpu]).u32(1).u8(0, domain >> 8, domain >> 16, domain >> 24).u32(0);
      else writer.u8(2, 24).u16(0).u32(domain).u32(apicIds[vcpu]).u32(1).u32(0).u32(0);
    }
    for (const { gpa, bytes } of zone.memory) writer.u8(1, 40).u32(domain).u16(0).u64(gpa).u64(bytes).u32(0).u32(1).u64(0);
  });
  return table("SRAT", 3, writer.bytes);
}

function slit(zones: readonly Zone[]): Uint8Array {
  return table("SLIT", 1, fields().u64(zones.length).u8(...zones.flatMap((zone) => zone.distances)).bytes);
}

function hpet(base: number): Uint8Array {
  const writer = fields().u32(0x8086_a201).u8(0, 64, 0, 0).u64(base).u8(0).u16(0x80).u8(0);
  return table("HPET", 1, writer.bytes);
}

/** Builds all tables of a virtual node.
 * @returns bytes for the ROM, and where the RSDP is */
export function acpiTables(hardware: AcpiHardware, apicIds: readonly number[], zones: readonly Zone[]): { gpa: number; bytes: Uint8Array; rsdpGpa: number } {
  const rom = new Uint8Array(ROM_END - ROM_START);
  let next = 0;
  const put = (bytes: Uint8Array, align = 64) => {
    next = Math.ceil(next / align) * align;
    if (next + bytes.length > rom.length) throw new NvlError("palacios/acpi-too-large", "the ACPI tables do not fit the ROM", { context: { vcpus: apicIds.length, zones: zones.length } });
    rom.set(bytes, next);
    next += bytes.length;
    return ROM_START + next - bytes.length;
  };
  const rsdpGpa = put(new Uint8Array(36));
  const facs = put(Uint8Array.from(fields().text("FACS", 4).u32(64).u32(0).u32(0).u32(0).u32(0).u64(0).u8(2, 0, 0, 0).bytes.concat(Array(24).fill(0))));
  const tables = [put(fadt(hardware, facs, put(dsdt(hardware)))), put(madt(hardware, apicIds))];
  if (hardware.hpetBase !== undefined) tables.push(put(hpet(hardware.hpetBase)));
  if (zones.length > 1) tables.push(put(srat(zones, apicIds)), put(slit(zones)));
  const xsdt = fields(), rsdt = fields();
  for (const gpa of tables) { xsdt.u64(gpa); rsdt.u32(gpa); }
  const xsdtGpa = put(table("XSDT", 1, xsdt.bytes)), rsdtGpa = put(table("RSDT", 1, rsdt.bytes));
  // the RSDP has two checksums: one over the ACPI 1.0 part, one over all
  const rsdp = fields().text("RSD PTR ", 8).u8(0).text("NVL", 6).u8(2).u32(rsdtGpa).u32(36).u64(xsdtGpa).u8(0, 0, 0, 0).bytes;
  rsdp[8] = checksum(rsdp.slice(0, 20));
  rsdp[32] = checksum(rsdp);
  rom.set(rsdp, rsdpGpa - ROM_START);
  return { gpa: ROM_START, bytes: rom, rsdpGpa };
}
