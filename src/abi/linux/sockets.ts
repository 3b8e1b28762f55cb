// Sockets of Linux (socket(7), unix(7), ip(7); include/linux/socket.h).

export const AF = { unspec: 0, unix: 1, inet: 2, inet6: 10, netlink: 16 } as const;
export const SOCK = { stream: 1, datagram: 2, seqpacket: 5, type: 15, nonblock: 0o4000, cloexec: 0o2000000 } as const;
export const MSG = { peek: 2, trunc: 0x20, ctrunc: 8, dontWait: 0x40, waitAll: 0x100, noSignal: 0x4000, cmsgCloexec: 0x4000_0000 } as const;
export const SOL = { ip: 0, socket: 1, tcp: 6, udp: 17, ipv6: 41 } as const;
export const SO = {
  reuseaddr: 2, type: 3, error: 4, dontroute: 5, broadcast: 6, sndbuf: 7, rcvbuf: 8, keepalive: 9, linger: 13, reuseport: 15, passcred: 16, peercred: 17, rcvtimeo: 20, sndtimeo: 21, acceptconn: 30,
  peersec: 31, protocol: 38, domain: 39,
} as const;
export const SCM = { rights: 1, credentials: 2 } as const;
