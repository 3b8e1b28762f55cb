// The table of system calls: number and name, how arguments are read, who handles them, how much of Linux that is. dispatch.ts, --strace and
// docs/system-calls.md are made from it; what is not in it answers ENOSYS.

import { NR, type CallName } from "../../abi/linux/system-calls.ts";
import type { ArgumentKind, Call, Handler } from "./call.ts";
import * as identity from "./identity.ts";
import * as io from "./io.ts";
import * as locks from "./locks.ts";
import * as memory from "./memory.ts";
import * as names from "./names.ts";
import * as poll from "./poll.ts";
import { OWN, type OwnName } from "./own.ts";
import * as scheduling from "./scheduling.ts";
import * as segments from "./segments.ts";
import * as signals from "./signals.ts";
import * as sockets from "./sockets.ts";
import * as stat from "./stat.ts";
import * as tasks from "./tasks.ts";
import * as time from "./time.ts";
import * as xemem from "./xemem.ts";

type Row = readonly [name: CallName | OwnName, args: string, handler: Handler, note?: string];

/** Rows with a note are supported in part: the note says what is missing or different. */
const ROWS: readonly Row[] = [
  // reading and writing
  ["read", "fd ptr size", io.read], ["write", "fd ptr size", io.write], ["pread64", "fd ptr size off", io.pread64], ["pwrite64", "fd ptr size off", io.pwrite64],
  ["readv", "fd ptr int", io.readv], ["writev", "fd ptr int", io.writev], ["preadv", "fd ptr int off", io.preadv], ["pwritev", "fd ptr int off", io.pwritev],
  ["preadv2", "fd ptr int off off flags", io.preadv2, "flags are ignored"], ["pwritev2", "fd ptr int off off flags", io.pwritev2, "flags are ignored"],
  ["lseek", "fd off int", io.lseek], ["sendfile", "fd fd ptr size", io.sendfile], ["copy_file_range", "fd ptr fd ptr size flags", io.copy_file_range],
  ["ftruncate", "fd off", io.ftruncate], ["fallocate", "fd int off off", io.fallocate, "no holes are punched"], ["fsync", "fd", io.fsync], ["fdatasync", "fd", io.fsync], ["sync", "", identity.nothing],
  ["fadvise64", "fd off off int", identity.nothing, "advice is not needed"], ["readahead", "fd off size", identity.nothing, "advice is not needed"],
  // names and descriptors
  ["open", "str flags mode", names.open], ["openat", "fd str flags mode", names.openat, "no O_TMPFILE"], ["openat2", "fd str ptr size", names.openat2, "no resolve flags"], ["creat", "str mode", names.creat],
  ["close", "fd", names.close], ["close_range", "uint uint flags", names.close_range], ["dup", "fd", names.dup], ["dup2", "fd fd", names.dup2], ["dup3", "fd fd flags", names.dup3],
  ["fcntl", "fd int ptr", names.fcntl, "no leases, no signals for files"], ["flock", "fd int", locks.flock], ["pipe", "ptr", names.pipe], ["pipe2", "ptr flags", names.pipe2],
  ["ioctl", "fd uint ptr", names.ioctl, "what files, pipes and terminals have"], ["getdents64", "fd ptr size", names.getdents64], ["getcwd", "ptr size", names.getcwd], ["chdir", "str", names.chdir],
  ["fchdir", "fd", names.fchdir], ["chroot", "str", names.chroot], ["mkdir", "str mode", names.mkdir], ["mkdirat", "fd str mode", names.mkdirat], ["mknod", "str mode uint", names.mknod],
  ["mknodat", "fd str mode uint", names.mknodat], ["symlink", "str str", names.symlink], ["symlinkat", "str fd str", names.symlinkat], ["link", "str str", names.link],
  ["linkat", "fd str fd str flags", names.linkat], ["unlink", "str", names.unlink], ["unlinkat", "fd str flags", names.unlinkat], ["rmdir", "str", names.rmdir], ["rename", "str str", names.rename],
  ["renameat", "fd str fd str", names.renameat], ["renameat2", "fd str fd str flags", names.renameat2, "no RENAME_EXCHANGE"], ["readlink", "str ptr size", names.readlink],
  ["readlinkat", "fd str ptr size", names.readlinkat], ["access", "str int", names.access], ["faccessat", "fd str int", names.faccessat1], ["faccessat2", "fd str int flags", names.faccessat],
  ["chmod", "str mode", names.chmod], ["fchmod", "fd mode", names.fchmod], ["fchmodat", "fd str mode", names.fchmodat], ["chown", "str int int", names.chown], ["lchown", "str int int", names.lchown],
  ["fchown", "fd int int", names.fchown], ["fchownat", "fd str int int flags", names.fchownat], ["umask", "mode", names.umask], ["utimensat", "fd str ptr flags", names.utimensat],
  ["utimes", "str ptr", names.utimes], ["utime", "str ptr", names.utime], ["truncate", "str off", names.truncate],
  ["stat", "str ptr", stat.stat], ["lstat", "str ptr", stat.lstat], ["fstat", "fd ptr", stat.fstat], ["newfstatat", "fd str ptr flags", stat.newfstatat], ["statx", "fd str flags flags ptr", stat.statx],
  ["statfs", "str ptr", stat.statfs, "every file system says tmpfs"], ["fstatfs", "fd ptr", stat.fstatfs, "every file system says tmpfs"],
  ...(["getxattr", "lgetxattr", "fgetxattr", "setxattr", "lsetxattr", "fsetxattr", "listxattr", "llistxattr", "flistxattr", "removexattr", "lremovexattr", "fremovexattr"] as const)
    .map((name): Row => [name, "ptr ptr ptr size", identity.notSupported, "EOPNOTSUPP: no file system has attributes"]),
  // memory
  ["brk", "ptr", memory.brk], ["mmap", "ptr size int flags fd off", memory.mmap], ["munmap", "ptr size", memory.munmap], ["mprotect", "ptr size int", memory.mprotect],
  ["mremap", "ptr size size flags ptr", memory.mremap, "no MREMAP_DONTUNMAP"], ["madvise", "ptr size int", memory.madvise, "what changes the content of memory; other advice is not needed"],
  ["msync", "ptr size flags", memory.msync], ["mincore", "ptr size ptr", memory.mincore], ["mlock", "ptr size", memory.mlock], ["mlock2", "ptr size flags", memory.mlock], ["munlock", "ptr size", memory.mlock],
  ["mlockall", "flags", identity.nothing], ["munlockall", "", identity.nothing], ["membarrier", "int flags int", identity.membarrier],
  ["shmget", "int size flags", segments.shmget], ["shmat", "int ptr flags", segments.shmat], ["shmdt", "ptr", segments.shmdt], ["shmctl", "int int ptr", segments.shmctl],
  ["xemem_make", "str size", xemem.xemem_make, "Kitten's own: name and size; the segment's address"], ["xemem_attach", "str flags ptr", xemem.xemem_attach, "Kitten's own: name, 1 to read only, where the size is to go or null; its address"],
  ["xemem_detach", "ptr", xemem.xemem_detach, "Kitten's own: an address that make or attach gave"], ["xemem_remove", "str", xemem.xemem_remove, "Kitten's own: a name"],
  // waiting for several files; files that stand for events
  ["poll", "ptr uint int", poll.poll], ["ppoll", "ptr uint ptr ptr size", poll.ppoll], ["select", "int ptr ptr ptr ptr", poll.select], ["pselect6", "int ptr ptr ptr ptr ptr", poll.pselect6],
  ["epoll_create", "int", poll.epoll_create], ["epoll_create1", "flags", poll.epoll_create1], ["epoll_ctl", "fd int fd ptr", poll.epoll_ctl], ["epoll_wait", "fd ptr int int", poll.epoll_wait],
  ["epoll_pwait", "fd ptr int int ptr size", poll.epoll_pwait], ["epoll_pwait2", "fd ptr int ptr ptr size", poll.epoll_pwait2], ["eventfd", "uint", poll.eventfd], ["eventfd2", "uint flags", poll.eventfd2],
  ["timerfd_create", "int flags", poll.timerfd_create], ["timerfd_settime", "fd flags ptr ptr", poll.timerfd_settime], ["timerfd_gettime", "fd ptr", poll.timerfd_gettime],
  ["signalfd", "fd ptr size", poll.signalfd], ["signalfd4", "fd ptr size flags", poll.signalfd4],
  // sockets
  ["socket", "int int int", sockets.socket, "UNIX, TCP and UDP, these on loopback addresses"], ["socketpair", "int int int ptr", sockets.socketpair], ["bind", "fd ptr int", sockets.bind], ["listen", "fd int", sockets.listen],
  ["accept", "fd ptr ptr", sockets.accept], ["accept4", "fd ptr ptr flags", sockets.accept4], ["connect", "fd ptr int", sockets.connect, "loopback addresses"], ["getsockname", "fd ptr ptr", sockets.getsockname],
  ["getpeername", "fd ptr ptr", sockets.getpeername], ["shutdown", "fd int", sockets.shutdown], ["sendto", "fd ptr size flags ptr int", sockets.sendto], ["sendmsg", "fd ptr flags", sockets.sendmsg],
  ["recvfrom", "fd ptr size flags ptr ptr", sockets.recvfrom], ["recvmsg", "fd ptr flags", sockets.recvmsg], ["sendmmsg", "fd ptr uint flags", sockets.sendmmsg],
  ["setsockopt", "fd int int ptr int", sockets.setsockopt, "most options are kept, without effect"], ["getsockopt", "fd int int ptr ptr", sockets.getsockopt],
  // tasks
  ["fork", "", tasks.fork], ["vfork", "", tasks.vfork], ["clone", "flags ptr ptr ptr ptr", tasks.clone, "no name spaces"], ["clone3", "ptr size", tasks.clone3, "no name spaces, no pidfd"],
  ["execve", "str ptr ptr", tasks.execve], ["execveat", "fd str ptr ptr flags", tasks.execveat, "no AT_EMPTY_PATH"], ["exit", "int", tasks.exit], ["exit_group", "int", tasks.exit_group],
  ["wait4", "int ptr flags ptr", tasks.wait4], ["waitid", "int int ptr flags ptr", tasks.waitid, "no pidfd"], ["getrusage", "int ptr", tasks.getrusage, "times only"],
  ["set_tid_address", "ptr", tasks.set_tid_address], ["set_robust_list", "ptr size", tasks.set_robust_list], ["get_robust_list", "int ptr ptr", tasks.get_robust_list],
  ["futex", "ptr int uint ptr ptr uint", tasks.futex, "no requeueing to a PI lock"], ["sched_yield", "", scheduling.sched_yield], ["sched_getaffinity", "int size ptr", tasks.sched_getaffinity],
  ["sched_setaffinity", "int size ptr", tasks.sched_setaffinity], ["sched_getscheduler", "int", scheduling.sched_getscheduler], ["sched_setscheduler", "int int ptr", scheduling.sched_setscheduler, "kept, without effect"],
  ["sched_getparam", "int ptr", scheduling.sched_getparam], ["sched_setparam", "int ptr", scheduling.sched_setparam, "kept, without effect"], ["sched_get_priority_max", "int", scheduling.sched_get_priority_max],
  ["sched_get_priority_min", "int", scheduling.sched_get_priority_min], ["sched_rr_get_interval", "int ptr", scheduling.sched_rr_get_interval], ["getpriority", "int int", scheduling.getpriority, "always 0"],
  ["setpriority", "int int int", scheduling.setpriority, "without effect"],
  ["sched_setattr", "int ptr uint", scheduling.sched_setattr, "SCHED_DEADLINE; other policies are kept, without effect"], ["sched_getattr", "int ptr uint uint", scheduling.sched_getattr],
  ["yield_to", "int int", scheduling.yield_to, "Kitten's own: process and task, 0 for whatever process; 1: it runs next, 0: it cannot run now"],
  // signals
  ["rt_sigaction", "sig ptr ptr size", signals.rt_sigaction], ["rt_sigprocmask", "int ptr ptr size", signals.rt_sigprocmask], ["rt_sigpending", "ptr size", signals.rt_sigpending],
  ["rt_sigsuspend", "ptr size", signals.rt_sigsuspend], ["rt_sigtimedwait", "ptr ptr ptr size", signals.rt_sigtimedwait], ["rt_sigreturn", "", signals.rt_sigreturn], ["kill", "int sig", signals.kill],
  ["tgkill", "int int sig", signals.tgkill], ["tkill", "int sig", signals.tkill], ["rt_sigqueueinfo", "int sig ptr", signals.rt_sigqueueinfo], ["rt_tgsigqueueinfo", "int int sig ptr", signals.rt_tgsigqueueinfo],
  ["sigaltstack", "ptr ptr", signals.sigaltstack], ["pause", "", time.pause],
  // time
  ["clock_gettime", "int ptr", time.clock_gettime], ["clock_getres", "int ptr", time.clock_getres], ["clock_nanosleep", "int flags ptr ptr", time.clock_nanosleep], ["nanosleep", "ptr ptr", time.nanosleep],
  ["gettimeofday", "ptr ptr", time.gettimeofday], ["time", "ptr", time.time], ["times", "ptr", time.times], ["clock_settime", "int ptr", time.settime, "always EPERM"], ["settimeofday", "ptr ptr", time.settime, "always EPERM"],
  ["getitimer", "int ptr", time.getitimer], ["setitimer", "int ptr ptr", time.setitimer, "virtual and profiling timers run in real time"], ["alarm", "uint", time.alarm],
  ["timer_create", "int ptr ptr", time.timer_create], ["timer_settime", "int flags ptr ptr", time.timer_settime], ["timer_gettime", "int ptr", time.timer_gettime],
  ["timer_getoverrun", "int", time.timer_getoverrun], ["timer_delete", "int", time.timer_delete],
  // who and where
  ["getpid", "", identity.getpid], ["gettid", "", identity.gettid], ["getppid", "", identity.getppid], ["getuid", "", identity.getuid], ["geteuid", "", identity.getuid], ["getgid", "", identity.getgid],
  ["getegid", "", identity.getgid], ["setuid", "int", identity.setuid, "one's own only"], ["setgid", "int", identity.setgid, "one's own only"], ["setreuid", "int int", identity.setreuid, "one's own only"],
  ["setregid", "int int", identity.setregid, "one's own only"], ["setresuid", "int int int", identity.setresuid, "one's own only"], ["setresgid", "int int int", identity.setresgid, "one's own only"],
  ["getresuid", "ptr ptr ptr", identity.getresuid], ["getresgid", "ptr ptr ptr", identity.getresgid], ["getgroups", "int ptr", identity.getgroups], ["setgroups", "int ptr", identity.setgroups, "always EPERM"],
  ["setfsuid", "int", identity.setfsid], ["setfsgid", "int", identity.setfsid], ["capget", "ptr ptr", identity.capget, "no capabilities"], ["getpgid", "int", identity.getpgid], ["getpgrp", "", identity.getpgrp],
  ["setpgid", "int int", identity.setpgid], ["getsid", "int", identity.getsid], ["setsid", "", identity.setsid], ["uname", "ptr", identity.uname], ["sysinfo", "ptr", identity.sysinfo],
  ["prlimit64", "int int ptr ptr", identity.prlimit64], ["getrlimit", "int ptr", identity.getrlimit], ["setrlimit", "int ptr", identity.setrlimit], ["arch_prctl", "int ptr", identity.arch_prctl],
  ["prctl", "int ptr ptr ptr ptr", identity.prctl, "names, dumpable, death signal; the rest is accepted or EINVAL"], ["personality", "uint", identity.personality], ["getrandom", "ptr size flags", identity.getrandom],
  ["memfd_create", "str flags", memory.memfd_create, "no seals, no huge pages"],
  ["getcpu", "ptr ptr ptr", identity.getcpu], ["sethostname", "ptr size", identity.sethostname, "always EPERM"],
];

const NUMBERS: Record<CallName | OwnName, number> = { ...NR, ...OWN };
export const CALLS: readonly Call[] = ROWS.map(([name, args, handler, note]) => ({
  number: NUMBERS[name], name, args: args === "" ? [] : args.split(" ") as ArgumentKind[], handler, support: note ? "part" : "full", note: note ?? "",
}));
