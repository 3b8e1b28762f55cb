// The small root file system that the `debian` image boots into: busybox and an init that mounts what a shell needs.

import { cpioArchive, type CpioEntry } from "../../base/cpio.ts";

const INIT = `#!/bin/busybox sh
# First program of a virtual node: mounts the kernel's file systems, then runs what nvl.run="…" on the
# kernel's command line says, else /etc/nvl/run, else a shell on the console, and switches off.
export PATH=/bin HOME=/root TERM=\${TERM:-vt100} PS1='# '
/bin/busybox --install -s /bin
mount -t devtmpfs devtmpfs /dev
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /tmp
hostname "\${nvl_name:-nvl}"
cd /root
echo "NVL init: $(hostname) is up"
run=$(sed -n 's/.*nvl\\.run=\\("[^"]*"\\|[^ ]*\\).*/\\1/p' /proc/cmdline | tr -d '"')
if [ -n "$run" ]; then sh -c "$run"; poweroff -f; fi
if [ -x /etc/nvl/run ]; then /etc/nvl/run; poweroff -f; fi
setsid cttyhack sh
poweroff -f
`;

/** The initrd with this statically linked busybox. */
export function busyboxInitrd(busybox: Uint8Array): Uint8Array {
  const directory = (path: string, mode = 0o755): CpioEntry => ({ path, kind: "directory", mode });
  return cpioArchive([
    ...["/bin", "/dev", "/etc", "/etc/nvl", "/proc", "/root", "/sys"].map((path) => directory(path)), directory("/tmp", 0o1777),
    { path: "/dev/console", kind: "character-device", mode: 0o600, major: 5, minor: 1 },
    { path: "/bin/busybox", kind: "file", mode: 0o755, content: busybox },
    { path: "/init", kind: "file", mode: 0o755, content: new TextEncoder().encode(INIT) },
  ]);
}
