// How numbers look in messages and tables.

/** `0x`-prefixed hexadecimal of a number or bigint. */
export function hex(value: number | bigint, digits = 0): string {
  const text = (value < 0 ? BigInt.asUintN(64, BigInt(value)) : value).toString(16);
  return `0x${text.padStart(digits, "0")}`;
}

/** Bytes as `512 MiB`, `1.5 GiB`: binary units, at most one decimal. */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (bytes >= 1024 && unit < units.length - 1) {
    bytes /= 1024;
    unit++;
  }
  return `${Number.isInteger(bytes) ? bytes : bytes.toFixed(1)} ${units[unit]}`;
}

/** Parses a size: a whole number of bytes, with an optional binary unit (`512M`, `2GiB`, `64k`). @returns undefined when it is none */
export function parseBytes(value: string | number): number | undefined {
  const match = /^(\d+)\s*(?:([kmgt])(?:i?b)?|b)?$/i.exec(String(value).trim());
  if (!match) return undefined;
  const size = Number(match[1]) * 1024 ** (match[2] ? "kmgt".indexOf(match[2].toLowerCase()) + 1 : 0);
  return Number.isSafeInteger(size) ? size : undefined;
}
