// `lscpu` and `numactl` of Debian in a virtual node of two zones, and memory that is bound to one of them.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import test, { after } from "node:test";
import { cpioArchive } from "../base/cpio.ts";
import { numaRun, skip } from "./numa.ts";
import { folderEntries, unpackedPackages } from "./packages.ts";

const PACKAGES = ["util-linux", "libsmartcols1", "libtinfo6", "libudev1", "libcap-ng0", "libblkid1", "libmount1", "libuuid1", "libselinux1", "libpcre2-8-0", "libcap2", "libcrypt1", "zlib1g", "numactl", "libnuma1", "libc6"];
const LEFT_OUT = /\/usr\/share\/|\/(gconv|audit)(\/|$)|\.a$/;
const SCRIPT = `
for place in proc sys dev tmp; do mkdir -p /full/$place; mount --bind /$place /full/$place; done
export LC_ALL=C PATH=/usr/bin:/bin:/usr/sbin:/sbin
/bin/busybox echo "== lscpu"; /bin/busybox chroot /full /usr/bin/lscpu
/bin/busybox echo "== lscpu -p"; /bin/busybox chroot /full /usr/bin/lscpu -p=CPU,CORE,SOCKET,NODE
/bin/busybox echo "== numactl -H"; /bin/busybox chroot /full /usr/bin/numactl -H
/bin/busybox echo "== bound"; /bin/busybox chroot /full /usr/bin/numactl --cpunodebind=1 --membind=1 /usr/bin/numactl --show
/bin/busybox echo "== missing"; /bin/busybox chroot /full /usr/bin/numactl --membind=2 /usr/bin/true
/bin/busybox echo "== end"
`;

for (const engine of ["interp", "jit"] as const) test(`lscpu and numactl -H tell zones, sockets and distances as the spec does (${engine})`, { skip, timeout: 600_000 }, async (t) => {
  const root = await unpackedPackages("numa", PACKAGES), folder = mkdtempSync(path.join(os.tmpdir(), "nvl-numa-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const archive = path.join(folder, "root.cpio");
  writeFileSync(archive, cpioArchive([{ path: "/full", kind: "directory", mode: 0o755 }, ...folderEntries(root, "/full", LEFT_OUT)]));
  const { outcome, text } = await numaRun(engine, SCRIPT, { initrds: [archive] });
  assert.deepEqual(outcome, { kind: "power-off" }, text);
  const part = (name: string) => text.slice(text.indexOf(`== ${name}\n`)).split("\n== ")[0];
  t.diagnostic(part("lscpu"));
  for (const line of [/^CPU\(s\): +5$/m, /^ *On-line CPU\(s\) list: +0-4$/m, /^ *Thread\(s\) per core: +1$/m, /^ *Socket\(s\): +3$/m, /^ *NUMA node\(s\): +2$/m, /^ *NUMA node0 CPU\(s\): +0-2$/m, /^ *NUMA node1 CPU\(s\): +3,4$/m,
    /^ *Model name: +NVL virtual processor$/m, /^ *Address sizes: /m]) assert.match(part("lscpu"), line);
  assert.deepEqual(part("lscpu -p").split("\n").filter((line) => /^\d/.test(line)), ["0,0,0,0", "1,1,0,0", "2,2,0,0", "3,3,1,1", "4,4,2,1"]);
  for (const line of [/^available: 2 nodes \(0-1\)$/m, /^node 0 cpus: 0 1 2$/m, /^node 1 cpus: 3 4$/m, /^node 0 size: 1\d\d MB$/m, /^node 1 size: 1[012]\d MB$/m, /^ +0: +10 +21 *$/m, /^ +1: +31 +10 *$/m]) assert.match(part("numactl -H"), line);
  assert.match(part("bound"), /^physcpubind: 3 4 *$/m);
  assert.match(part("bound"), /^membind: 1 *$/m);
  assert.match(part("missing"), /not allowed|out of range|invalid/i);
});
