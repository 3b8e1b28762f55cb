// What Debian's kernel makes of zones, sockets and cores; what Debian's programs make of them is in numa.full.ts.
import assert from "node:assert/strict";
import test from "node:test";
import { numaRun, skip } from "./numa.ts";

const SCRIPT = `
cd /sys/devices/system/node
for node in node[0-9]*; do echo "$node: cpus $(cat $node/cpulist), distances $(cat $node/distance), $(awk '/MemTotal/ {print int($4 / 1024 / 32) * 32}' $node/meminfo) MiB and more"; done
cd ../cpu
for cpu in cpu[0-9]*; do echo "$cpu: socket $(cat $cpu/topology/physical_package_id), with $(cat $cpu/topology/core_siblings_list), last cache $(cat $cpu/cache/index3/shared_cpu_list)"; done
dmesg | grep -iE 'warning|bug:|not on the same node|SRAT:.*(bad|invalid)|SLIT.*(bad|invalid|ignor)'
`;

test("a virtual node of two zones: Linux sees its nodes, their distances, memory, sockets and caches", { skip, timeout: 300_000 }, async () => {
  const { outcome, text } = await numaRun("interp", SCRIPT);
  assert.deepEqual(outcome, { kind: "power-off" }, text);
  assert.deepEqual(text.split("\n").filter((line) => /^(node|cpu)\d|WARNING|BUG:|SRAT|SLIT|not on/.test(line)), [
    "node0: cpus 0-2, distances 10 21, 128 MiB and more",
    "node1: cpus 3-4, distances 31 10, 96 MiB and more",
    "cpu0: socket 0, with 0-2, last cache 0-2", "cpu1: socket 0, with 0-2, last cache 0-2", "cpu2: socket 0, with 0-2, last cache 0-2",
    "cpu3: socket 1, with 3, last cache 3", "cpu4: socket 2, with 4, last cache 4",
  ]);
});
