// The socket of a virtual node's debugger: one client at a time, its bytes carried to the thread and back.

import { createServer, type Socket } from "node:net";
import type { Ring } from "../backend/ring.ts";
import { NvlError } from "../base/error.ts";
import { CONTROL } from "./protocol.ts";

const RETRY_MS = 2;

export interface GdbServer {
  /** HOST:PORT, as GDB's `target remote` takes it. */
  readonly address: string;
  send(bytes: Uint8Array): void;
  /** Ends the connection when all is sent, and listens no more. */
  close(): void;
}

/** Listens. @param wake makes the thread look at its ring and control words
 * @throws embed/gdb when the address cannot be had */
export async function listenForGdb({ host, port }: { host: string; port: number }, input: Ring, control: Int32Array, wake: () => void): Promise<GdbServer> {
  let client: Socket | undefined;
  const announce = () => {
    Atomics.add(control, CONTROL.debugger, 1);
    wake();
  };
  /** Bytes reach the ring when the thread has seen who sends them, and as it has room. */
  const carry = (socket: Socket) => {
    let waiting: Uint8Array = new Uint8Array();
    const offer = () => {
      if (socket !== client) return;
      if (Atomics.load(control, CONTROL.debugger) === Atomics.load(control, CONTROL.debuggerSeen)) {
        waiting = waiting.subarray(input.write(waiting));
        wake();
      }
      if (waiting.length > 0) setTimeout(offer, RETRY_MS);
      else socket.resume();
    };
    socket.on("data", (bytes) => {
      socket.pause();
      waiting = bytes;
      offer();
    });
  };
  const server = createServer((socket) => {
    if (client) return void socket.destroy();
    client = socket;
    socket.setNoDelay(true);
    socket.on("error", () => {}); // "close" follows
    socket.on("close", () => {
      client = undefined;
      announce();
    });
    announce();
    carry(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => reject(new NvlError("embed/gdb", `nobody can listen at ${host}:${port} for a debugger: ${cause.message}`, { context: { host, port }, cause })));
    server.listen(port, host, resolve);
  });
  const bound = server.address() as { port: number };
  return {
    address: `${host.includes(":") ? `[${host}]` : host}:${bound.port}`,
    send: (bytes) => { client?.write(bytes); },
    close: () => {
      server.close();
      client?.end();
      client?.unref();
    },
  };
}
