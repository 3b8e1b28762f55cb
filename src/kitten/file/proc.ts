// /proc and /sys as far as programs read them (proc(5)). A file's text is made when it is opened.

import { ERRNO } from "../../abi/linux/errno.ts";
import { POLL, S } from "../../abi/linux/files.ts";
import { PROT } from "../../abi/linux/memory.ts";
import { epochMs, type Kitten } from "../kitten.ts";
import { ENTRY } from "../memory/page-tables.ts";
import { FRAME } from "../memory/pmem.ts";
import type { Aspace } from "../memory/aspace.ts";
import type { Process, Task } from "../task/task.ts";
import { NEVER, type DirectoryEntry, type Inode, type OpenFile, type Stat } from "./inode.ts";
import { makeDevice } from "./devices.ts";
import { terminalOf } from "./terminal.ts";
import { openOrClose } from "../task/together.ts";
import { pathOf } from "./tree.ts";

/** Numbers in order as a list of ranges: 0-2,4. */
const rangesOf = (numbers: readonly number[]): string => numbers.filter((number) => !numbers.includes(number - 1)).map((first) => {
  let last = first;
  while (numbers.includes(last + 1)) last++;
  return last === first ? `${first}` : `${first}-${last}`;
}).join(",");

const DEV = 4, TICK_NS = 1e7;
/** A number that a name always has. */
const inodeNumber = (name: string): number => {
  let hash = 5381;
  for (let index = 0; index < name.length; index++) hash = (hash * 33 + name.charCodeAt(index)) % 2 ** 31;
  return hash;
};

/** @returns the roots of /proc and /sys */
export function createProc(k: Kitten): { proc: Inode; sys: Inode } {
  const stat = (name: string, mode: number): Stat => {
    const time = epochMs(k), owner = { uid: k.uid, gid: k.gid };
    return { dev: DEV, ino: inodeNumber(name), mode, nlink: 1, ...owner, rdev: 0, size: 0, blocks: 0, blockBytes: 1024, atimeMs: time, mtimeMs: time, ctimeMs: time };
  };
  /** A file whose content is made at each open. */
  const text = (name: string, content: (process: Process) => string, write?: (value: string) => number): Inode => {
    const inode: Inode = { key: `proc:${name}`, stat: () => stat(name, S.file | (write ? 0o644 : 0o444)), open: (flags, process): OpenFile => {
      const bytes = new TextEncoder().encode(content(process));
      return {
        inode, flags, path: "", users: 1, position: 0, seekable: true, waiters: NEVER, poll: () => POLL.in | POLL.out,
        read: (into, offset) => {
          const part = bytes.subarray(Math.min(offset, bytes.length), Math.min(bytes.length, offset + into.length));
          into.set(part);
          return part.length;
        },
        write: (from) => write?.(new TextDecoder().decode(from)) ?? -ERRNO.EACCES,
      };
    } };
    return inode;
  };
  const link = (name: string, target: (process?: Process) => string | number, follow?: Inode["follow"]): Inode =>
    ({ key: `proc:${name}`, stat: () => stat(name, S.symlink | 0o777), readlink: target, ...(follow && { follow }) });
  /** A directory; `more` knows the names that come and go. */
  const folder = (name: string, entries: Record<string, (path: string) => Inode>, more?: { names(): string[]; find(name: string): Inode | undefined }): Inode => {
    const find = (entry: string): Inode | undefined => Object.hasOwn(entries, entry) ? entries[entry](`${name}/${entry}`) : more?.find(entry);
    return {
      key: `proc:${name}`, stat: () => stat(name, S.directory | 0o555), lookup: (entry) => find(entry) ?? -ERRNO.ENOENT,
      list: () => [...Object.keys(entries), ...more?.names() ?? []].flatMap((entry): DirectoryEntry[] => {
        const found = find(entry)?.stat();
        return typeof found === "object" ? [{ name: entry, ino: found.ino, mode: found.mode }] : [];
      }),
    };
  };

  const memoryOf = (aspace: Aspace) => {
    const total = aspace.vmas.reduce((sum, { start, end }) => sum + end - start, 0);
    let resident = 0;
    for (const { start, end } of aspace.vmas) aspace.tables.each(start, end, (entry, _, bytes) => { if (aspace.pmem.words[entry] & (ENTRY.present | ENTRY.held)) resident += bytes; });
    return { total, resident };
  };
  const hex = (value: number, digits = 8) => value.toString(16).padStart(digits, "0");
  const maps = ({ aspace }: Process) => aspace.vmas.map(({ start, end, prot, shared, source, offset, name }) => {
      const rights = `${prot & PROT.read ? "r" : "-"}${prot & PROT.write ? "w" : "-"}${prot & PROT.exec ? "x" : "-"}${shared ? "s" : "p"}`;
      const head = `${hex(start)}-${hex(end)} ${rights} ${hex(source ? offset : 0)} 00:00 ${source ? inodeNumber(name) : 0}`;
      return `${name === "" ? head : `${head.padEnd(72)} ${name}`}\n`;
    }).join("");
  const letter = (task: Task | undefined, process: Process) => process.status !== undefined ? "Z" : process.stopped ? "T" : task?.state === "waiting" ? "S" : "R";
  const leader = (process: Process): Task | undefined => [...process.tasks][0];
  const usedNs = (process: Process) => [...process.tasks].reduce((sum, task) => sum + task.usedNs, process.usedNs);
  const statLine = (process: Process, task = leader(process)) => {
    const { total, resident } = process.status === undefined ? memoryOf(process.aspace) : { total: 0, resident: 0 };
    const fields: (string | number)[] = [task?.tid ?? process.pid, `(${task?.name ?? ""})`, letter(task, process), process.parent?.pid ?? 1, process.group, process.session, terminalNumber(process), terminalOf(k, process)?.foreground ?? -1, 0, 0, 0, 0, 0,
      Math.floor(usedNs(process) / TICK_NS), 0, Math.floor(process.childrenNs / TICK_NS), 0, 20, 0, process.tasks.size, 0, Math.floor(process.startNs / TICK_NS), total, resident / FRAME];
    return `${[...fields, "18446744073709551615", ...Array<number>(27).fill(0)].join(" ")}\n`;
  };
  const terminalNumber = (process: Process) => {
    const terminal = process.status === undefined ? terminalOf(k, process) : undefined;
    return terminal ? makeDevice(136, terminal.number) : 0;
  };
  const mask = (bits: bigint) => BigInt.asUintN(64, bits).toString(16).padStart(16, "0");
  const statusText = (process: Process, task = leader(process)) => {
    const { total, resident } = process.status === undefined ? memoryOf(process.aspace) : { total: 0, resident: 0 }, kib = (bytes: number) => `${Math.floor(bytes / 1024)} kB`;
    const caught = process.actions.reduce((set, { handler }, signal) => handler > 1 ? set | 1n << BigInt(signal - 1) : set, 0n);
    const ignored = process.actions.reduce((set, { handler }, signal) => handler === 1 ? set | 1n << BigInt(signal - 1) : set, 0n);
    const rows: [string, string | number][] = [["Name", task?.name ?? ""], ["Umask", process.umask.toString(8).padStart(4, "0")], ["State", `${letter(task, process)}`], ["Tgid", process.pid], ["Pid", task?.tid ?? process.pid],
      ["PPid", process.parent?.pid ?? 1], ["TracerPid", 0], ["Uid", Array(4).fill(process.uid).join("\t")], ["Gid", Array(4).fill(process.gid).join("\t")], ["FDSize", 256], ["VmPeak", kib(total)],
      ["VmSize", kib(total)], ["VmRSS", kib(resident)], ["Threads", process.tasks.size], ["SigBlk", mask(task?.mask ?? 0n)], ["SigIgn", mask(ignored)], ["SigCgt", mask(caught)],
      ["Cpus_allowed", (task?.affinity ?? 1n).toString(16)], ["Cpus_allowed_list", cpuList()]];
    return rows.map(([name, value]) => `${name}:\t${value}\n`).join("");
  };
  const indices = Array.from({ length: k.coreCount }, (_, index) => index);
  const cpuList = () => k.coreCount === 1 ? "0" : `0-${k.coreCount - 1}`;

  const descriptorLink = (process: Process, fd: string, name: string): Inode | undefined => {
    const file = process.files.table[Number(fd)]?.file;
    if (!file || String(Number(fd)) !== fd) return undefined;
    // a stream is the open file itself, what has positions is opened anew
    return link(name, () => file.path, () => file.seekable ? file.inode : { ...file.inode, open: () => {
      file.users++;
      return file;
    } });
  };
  const processFolder = (name: string, process: Process, task?: Task): Inode => folder(name, {
    exe: (at) => link(at, () => process.executable || -ERRNO.ENOENT), cwd: (at) => link(at, () => pathOf(process.cwd), () => process.cwd.inode), root: (at) => link(at, () => pathOf(process.root), () => process.root.inode),
    cmdline: (at) => text(at, () => process.argv.map((word) => `${word}\0`).join("")), environ: (at) => text(at, () => process.environment.map((word) => `${word}\0`).join("")),
    comm: (at) => text(at, () => `${(task ?? leader(process))?.name ?? ""}\n`, (value) => {
      const target = task ?? leader(process);
      if (target) target.name = value.trimEnd().slice(0, 15);
      return value.length;
    }),
    maps: (at) => text(at, () => maps(process)), smaps: (at) => text(at, () => maps(process)), stat: (at) => text(at, () => statLine(process, task)), status: (at) => text(at, () => statusText(process, task)),
    statm: (at) => text(at, () => {
      const { total, resident } = memoryOf(process.aspace);
      return `${total / FRAME} ${resident / FRAME} 0 0 0 0 0\n`;
    }),
    mounts: (at) => text(at, mountLines), mountinfo: (at) => text(at, () => [...k.mounts.keys()].map((path, index) => `${20 + index} 1 0:${20 + index} / ${path} rw - ${path === "/proc" ? "proc" : "tmpfs"} none rw\n`).join("")),
    limits: (at) => text(at, () => "Limit                     Soft Limit           Hard Limit           Units\n"), cgroup: (at) => text(at, () => "0::/\n"), oom_score_adj: (at) => text(at, () => "0\n", (value) => value.length),
    loginuid: (at) => text(at, () => "4294967295"), wchan: (at) => text(at, () => "0"), auxv: (at) => text(at, () => ""), io: (at) => text(at, () => ""),
    fd: (at) => folder(at, {}, { names: () => process.files.table.flatMap((entry, fd) => entry ? [String(fd)] : []), find: (fd) => descriptorLink(process, fd, `${at}/${fd}`) }),
    fdinfo: (at) => folder(at, {}, { names: () => process.files.table.flatMap((entry, fd) => entry ? [String(fd)] : []), find: (fd) => {
      const file = process.files.table[Number(fd)]?.file;
      return file && text(`${at}/${fd}`, () => `pos:\t${file.position}\nflags:\t0${file.flags.toString(8)}\nmnt_id:\t1\n`);
    } }),
    ...(task ? {} : { task: (at: string) => folder(at, {}, { names: () => [...process.tasks].map(({ tid }) => String(tid)), find: (tid) => {
      const found = [...process.tasks].find((each) => String(each.tid) === tid);
      return found && processFolder(`${at}/${tid}`, process, found);
    } }) }),
  });

  const mountLines = () => [...k.mounts.keys()].map((path) => `${path === "/proc" ? "proc" : path === "/sys" ? "sysfs" : "none"} ${path} ${path === "/proc" ? "proc" : path === "/sys" ? "sysfs" : path.startsWith("/dev") ? "tmpfs" : "hostfs"} rw 0 0\n`).join("");
  const kib = (bytes: number) => `${String(Math.floor(bytes / 1024)).padStart(8)} kB`;
  const meminfo = () => {
    const total = k.pmem.frames * FRAME, free = k.pmem.free() * FRAME;
    const rows: [string, number][] = [["MemTotal", total], ["MemFree", free], ["MemAvailable", free], ["Buffers", 0], ["Cached", 0], ["SwapCached", 0], ["Active", total - free], ["Inactive", 0], ["SwapTotal", 0], ["SwapFree", 0], ["Shmem", 0]];
    return rows.map(([name, bytes]) => `${`${name}:`.padEnd(16)}${kib(bytes)}\n`).join("");
  };
  const FLAGS = "fpu de pse tsc msr pae mce cx8 sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2 syscall nx pdpe1gb rdtscp lm constant_tsc nopl xtopology nonstop_tsc cpuid pni pclmulqdq ssse3 cx16 sse4_1 sse4_2 movbe popcnt aes xsave rdrand hypervisor lahf_lm fsgsbase erms rdseed sha_ni fsrm";
  const cpuinfo = () => indices.map((index) => ["processor\t: " + index, "vendor_id\t: GenuineIntel", "cpu family\t: 6", "model\t\t: 54", "model name\t: NVL virtual processor", "stepping\t: 1", "cpu MHz\t\t: 1000.000",
    "cache size\t: 8192 KB", "physical id\t: 0", `siblings\t: ${k.coreCount}`, `core id\t\t: ${index}`, `cpu cores\t: ${k.coreCount}`, "fpu\t\t: yes", `flags\t\t: ${FLAGS}`, "clflush size\t: 64", "cache_alignment\t: 64",
    "address sizes\t: 40 bits physical, 48 bits virtual", "", ""].join("\n")).join("");
  const cpuTimes = () => {
    const ticks = Math.floor([...k.processes.values()].reduce((sum, process) => sum + usedNs(process), 0) / TICK_NS), line = `${ticks} 0 0 ${Math.floor(k.clock.nowNs() / TICK_NS)} 0 0 0 0 0 0`;
    return `cpu  ${line}\n${indices.map((index) => `cpu${index} ${line}\n`).join("")}ctxt ${k.switches}\nbtime ${Math.floor(k.startEpochMs / 1000)}\nprocesses ${k.nextId}\nprocs_running 1\nprocs_blocked 0\n`;
  };
  const value = (content: string) => (at: string) => text(at, () => content);
  const branch = (entries: Record<string, (path: string) => Inode>) => (at: string) => folder(at, entries);
  const proc = folder("", {
    self: (at) => link(at, (process) => String(process?.pid ?? k.firstPid)), "thread-self": (at) => link(at, (process) => `${process?.pid ?? k.firstPid}/task/${process?.pid ?? k.firstPid}`),
    cpuinfo: (at) => text(at, cpuinfo), meminfo: (at) => text(at, meminfo), stat: (at) => text(at, cpuTimes), mounts: (at) => text(at, mountLines), version: value("Linux version 6.1.0-kitten (NVL) #1 SMP NVL\n"),
    uptime: (at) => text(at, () => `${(k.clock.nowNs() / 1e9).toFixed(2)} 0.00\n`), loadavg: (at) => text(at, () => `0.00 0.00 0.00 1/${k.tasks.size} ${k.nextId}\n`), filesystems: value("nodev\tproc\nnodev\ttmpfs\n"),
    devices: value("Character devices:\n  1 mem\n  5 /dev/tty\n136 pts\n"), cmdline: value("nvl\n"), swaps: value("Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"),
    sys: branch({
      kernel: branch({ osrelease: value("6.1.0-kitten\n"), ostype: value("Linux\n"), hostname: (at) => text(at, () => `${k.hostname}\n`), pid_max: value("32768\n"), "threads-max": value("4096\n"), cap_last_cap: value("40\n"), ngroups_max: value("65536\n"),
        randomize_va_space: value("0\n"), core_pattern: value("core\n"), shmmax: value("18446744073692774399\n"), sem: value("32000\t1024000000\t500\t32000\n"),
        random: branch({ boot_id: value("00000000-0000-4000-8000-000000000000\n"), uuid: value("00000000-0000-4000-8000-000000000001\n"), entropy_avail: value("256\n") }) }),
      vm: branch({ overcommit_memory: value("1\n"), max_map_count: value("65530\n"), mmap_min_addr: value("65536\n"), swappiness: value("0\n") }),
      fs: branch({ "file-max": value("1048576\n"), "nr_open": value("1048576\n"), "pipe-max-size": value("1048576\n"), inotify: branch({ max_user_watches: value("0\n") }) }),
      net: branch({ core: branch({ somaxconn: value("4096\n") }) }),
    }),
    net: branch({ tcp: value(""), tcp6: value(""), udp: value(""), unix: value("Num       RefCount Protocol Flags    Type St Inode Path\n"), dev: value("Inter-|   Receive                                                |  Transmit\n face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n"), route: value("") }),
  }, {
    names: () => [...k.processes.keys()].map(String),
    find: (name) => {
      const process = /^[1-9]\d*$/.test(name) ? k.processes.get(Number(name)) : undefined;
      return process && processFolder(`/${name}`, process);
    },
  });
  const list = () => `${cpuList()}\n`, allCpus = (2 ** k.coreCount - 1).toString(16);
  const cpus = Object.fromEntries(indices.map((index) => [`cpu${index}`, branch({ ...(index > 0 && { online: (inner: string) => text(inner, () => `${k.closed.has(index) ? 0 : 1}\n`, (wanted) => /^[01]$/.test(wanted.trim()) && openOrClose(k, index, wanted.trim() === "1") ? wanted.length : -ERRNO.EINVAL) }), topology: branch({ core_id: value(`${index}\n`), physical_package_id: value("0\n"), thread_siblings_list: value(`${index}\n`), thread_siblings: value(`${(1 << index).toString(16)}\n`), core_cpus: value(`${(1 << index).toString(16)}\n`), core_cpus_list: value(`${index}\n`),
    core_siblings: value(`${allCpus}\n`), package_cpus: value(`${allCpus}\n`), core_siblings_list: (inner) => text(inner, list), package_cpus_list: (inner) => text(inner, list) }) })]));
  const cpuText = (at: string) => text(at, list);
  const loopback = branch({ address: value("00:00:00:00:00:00\n"), mtu: value("65536\n"), operstate: value("unknown\n"), speed: value("\n"), type: value("772\n"), ifindex: value("1\n"), flags: value("0x9\n") });
  const sys = folder("/sys", { class: branch({ net: branch({ lo: loopback }) }), devices: branch({ system: branch({
    cpu: branch({ ...cpus, online: (at: string) => text(at, () => `${rangesOf(indices.filter((index) => !k.closed.has(index)))}\n`), possible: cpuText, present: cpuText }), node: branch({ online: value("0\n"), node0: branch({ cpulist: cpuText }) }),
  }) }) });
  return { proc, sys };
}
