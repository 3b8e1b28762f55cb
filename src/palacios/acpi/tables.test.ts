// The tables' own rules (lengths, checksums, pointers), and where iasl is installed its opinion.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import test from "node:test";
import { PC_HARDWARE } from "../../device/pc.ts";
import { ROM_START } from "../memory-map.ts";
import { acpiTables, type Zone } from "./tables.ts";

const zones: Zone[] = [
  { vcpus: [0, 1], memory: [{ gpa: 0, bytes: 2 ** 30 }], distances: [10, 20] },
  { vcpus: [2, 3], memory: [{ gpa: 2 ** 32, bytes: 2 ** 30 }], distances: [20, 10] },
];
const rom = acpiTables(PC_HARDWARE, [0, 1, 2, 3], zones);
const view = new DataView(rom.bytes.buffer);
const at = (gpa: number) => gpa - ROM_START;
const signature = (gpa: number) => String.fromCharCode(...rom.bytes.subarray(at(gpa), at(gpa) + 4));
const tableBytes = (gpa: number) => rom.bytes.subarray(at(gpa), at(gpa) + view.getUint32(at(gpa) + 4, true));
const sum = (bytes: Uint8Array) => bytes.reduce((total, byte) => (total + byte) & 0xff, 0);

const xsdt = Number(view.getBigUint64(at(rom.rsdpGpa) + 24, true));
const tables = Array.from({ length: (tableBytes(xsdt).length - 36) / 8 }, (_, index) => Number(view.getBigUint64(at(xsdt) + 36 + index * 8, true)));
const byName = new Map(tables.map((gpa) => [signature(gpa), gpa]));
const dsdt = Number(view.getBigUint64(at(byName.get("FACP")!) + 140, true));

test("the RSDP has both checksums and leads to every table", () => {
  assert.equal(String.fromCharCode(...rom.bytes.subarray(0, 8)), "RSD PTR ");
  assert.equal(sum(rom.bytes.subarray(0, 20)), 0);
  assert.equal(sum(rom.bytes.subarray(0, 36)), 0);
  assert.deepEqual([...byName.keys()].sort(), ["APIC", "FACP", "SLIT", "SRAT"]);
  assert.equal(signature(dsdt), "DSDT");
});

for (const gpa of [xsdt, dsdt, ...tables]) test(`${signature(gpa)} has a valid checksum`, () => assert.equal(sum(tableBytes(gpa)), 0));

test("the MADT names every vCPU once", () => {
  const bytes = tableBytes(byName.get("APIC")!);
  const ids: number[] = [];
  for (let offset = 44; offset < bytes.length; offset += bytes[offset + 1]) if (bytes[offset] === 0) ids.push(bytes[offset + 3]);
  assert.deepEqual(ids, [0, 1, 2, 3]);
});

test("iasl finds no error in any table", { skip: spawnSync("iasl", ["-v"]).error ? "iasl (acpica-tools) is not installed" : false }, () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "nvl-acpi-"));
  try {
    for (const gpa of [dsdt, ...tables]) {
      const name = signature(gpa).toLowerCase();
      writeFileSync(path.join(folder, `${name}.dat`), tableBytes(gpa));
      const apart = spawnSync("iasl", ["-d", `${name}.dat`], { cwd: folder, encoding: "utf8" });
      assert.equal(apart.status, 0, apart.stdout + apart.stderr);
      assert.doesNotMatch(apart.stdout + apart.stderr + readFileSync(path.join(folder, `${name}.dsl`), "utf8"), /error|invalid|unknown|checksum.*(should|incorrect)/i, name);
      const together = spawnSync("iasl", [`${name}.dsl`], { cwd: folder, encoding: "utf8" });
      assert.match(together.stdout + together.stderr, / 0 Errors/, name);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
