// Sockets: UNIX and loopback.

import { ERRNO, ERESTARTSYS } from "../../abi/linux/errno.ts";
import { O, S } from "../../abi/linux/files.ts";
import { AF, MSG, SCM, SO, SOCK, SOL } from "../../abi/linux/sockets.ts";
import { SI, SIG } from "../../abi/linux/signals.ts";
import { install } from "../file/descriptors.ts";
import type { OpenFile } from "../file/inode.ts";
import { connectTo, createSocket, freePort, join, receive, send, shutDown, type Message, type Socket } from "../file/socket.ts";
import { makeAt, pathOf, walk } from "../file/tree.ts";
import type { Kitten } from "../kitten.ts";
import { copyIn, copyOut, i64In, u32In, u32Out, u64Out } from "../memory/user.ts";
import { block } from "../task/schedule.ts";
import { sendSignal } from "../task/signal.ts";
import type { Process, Task } from "../task/task.ts";
import type { Handler } from "./call.ts";
import { fileOf, mostFiles } from "./descriptor.ts";

const MOST_ADDRESS = 128, MOST_MESSAGE = 2 ** 20, MOST_VECTORS = 1024, MOST_RIGHTS = 253;

const socketOf = (process: Process, fd: number): Socket | number => {
  const file = fileOf(process, fd);
  return typeof file === "number" ? file : "backlogMost" in file ? file as Socket : -ERRNO.ENOTSOCK;
};
const give = (process: Process, file: OpenFile, flags: number): number => install(process.files, file, (flags & SOCK.cloexec) !== 0, mostFiles(process));

export const socket: Handler = (k, { process }, domain, kind, protocol) => {
  const type = kind & SOCK.type;
  if (kind & ~(SOCK.type | SOCK.nonblock | SOCK.cloexec)) return -ERRNO.EINVAL;
  if (domain !== AF.unix && domain !== AF.inet && domain !== AF.inet6) return -ERRNO.EAFNOSUPPORT;
  if (type !== SOCK.stream && type !== SOCK.datagram && !(type === SOCK.seqpacket && domain === AF.unix)) return type === 3 ? -ERRNO.EPERM : -ERRNO.ESOCKTNOSUPPORT;
  if (domain !== AF.unix && protocol !== 0 && protocol !== (type === SOCK.stream ? 6 : 17)) return -ERRNO.EPROTONOSUPPORT;
  return give(process, createSocket(k, domain, type, protocol || (domain === AF.unix ? 0 : type === SOCK.stream ? 6 : 17), kind & SOCK.nonblock, process), kind);
};
export const socketpair: Handler = (k, { process }, domain, kind, protocol, address) => {
  const type = kind & SOCK.type;
  if (domain !== AF.unix) return domain === AF.inet || domain === AF.inet6 ? -ERRNO.EOPNOTSUPP : -ERRNO.EAFNOSUPPORT;
  if (protocol !== 0 && protocol !== 1) return -ERRNO.EPROTONOSUPPORT;
  if (type !== SOCK.stream && type !== SOCK.datagram && type !== SOCK.seqpacket) return -ERRNO.ESOCKTNOSUPPORT;
  const [a, b] = [0, 1].map(() => createSocket(k, domain, type, 0, kind & SOCK.nonblock, process));
  a.local = b.local = Uint8Array.of(AF.unix, 0);
  join(a, b);
  const first = give(process, a, kind), second = first < 0 ? first : give(process, b, kind);
  if (second < 0) return second;
  return copyOut(process.aspace, address, new Uint8Array(new Int32Array([first, second]).buffer)) ? 0 : -ERRNO.EFAULT;
};

interface Address { bytes: Uint8Array; name: string; port: number; path?: string }
/** A sockaddr as bytes and as a name of the book. */
function addressIn(k: Kitten, process: Process, { domain, type }: Socket, address: number, length: number): Address | number {
  if (length < 2 || length > MOST_ADDRESS) return -ERRNO.EINVAL;
  const bytes = copyIn(process.aspace, address, length);
  if (!bytes) return -ERRNO.EFAULT;
  const view = new DataView(bytes.buffer), family = view.getUint16(0, true), kind = type === SOCK.stream ? "tcp" : type === SOCK.datagram ? "udp" : "seq";
  if (family === AF.unspec) return { bytes, name: "", port: 0 };
  if (family !== domain) return domain === AF.unix ? -ERRNO.EINVAL : -ERRNO.EAFNOSUPPORT;
  if (domain === AF.unix) {
    if (length === 2) return { bytes, name: "", port: 0 };
    if (bytes[2] === 0) return { bytes, name: `abstract:${Array.from(bytes.subarray(2)).join()}`, port: 0 };
    const end = bytes.indexOf(0, 2), path = new TextDecoder().decode(bytes.subarray(2, end < 0 ? length : end));
    const found = walk({ mounts: k.mounts, process, follow: true }, process.cwd, path);
    if (typeof found === "number") return found;
    return { bytes, name: `path:${found.dentry ? pathOf(found.dentry) : `${pathOf(found.parent)}/${found.name}`.replace(/^\/\//, "/")}`, port: 0, path };
  }
  if (length < (domain === AF.inet ? 16 : 28)) return -ERRNO.EINVAL;
  const port = view.getUint16(2), host = domain === AF.inet ? bytes.subarray(4, 8) : bytes.subarray(8, 24);
  const any = host.every((byte) => byte === 0), mapped = domain === AF.inet6 && host.subarray(0, 10).every((byte) => byte === 0) && host[10] === 0xff && host[11] === 0xff;
  const loopback = domain === AF.inet ? host[0] === 127 : mapped ? host[12] === 127 : host[15] === 1 && host.subarray(0, 15).every((byte) => byte === 0);
  if (!any && !loopback) return -ERRNO.ENETUNREACH;
  return { bytes, name: `${kind}:${port}`, port };
}
/** Writes a sockaddr where accept, recvfrom and getsockname want it. */
function addressOut(process: Process, socket: Socket, from: Uint8Array, address: number, lengthAt: number): number {
  if (address === 0) return 0;
  const given = u32In(process.aspace, lengthAt);
  if (given === undefined) return -ERRNO.EFAULT;
  if (given > 0x7fff_ffff) return -ERRNO.EINVAL;
  const bytes = from.length > 0 ? from : socket.domain === AF.unix ? Uint8Array.of(AF.unix, 0) : unboundAddress(socket.domain);
  return copyOut(process.aspace, address, bytes.subarray(0, given)) && u32Out(process.aspace, lengthAt, bytes.length) ? 0 : -ERRNO.EFAULT;
}
function unboundAddress(domain: number, port = 0): Uint8Array {
  const out = new Uint8Array(domain === AF.inet ? 16 : 28);
  out[0] = domain;
  new DataView(out.buffer).setUint16(2, port);
  return out;
}
/** The loopback address with a port. */
function loopback(domain: number, port: number): Uint8Array {
  const out = unboundAddress(domain, port);
  if (domain === AF.inet) out.set([127, 0, 0, 1], 4);
  else out[23] = 1;
  return out;
}

const kindOf = ({ type }: Socket) => type === SOCK.stream ? "tcp" : "udp";

function bindTo(k: Kitten, socket: Socket, { bytes, name, port }: Address): number {
  if (socket.name !== undefined) return -ERRNO.EINVAL;
  let local = bytes, key = name;
  if (socket.domain === AF.unix && name === "") {
    const id = (k.names++).toString(16).padStart(5, "0");
    local = Uint8Array.of(AF.unix, 0, 0, ...new TextEncoder().encode(id));
    key = `abstract:${Array.from(local.subarray(2)).join()}`;
  } else if (socket.domain !== AF.unix && port === 0) {
    const free = freePort(k.sockets, kindOf(socket));
    if (free === 0) return -ERRNO.EADDRINUSE;
    local = bytes.slice();
    new DataView(local.buffer).setUint16(2, free);
    key = `${kindOf(socket)}:${free}`;
  }
  if (k.sockets.has(key)) return -ERRNO.EADDRINUSE;
  k.sockets.set(key, socket);
  Object.assign(socket, { name: key, local });
  return 0;
}
export const bind: Handler = (k, { process }, fd, at, length) => {
  const socket = socketOf(process, fd);
  if (typeof socket === "number") return socket;
  const address = addressIn(k, process, socket, at, length);
  if (typeof address === "number") return address === -ERRNO.ENETUNREACH ? -ERRNO.EADDRNOTAVAIL : address;
  if (address.bytes[0] === AF.unspec) return socket.domain === AF.unix ? -ERRNO.EINVAL : -ERRNO.EAFNOSUPPORT;
  if (address.path !== undefined) {
    const made = makeAt(k.mounts, process, process.cwd, address.path, { mode: S.socket | 0o777 });
    if (made === -ERRNO.EEXIST) return -ERRNO.EADDRINUSE;
    if (typeof made === "number" && made !== -ERRNO.EPERM) return made; // a host's folder makes no sockets: the name is in our book only
  }
  return bindTo(k, socket, address);
};
export const listen: Handler = (k, { process }, fd, most) => {
  const socket = socketOf(process, fd);
  if (typeof socket === "number") return socket;
  if (socket.type === SOCK.datagram) return -ERRNO.EOPNOTSUPP;
  if (socket.connected || (socket.name === undefined && socket.domain === AF.unix)) return -ERRNO.EINVAL;
  if (socket.name === undefined) {
    const bound = bindTo(k, socket, { bytes: unboundAddress(socket.domain), name: "", port: 0 });
    if (bound < 0) return bound;
  }
  socket.backlog ??= [];
  socket.backlogMost = Math.max(0, Math.min(most, 4096));
  return 0;
};
export const accept4: Handler = (k, task, fd, at, lengthAt, flags) => {
  const { process } = task, socket = socketOf(process, fd);
  if (typeof socket === "number") return socket;
  if (socket.type === SOCK.datagram) return -ERRNO.EOPNOTSUPP;
  if (!socket.backlog || flags & ~(SOCK.nonblock | SOCK.cloexec)) return -ERRNO.EINVAL;
  const attempt = () => {
    const accepted = socket.backlog?.shift();
    if (!accepted) return undefined;
    accepted.flags |= flags & SOCK.nonblock;
    const made = give(process, accepted, flags);
    if (made < 0) return made;
    const put = addressOut(process, accepted, accepted.remote, at, lengthAt);
    return put < 0 ? put : made;
  };
  const now = attempt();
  if (now !== undefined) return now;
  return socket.flags & O.nonblock ? -ERRNO.EAGAIN : block(k, task, { sources: [socket.waiters], attempt, interrupted: -ERESTARTSYS });
};
export const accept: Handler = (k, task, fd, at, lengthAt) => accept4(k, task, fd, at, lengthAt, 0, 0, 0);
export const connect: Handler = (k, task, fd, at, length) => {
  const { process } = task, socket = socketOf(process, fd);
  if (typeof socket === "number") return socket;
  const address = addressIn(k, process, socket, at, length);
  if (typeof address === "number") return address;
  if (address.name === "") { // AF_UNSPEC: a datagram socket forgets its peer
    Object.assign(socket, { peer: undefined, connected: false });
    return 0;
  }
  if (socket.domain !== AF.unix && socket.name === undefined) {
    const bound = bindTo(k, socket, { bytes: loopback(socket.domain, 0), name: "", port: 0 });
    if (bound < 0) return bound;
  }
  const remote = socket.domain === AF.unix ? address.bytes : loopback(socket.domain, address.port);
  const attempt = () => {
    const done = connectTo(k, socket, address.name, remote, process);
    return done === -ERRNO.EAGAIN ? undefined : done;
  };
  const now = attempt();
  if (now !== undefined) return now;
  const listener = k.sockets.get(address.name);
  return socket.flags & O.nonblock || !listener ? -ERRNO.EAGAIN : block(k, task, { sources: [listener.waiters], attempt, interrupted: -ERESTARTSYS });
};
export const getsockname: Handler = (_k, { process }, fd, at, lengthAt) => {
  const socket = socketOf(process, fd);
  return typeof socket === "number" ? socket : at === 0 ? -ERRNO.EFAULT : addressOut(process, socket, socket.local, at, lengthAt);
};
export const getpeername: Handler = (_k, { process }, fd, at, lengthAt) => {
  const socket = socketOf(process, fd);
  if (typeof socket === "number") return socket;
  return !socket.connected ? -ERRNO.ENOTCONN : at === 0 ? -ERRNO.EFAULT : addressOut(process, socket, socket.remote, at, lengthAt);
};
export const shutdown: Handler = (_k, { process }, fd, how) => {
  const socket = socketOf(process, fd);
  return typeof socket === "number" ? socket : shutDown(socket, how);
};

/** Sends, waiting for room. */
function sendMessage(k: Kitten, task: Task, socket: Socket, message: Message, to: string | undefined, flags: number): number {
  const total = message.bytes.length;
  let done = 0;
  const attempt = () => {
    const sent = send(k.sockets, socket, done === 0 ? message : { ...message, bytes: message.bytes.subarray(done), rights: [] }, to);
    if (sent === -ERRNO.EAGAIN) return undefined;
    if (sent === -ERRNO.EPIPE && !(flags & MSG.noSignal)) sendSignal(k, task, { signal: SIG.pipe, code: SI.kernel });
    if (sent < 0) return done || sent;
    done += sent;
    return done >= total ? done : undefined;
  };
  const now = attempt();
  if (now !== undefined) return now;
  if (socket.flags & O.nonblock || flags & MSG.dontWait) return done || -ERRNO.EAGAIN;
  const target = to === undefined ? socket.peer : k.sockets.get(to);
  return block(k, task, { sources: [socket.waiters, ...target ? [target.waiters] : []], attempt, interrupted: -ERESTARTSYS, timedOut: -ERRNO.EAGAIN, deadlineNs: timeoutOf(k, socket, SO.sndtimeo) });
}
const timeoutOf = (k: Kitten, socket: Socket, option: number): number => {
  const ns = socket.options.get(`${SOL.socket}:${option}`) ?? 0;
  return ns > 0 ? k.clock.nowNs() + ns : Infinity;
};
/** The name a message is sent to, when the call has one. */
function destination(k: Kitten, process: Process, socket: Socket, at: number, length: number): string | undefined | number {
  if (at === 0 || length === 0) return undefined;
  const address = addressIn(k, process, socket, at, length);
  if (typeof address === "number") return address;
  if (socket.type === SOCK.stream) return socket.connected ? undefined : -ERRNO.ENOTCONN;
  if (socket.domain !== AF.unix && socket.name === undefined) bindTo(k, socket, { bytes: loopback(socket.domain, 0), name: "", port: 0 });
  return address.name;
}
export const sendto: Handler = (k, task, fd, at, length, flags, toAt, toLength) => {
  const { process } = task, socket = socketOf(process, fd);
  if (typeof socket === "number") return socket;
  const bytes = copyIn(process.aspace, at, Math.max(0, Math.min(length, MOST_MESSAGE)));
  if (!bytes) return -ERRNO.EFAULT;
  const to = destination(k, process, socket, toAt, toLength);
  return typeof to === "number" ? to : sendMessage(k, task, socket, { bytes, from: socket.local, rights: [], sender: process }, to, flags);
};

interface Header { name: number; nameLength: number; parts: { address: number; length: number }[]; control: number; controlLength: number }
function headerIn({ aspace }: Process, at: number): Header | number {
  const bytes = copyIn(aspace, at, 56);
  if (!bytes) return -ERRNO.EFAULT;
  const view = new DataView(bytes.buffer), word = (index: number) => Number(view.getBigInt64(8 * index, true)), count = word(3);
  if (count < 0 || count > MOST_VECTORS) return -ERRNO.EMSGSIZE;
  const parts: Header["parts"] = [];
  let total = 0;
  for (let index = 0; index < count; index++) {
    const address = i64In(aspace, word(2) + 16 * index), length = i64In(aspace, word(2) + 16 * index + 8);
    if (address === undefined || length === undefined) return -ERRNO.EFAULT;
    if (length < 0) return -ERRNO.EINVAL;
    const fits = Math.min(length, MOST_MESSAGE - total);
    parts.push({ address, length: fits });
    total += fits;
  }
  return { name: word(0), nameLength: view.getUint32(8, true), parts, control: word(4), controlLength: word(5) };
}
/** Files that a message carries. */
function rightsIn(process: Process, { control, controlLength }: Header): OpenFile[] | number {
  if (control === 0 || controlLength <= 0) return [];
  if (controlLength > 20480) return -ERRNO.ENOBUFS;
  const bytes = copyIn(process.aspace, control, controlLength), files: OpenFile[] = [];
  if (!bytes) return -ERRNO.EFAULT;
  const view = new DataView(bytes.buffer);
  for (let at = 0; at + 16 <= bytes.length;) {
    const length = Number(view.getBigUint64(at, true));
    if (length < 16 || at + length > bytes.length) return -ERRNO.EINVAL;
    if (view.getInt32(at + 8, true) === SOL.socket && view.getInt32(at + 12, true) === SCM.rights) for (let each = at + 16; each + 4 <= at + length; each += 4) {
      const file = fileOf(process, view.getInt32(each, true));
      if (typeof file === "number") return file;
      if (files.push(file) > MOST_RIGHTS) return -ERRNO.EINVAL;
    }
    at += (length + 7) & ~7;
  }
  return files;
}
export const sendmsg: Handler = (k, task, fd, at, flags) => {
  const { process } = task, socket = socketOf(process, fd), header = headerIn(process, at);
  if (typeof socket === "number") return socket;
  if (typeof header === "number") return header;
  const rights = rightsIn(process, header), pieces = header.parts.map(({ address, length }) => copyIn(process.aspace, address, length));
  if (typeof rights === "number") return rights;
  const bytes = new Uint8Array(header.parts.reduce((sum, { length }) => sum + length, 0));
  let done = 0;
  for (const piece of pieces) {
    if (!piece) return -ERRNO.EFAULT;
    bytes.set(piece, done);
    done += piece.length;
  }
  const to = destination(k, process, socket, header.name, header.nameLength);
  return typeof to === "number" ? to : sendMessage(k, task, socket, { bytes, from: socket.local, rights, sender: process }, to, flags);
};

/** Receives, waiting for something to come. @param finish gets what came and answers the call */
function receiveInto(k: Kitten, task: Task, socket: Socket, length: number, flags: number, finish: (bytes: Uint8Array, count: number, whole: number, message: Message | undefined) => number): number {
  const into = new Uint8Array(length);
  let got = 0;
  const attempt = () => {
    const { count, whole, from } = receive(socket, into.subarray(got), (flags & MSG.peek) !== 0);
    if (count === -ERRNO.EAGAIN) return undefined;
    if (count < 0) return got > 0 ? finish(into, got, got, undefined) : count;
    got += count;
    if (flags & MSG.waitAll && socket.type === SOCK.stream && count > 0 && got < length && !(flags & MSG.peek)) return undefined;
    return finish(into, got, Math.max(whole, got), from);
  };
  const now = attempt();
  if (now !== undefined) return now;
  if (socket.flags & O.nonblock || flags & MSG.dontWait) return got > 0 ? finish(into, got, got, undefined) : -ERRNO.EAGAIN;
  return block(k, task, { sources: [socket.waiters], attempt, interrupted: -ERESTARTSYS, timedOut: -ERRNO.EAGAIN, deadlineNs: timeoutOf(k, socket, SO.rcvtimeo) });
}
export const recvfrom: Handler = (k, task, fd, at, length, flags, fromAt, lengthAt) => {
  const { process } = task, socket = socketOf(process, fd);
  if (typeof socket === "number") return socket;
  return receiveInto(k, task, socket, Math.max(0, Math.min(length, MOST_MESSAGE)), flags, (bytes, count, whole, message) => {
    if (!copyOut(process.aspace, at, bytes.subarray(0, count))) return -ERRNO.EFAULT;
    if (fromAt !== 0) {
      const put = socket.type === SOCK.stream ? Number(u32Out(process.aspace, lengthAt, 0)) - 1 : addressOut(process, socket, message?.from ?? new Uint8Array(), fromAt, lengthAt);
      if (put < 0) return -ERRNO.EFAULT;
    }
    return flags & MSG.trunc && socket.type !== SOCK.stream ? whole : count;
  });
};
export const recvmsg: Handler = (k, task, fd, at, flags) => {
  const { process } = task, { aspace } = process, socket = socketOf(process, fd), header = headerIn(process, at);
  if (typeof socket === "number") return socket;
  if (typeof header === "number") return header;
  return receiveInto(k, task, socket, header.parts.reduce((sum, { length }) => sum + length, 0), flags, (bytes, count, whole, message) => {
    let done = 0, outFlags = count < whole ? MSG.trunc : 0;
    for (const { address, length } of header.parts) {
      const part = bytes.subarray(done, Math.min(count, done + length));
      if (!copyOut(aspace, address, part)) return -ERRNO.EFAULT;
      done += part.length;
    }
    if (header.name !== 0) {
      const from = socket.type === SOCK.stream ? new Uint8Array() : message?.from ?? new Uint8Array();
      if (!copyOut(aspace, header.name, from.subarray(0, header.nameLength)) || !u32Out(aspace, at + 8, from.length)) return -ERRNO.EFAULT;
    }
    const control = controlBytes(process, socket, header.controlLength, flags, message);
    if (control.truncated) outFlags |= MSG.ctrunc;
    if (header.control !== 0 && !copyOut(aspace, header.control, control.bytes)) return -ERRNO.EFAULT;
    if (!u64Out(aspace, at + 40, header.control === 0 ? 0 : control.bytes.length) || !u32Out(aspace, at + 48, outFlags)) return -ERRNO.EFAULT;
    return flags & MSG.trunc && socket.type !== SOCK.stream ? whole : count;
  });
};
/** Control messages that come with a message: files at new descriptors, credentials where they are wanted. */
function controlBytes(process: Process, socket: Socket, room: number, flags: number, message: Message | undefined): { bytes: Uint8Array; truncated: boolean } {
  const out = new Uint8Array(Math.max(0, Math.min(room, 20480))), view = new DataView(out.buffer);
  let at = 0, truncated = false;
  const put = (type: number, words: readonly number[]) => {
    const length = 16 + 4 * words.length;
    if (at + length > out.length) {
      truncated = true;
      return;
    }
    view.setBigUint64(at, BigInt(length), true);
    view.setInt32(at + 8, SOL.socket, true);
    view.setInt32(at + 12, type, true);
    words.forEach((word, index) => view.setInt32(at + 16 + 4 * index, word, true));
    at = Math.min(out.length, (at + length + 7) & ~7);
  };
  if (socket.options.get(`${SOL.socket}:${SO.passcred}`) && message) put(SCM.credentials, [message.sender.pid, message.sender.uid, message.sender.gid]);
  if (message && message.rights.length > 0 && !(flags & MSG.peek)) {
    const fits = Math.max(0, Math.floor((out.length - at - 16) / 4));
    const fds = message.rights.slice(0, fits).map((file) => install(process.files, file, (flags & MSG.cmsgCloexec) !== 0, mostFiles(process))).filter((fd) => fd >= 0);
    message.rights.slice(fds.length).forEach((file) => { file.users--; });
    truncated ||= fds.length < message.rights.length;
    if (fds.length > 0) put(SCM.rights, fds);
  }
  return { bytes: out.subarray(0, at), truncated };
}
const MMSG_BYTES = 64;
export const sendmmsg: Handler = (k, task, fd, at, count, flags) => {
  let sent = 0;
  for (; sent < Math.min(count, MOST_VECTORS); sent++) {
    const done = sendmsg(k, task, fd, at + MMSG_BYTES * sent, flags | (sent > 0 ? MSG.dontWait : 0), 0, 0, 0);
    if (done < 0) return sent || done;
    u32Out(task.process.aspace, at + MMSG_BYTES * sent + 56, done);
  }
  return sent;
};

export const setsockopt: Handler = (_k, { process }, fd, level, option, at, length) => {
  const socket = socketOf(process, fd);
  if (typeof socket === "number") return socket;
  if (length < 0 || length > 4096) return -ERRNO.EINVAL;
  const bytes = copyIn(process.aspace, at, length);
  if (!bytes) return -ERRNO.EFAULT;
  const view = new DataView(bytes.buffer);
  if (level === SOL.socket && (option === SO.rcvtimeo || option === SO.sndtimeo)) {
    if (length < 16) return -ERRNO.EINVAL;
    socket.options.set(`${level}:${option}`, Number(view.getBigInt64(0, true)) * 1e9 + Number(view.getBigInt64(8, true)) * 1000);
    return 0;
  }
  if (length < 4 && level === SOL.socket) return -ERRNO.EINVAL;
  socket.options.set(`${level}:${option}`, length >= 4 ? view.getInt32(0, true) : 0);
  return 0;
};
export const getsockopt: Handler = (_k, { process }, fd, level, option, at, lengthAt) => {
  const socket = socketOf(process, fd), { aspace } = process, room = u32In(aspace, lengthAt);
  if (typeof socket === "number") return socket;
  if (room === undefined) return -ERRNO.EFAULT;
  let words: number[] = [socket.options.get(`${level}:${option}`) ?? 0];
  if (level === SOL.socket) switch (option) {
    case SO.type: words = [socket.type]; break;
    case SO.domain: words = [socket.domain]; break;
    case SO.protocol: words = [socket.protocol]; break;
    case SO.acceptconn: words = [Number(socket.backlog !== undefined)]; break;
    case SO.sndbuf:
    case SO.rcvbuf: words = [212_992]; break;
    case SO.linger: words = [0, 0]; break;
    case SO.peercred: words = [socket.peerOwner?.pid ?? 0, socket.peerOwner?.uid ?? -1, socket.peerOwner?.gid ?? -1]; break;
    case SO.rcvtimeo:
    case SO.sndtimeo: words = [Math.floor(words[0] / 1e9), 0, Math.floor(words[0] % 1e9 / 1000), 0]; break;
    case SO.error:
      words = [socket.error];
      socket.error = 0;
  }
  const bytes = new Uint8Array(new Int32Array(words).buffer).subarray(0, room);
  return copyOut(aspace, at, bytes) && u32Out(aspace, lengthAt, bytes.length) ? 0 : -ERRNO.EFAULT;
};
