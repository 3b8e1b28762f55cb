// Sockets within a Kitten: UNIX ones, and internet ones on the loopback addresses, which are the same with other names. A stream is a queue of
// pieces whose borders reading ignores. A network beyond comes as another kind of peer; `reach` is the seam.

import { ERRNO } from "../../abi/linux/errno.ts";
import { O, POLL, S } from "../../abi/linux/files.ts";
import { AF, SOCK } from "../../abi/linux/sockets.ts";
import type { Kitten } from "../kitten.ts";
import type { Process } from "../task/task.ts";
import { releaseFile } from "./descriptors.ts";
import { wake, type OpenFile } from "./inode.ts";
import type { Budget } from "./memory-fs.ts";
import { intOut, namelessInode } from "./pipe.ts";

/** Bytes that may wait at one end. */
const CAPACITY = 212_992;
const FIRST_PORT = 32768, LAST_PORT = 60999;
const FIONREAD = 0x541b;

export interface Message { bytes: Uint8Array; from: Uint8Array; rights: OpenFile[]; sender: { pid: number; uid: number; gid: number } }
export interface Socket extends OpenFile {
  readonly domain: number;
  readonly type: number;
  readonly protocol: number;
  /** sockaddr bytes that it is bound to; and its name in the book. */
  local: Uint8Array;
  name: string | undefined;
  peer: Socket | undefined;
  connected: boolean;
  /** What a connected peer's address was: it may be gone. */
  remote: Uint8Array;
  queue: Message[];
  waiting: number;
  /** Bytes that all sockets may still have on the way. */
  inFlight: Budget;
  /** Connections that nobody has accepted yet, while it listens. */
  backlog: Socket[] | undefined;
  backlogMost: number;
  readShut: boolean;
  writeShut: boolean;
  error: number;
  options: Map<string, number>;
  owner: { pid: number; uid: number; gid: number };
  /** Who the peer was when they were connected. */
  peerOwner: Socket["owner"] | undefined;
}
/** Sockets by name. */
export type Sockets = Map<string, Socket>;

const isStream = ({ type }: Socket) => type !== SOCK.datagram;
const credentials = ({ pid, uid, gid }: Process) => ({ pid, uid, gid });

export function createSocket(k: Kitten, domain: number, type: number, protocol: number, flags: number, owner: Process): Socket {
  const book = k.sockets;
  const socket: Socket = {
    domain, type, protocol, inode: namelessInode(k, "socket", S.socket | 0o777, owner), flags: flags | O.readWrite, path: "", users: 1, position: 0, seekable: false, waiters: new Set(),
    local: new Uint8Array(), name: undefined, peer: undefined, connected: false, remote: new Uint8Array(), queue: [], waiting: 0, inFlight: k.objects.inFlight, backlog: undefined, backlogMost: 0, readShut: false, writeShut: false,
    error: 0, options: new Map(), owner: credentials(owner), peerOwner: undefined,
    read: (into) => receive(socket, into, false).count,
    write: (from) => send(book, socket, { bytes: from.slice(), from: socket.local, rights: [], sender: socket.owner }, undefined),
    poll: () => pollSocket(socket),
    ioctl: (request, argument, process) => request === FIONREAD ? intOut(process, argument, isStream(socket) ? socket.waiting : socket.queue[0]?.bytes.length ?? 0) : -ERRNO.ENOTTY,
    close: () => closeSocket(book, socket),
  };
  socket.path = socket.inode.key.replace(/:(.*)/, ":[$1]");
  return socket;
}

function pollSocket(socket: Socket): number {
  if (socket.backlog) return socket.backlog.length > 0 ? POLL.in | POLL.rdnorm : 0;
  const ended = isStream(socket) && socket.connected && !socket.peer;
  let events = socket.queue.length > 0 || socket.readShut || ended ? POLL.in | POLL.rdnorm : 0;
  if (socket.readShut || ended || socket.peer?.writeShut) events |= POLL.rdhup | (socket.queue.length === 0 ? POLL.in | POLL.rdnorm : 0);
  if ((socket.readShut && socket.writeShut) || ended || (isStream(socket) && !socket.connected)) events |= POLL.hup;
  if (socket.error) events |= POLL.err;
  const target = socket.peer;
  if (!isStream(socket) || ended || (isStream(socket) && !socket.connected) || (target && target.waiting < CAPACITY / 2)) events |= POLL.out | POLL.wrnorm;
  return events;
}

/** Takes bytes of a stream, or one message. @param peek leaves them there */
export function receive(socket: Socket, into: Uint8Array, peek: boolean): { count: number; whole: number; from?: Message } {
  const none = (count: number) => ({ count, whole: 0 });
  if (socket.error) {
    const error = socket.error;
    socket.error = 0;
    return none(-error);
  }
  if (isStream(socket) && !socket.connected) return none(-ERRNO.ENOTCONN);
  const first = socket.queue[0];
  if (!first) return none(socket.readShut || (isStream(socket) && (!socket.peer || socket.peer.writeShut)) ? 0 : -ERRNO.EAGAIN);
  let count = 0;
  if (socket.type !== SOCK.stream) {
    count = Math.min(into.length, first.bytes.length);
    into.set(first.bytes.subarray(0, count));
    const whole = first.bytes.length;
    if (!peek) take(socket, whole);
    return { count, whole, from: first };
  }
  for (let index = 0; index < socket.queue.length && count < into.length;) {
    const message = socket.queue[index], part = message.bytes.subarray(0, into.length - count);
    if (index > 0 && message.rights.length > 0) break; // what carries files is read apart
    into.set(part, count);
    count += part.length;
    if (peek) {
      index++;
      continue;
    }
    const rights = message.rights;
    take(socket, part.length);
    if (rights.length > 0) break;
  }
  return { count, whole: count, from: first };
}
function take(socket: Socket, bytes: number): void {
  const [first] = socket.queue;
  if (bytes >= first.bytes.length) socket.queue.shift();
  else socket.queue[0] = { ...first, bytes: first.bytes.subarray(bytes), rights: [] };
  socket.waiting -= bytes;
  socket.inFlight.left += bytes;
  wake(socket.waiters);
  if (socket.peer) wake(socket.peer.waiters);
}

/** @param to where a message goes; undefined: to the peer. @returns bytes, or a negative errno */
export function send(book: Sockets, socket: Socket, message: Message, to: string | undefined): number {
  if (socket.error) {
    const error = socket.error;
    socket.error = 0;
    return -error;
  }
  if (socket.writeShut) return -ERRNO.EPIPE;
  let target = socket.peer;
  if (to !== undefined && !isStream(socket)) {
    target = book.get(to);
    if (!target) return socket.domain === AF.unix ? -ERRNO.ECONNREFUSED : message.bytes.length; // a datagram that nobody wants is lost
    if (target.type !== socket.type) return -ERRNO.EPROTOTYPE;
  }
  if (!target) return isStream(socket) ? socket.connected ? -ERRNO.EPIPE : -ERRNO.ENOTCONN : socket.connected ? -ERRNO.ECONNREFUSED : -ERRNO.EDESTADDRREQ;
  if (target.readShut && isStream(socket)) return -ERRNO.EPIPE;
  const room = CAPACITY - target.waiting, { bytes } = message;
  if (socket.type !== SOCK.stream) {
    if (bytes.length > CAPACITY) return -ERRNO.EMSGSIZE;
    if (bytes.length > room) return -ERRNO.EAGAIN;
  } else if (bytes.length === 0) return 0;
  else if (room <= 0) return -ERRNO.EAGAIN;
  const sent = Math.min(bytes.length, Math.max(room, 0));
  if (sent > target.inFlight.left) return -ERRNO.EAGAIN;
  for (const file of message.rights) file.users++;
  target.queue.push(sent === bytes.length ? message : { ...message, bytes: bytes.subarray(0, sent) });
  target.waiting += sent;
  target.inFlight.left -= sent;
  wake(target.waiters);
  return sent;
}

/** Two ends of one connection. */
export function join(a: Socket, b: Socket): void {
  [a.peer, b.peer] = [b, a];
  a.connected = b.connected = true;
  [a.peerOwner, b.peerOwner] = [b.owner, a.owner];
  [a.remote, b.remote] = [b.local, a.local];
}

/** @returns 0, or -EAGAIN when there is no place in the queue of the listener */
export function connectTo(k: Kitten, socket: Socket, name: string, remote: Uint8Array, process: Process): number {
  const target = k.sockets.get(name);
  if (!isStream(socket)) {
    if (!target && socket.domain === AF.unix) return -ERRNO.ECONNREFUSED;
    Object.assign(socket, { peer: target, connected: true, remote });
    return 0;
  }
  if (socket.backlog) return -ERRNO.EINVAL;
  if (socket.connected) return -ERRNO.EISCONN;
  if (!target || !target.backlog || target.type !== socket.type) return target && target.type !== socket.type ? -ERRNO.EPROTOTYPE : -ERRNO.ECONNREFUSED;
  if (target.backlog.length > target.backlogMost) return -ERRNO.EAGAIN;
  const accepted = createSocket(k, target.domain, target.type, target.protocol, 0, process);
  accepted.owner = target.owner;
  socket.owner = credentials(process);
  accepted.local = target.domain === AF.unix ? target.local : remote;
  join(socket, accepted);
  socket.remote = remote;
  target.backlog.push(accepted);
  wake(target.waiters);
  wake(socket.waiters);
  return 0;
}

export function shutDown(socket: Socket, how: number): number {
  if (how < 0 || how > 2) return -ERRNO.EINVAL;
  if (isStream(socket) && !socket.connected && !socket.backlog) return -ERRNO.ENOTCONN;
  if (how !== 1) socket.readShut = true;
  if (how !== 0) socket.writeShut = true;
  wake(socket.waiters);
  if (socket.peer) wake(socket.peer.waiters);
  return 0;
}

function closeSocket(book: Sockets, socket: Socket): void {
  if (socket.name !== undefined && book.get(socket.name) === socket) book.delete(socket.name);
  socket.inFlight.left += socket.waiting;
  socket.waiting = 0;
  for (const { rights } of socket.queue) for (const file of rights) releaseFile(file);
  for (const each of socket.backlog ?? []) closeSocket(book, each);
  const { peer } = socket;
  socket.peer = undefined;
  if (!peer || peer.peer !== socket) return;
  peer.peer = undefined;
  if (socket.queue.length > 0 && isStream(socket)) peer.error = ERRNO.ECONNRESET;
  wake(peer.waiters);
}

/** A port that nobody has. */
export function freePort(book: Sockets, kind: string): number {
  for (let port = FIRST_PORT; port <= LAST_PORT; port++) if (!book.has(`${kind}:${port}`)) return port;
  return 0;
}
