// Routes port and memory accesses to devices. Claims may overlap: the smallest that contains the whole access gets it, so a byte-wide
// register can lie inside a dword-wide one, as the reset control register at 0xcf9 does in the PCI address register at 0xcf8.

import type { Device } from "./device.ts";

export interface UnclaimedAccess { space: "pio" | "mmio"; address: number; bytes: number; value: number | undefined }

export interface DeviceBus {
  /** `offset` is what the device sees at `port`. */
  claimPorts(port: number, count: number, device: Device, offset?: number): void;
  claimMemory(gpa: number, bytes: number, device: Device): void;
  /** Who answers the byte at an address. */
  owner(space: "pio" | "mmio", address: number): Device | undefined;
  pioRead(port: number, bytes: number): number;
  pioWrite(port: number, bytes: number, value: number): void;
  mmioRead(gpa: number, bytes: number): number;
  mmioWrite(gpa: number, bytes: number, value: number): void;
}

interface Claim { first: number; end: number; device: Device; offset: number }

const allOnes = (bytes: number) => (bytes === 4 ? 0xffff_ffff : 2 ** (8 * bytes) - 1);

/** Reads `bytes` at `offset` of a device, by as many registers as that covers. */
export function readDevice(device: Device, offset: number, bytes: number): number {
  const width = device.accessBytes;
  const inside = offset % width;
  if (bytes === width && inside === 0) return device.read(offset) >>> 0;
  let value = 0;
  for (let at = offset - inside; at < offset + bytes; at += width) {
    const shift = 8 * (at - offset);
    value |= shift >= 0 ? device.read(at) << shift : device.read(at) >>> -shift;
  }
  return (value & allOnes(bytes)) >>> 0;
}

/** Writes `bytes` at `offset` of a device, by as many registers as that covers. */
export function writeDevice(device: Device, offset: number, bytes: number, value: number): void {
  const width = device.accessBytes;
  const inside = offset % width;
  const whole = (value & allOnes(bytes)) >>> 0;
  if (bytes === width && inside === 0) return device.write(offset, whole);
  for (let at = offset - inside; at < offset + bytes; at += width) {
    const shift = 8 * (at - offset);
    device.write(at, ((shift >= 0 ? whole >>> shift : whole << -shift) & allOnes(width)) >>> 0);
  }
}

/** @param onUnclaimed told of accesses that no device answers; they read as all ones and write nothing */
export function createBus(onUnclaimed: (access: UnclaimedAccess) => void = () => {}): DeviceBus {
  const portClaims: Claim[] = [], memoryClaims: Claim[] = []; // smallest first
  /** 1 + index in `portClaims` of the smallest claim on each port: one lookup on the path that guests poll. */
  const byPort = new Uint16Array(0x10000);

  const insert = (claims: Claim[], claim: Claim) => {
    claims.push(claim);
    claims.sort((a, b) => (a.end - a.first) - (b.end - b.first));
  };
  const claimPorts = (port: number, count: number, device: Device, offset = 0) => {
    insert(portClaims, { first: port, end: port + count, device, offset });
    byPort.fill(0);
    for (let index = portClaims.length - 1; index >= 0; index--)
      byPort.fill(index + 1, portClaims[index].first, portClaims[index].end);
  };
  const claimMemory = (gpa: number, bytes: number, device: Device) => insert(memoryClaims, { first: gpa, end: gpa + bytes, device, offset: 0 });

  const find = (claims: Claim[], first: number, bytes: number) => {
    for (const claim of claims) if (first >= claim.first && first + bytes <= claim.end) return claim;
    return undefined;
  };
  const findPort = (port: number, bytes: number) => {
    const claim = portClaims[byPort[port] - 1];
    return claim !== undefined && port + bytes <= claim.end ? claim : find(portClaims, port, bytes);
  };
  /** Whether an access that no claim contains touches one: then its bytes go their own ways. */
  const isSplit = (claims: Claim[], first: number, bytes: number) =>
    bytes > 1 && claims.some((claim) => first < claim.end && first + bytes > claim.first);

  const readBytes = (read: (address: number, bytes: number) => number, first: number, bytes: number) => {
    let value = 0;
    for (let index = 0; index < bytes; index++) value |= read(first + index, 1) << (8 * index);
    return value >>> 0;
  };
  const writeBytes = (write: (address: number, bytes: number, value: number) => void, first: number, bytes: number, value: number) => {
    for (let index = 0; index < bytes; index++) write(first + index, 1, (value >>> (8 * index)) & 0xff);
  };

  const pioRead = (port: number, bytes: number): number => {
    const claim = findPort(port, bytes);
    if (claim) return readDevice(claim.device, port - claim.first + claim.offset, bytes);
    if (isSplit(portClaims, port, bytes)) return readBytes(pioRead, port, bytes);
    onUnclaimed({ space: "pio", address: port, bytes, value: undefined });
    return allOnes(bytes);
  };
  const pioWrite = (port: number, bytes: number, value: number): void => {
    const claim = findPort(port, bytes);
    if (claim) return writeDevice(claim.device, port - claim.first + claim.offset, bytes, value);
    if (isSplit(portClaims, port, bytes)) return writeBytes(pioWrite, port, bytes, value);
    onUnclaimed({ space: "pio", address: port, bytes, value: value >>> 0 });
  };
  const mmioRead = (gpa: number, bytes: number): number => {
    const claim = find(memoryClaims, gpa, bytes);
    if (claim) return readDevice(claim.device, gpa - claim.first, bytes);
    if (isSplit(memoryClaims, gpa, bytes)) return readBytes(mmioRead, gpa, bytes);
    onUnclaimed({ space: "mmio", address: gpa, bytes, value: undefined });
    return allOnes(bytes);
  };
  const mmioWrite = (gpa: number, bytes: number, value: number): void => {
    const claim = find(memoryClaims, gpa, bytes);
    if (claim) return writeDevice(claim.device, gpa - claim.first, bytes, value);
    if (isSplit(memoryClaims, gpa, bytes)) return writeBytes(mmioWrite, gpa, bytes, value);
    onUnclaimed({ space: "mmio", address: gpa, bytes, value: value >>> 0 });
  };
  const owner = (space: "pio" | "mmio", address: number) => (space === "pio" ? findPort(address, 1) : find(memoryClaims, address, 1))?.device;
  return { claimPorts, claimMemory, owner, pioRead, pioWrite, mmioRead, mmioWrite };
}
