// Just enough of an AML assembler for a DSDT (ACPI, ACPI Machine Language Specification).

const text = new TextEncoder();
type Bytes = readonly number[];

/** PkgLength counts itself: 1 byte up to 63, else 2 to 4 with 4 bits in the first. */
function packageLength(contentBytes: number): Bytes {
  if (contentBytes + 1 < 0x40) return [contentBytes + 1];
  for (let extra = 1; extra <= 3; extra++) {
    const total = contentBytes + 1 + extra;
    if (total < 2 ** (4 + 8 * extra))
      return [(extra << 6) | (total & 0xf), ...Array.from({ length: extra }, (_, index) => (total >> (4 + 8 * index)) & 0xff)];
  }
  throw new RangeError("AML package too long");
}

/** A path such as `\_SB_` or `COM1`; segments have 4 characters. */
function nameString(path: string): Bytes {
  const root = path.startsWith("\\") ? [0x5c] : [];
  const segments = path.replace(/^\\/, "").split(".").map((segment) => segment.padEnd(4, "_"));
  const prefix = segments.length === 2 ? [0x2e] : segments.length > 2 ? [0x2f, segments.length] : [];
  return [...root, ...prefix, ...text.encode(segments.join(""))];
}

export function integer(value: number): Bytes {
  if (value === 0) return [0x00];
  if (value === 1) return [0x01];
  if (value < 0x100) return [0x0a, value];
  if (value < 0x1_0000) return [0x0b, value & 0xff, value >> 8];
  return [0x0c, value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, value >>> 24];
}
export const name = (path: string, value: Bytes): Bytes => [0x08, ...nameString(path), ...value];
export function scope(path: string, ...content: Bytes[]): Bytes {
  const body = [...nameString(path), ...content.flat()];
  return [0x10, ...packageLength(body.length), ...body];
}
export function device(path: string, ...content: Bytes[]): Bytes {
  const body = [...nameString(path), ...content.flat()];
  return [0x5b, 0x82, ...packageLength(body.length), ...body];
}
export function packageOf(...elements: Bytes[]): Bytes {
  const body = [elements.length, ...elements.flat()];
  return [0x12, ...packageLength(body.length), ...body];
}
export function buffer(bytes: Bytes): Bytes {
  const body = [...integer(bytes.length), ...bytes];
  return [0x11, ...packageLength(body.length), ...body];
}
/** A PNP identifier such as `PNP0501` as a compressed EISA ID. */
export function eisaId(id: string): Bytes {
  const letter = (index: number) => id.charCodeAt(index) - 0x40;
  const vendor = (letter(0) << 10) | (letter(1) << 5) | letter(2);
  const product = parseInt(id.slice(3), 16);
  return [0x0c, vendor >> 8, vendor & 0xff, product >> 8, product & 0xff];
}

// -- resource descriptors (ACPI, Resource Data Types for ACPI)
export const ioPorts = (first: number, count: number): Bytes => [0x47, 0x01, first & 0xff, first >> 8, first & 0xff, first >> 8, 1, count];
export const irq = (number: number): Bytes => [0x22, (1 << number) & 0xff, (1 << number) >> 8];
export const resources = (...descriptors: Bytes[]): Bytes => buffer([...descriptors.flat(), 0x79, 0x00]);
