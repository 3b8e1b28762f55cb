// Framing of GDB's remote serial protocol (GDB manual, Remote Protocol, Overview): `$data#checksum`, where `}` escapes a byte, and single
// bytes for acknowledgements and Ctrl-C. What arrives is foreign: any bytes at all give events or nothing, never an exception.
// Text is one character per byte (Latin-1), since packets carry binary data.

/** - packet: its data, unescaped; damaged: the checksum was wrong; refused: "-", the last packet is to be sent again; interrupt: Ctrl-C */
export type PacketEvent = { kind: "packet"; text: string } | { kind: "damaged" | "refused" | "interrupt" };

/** Longest packet that is taken, in bytes between `$` and `#`; what goes on longer is damaged. */
export const PACKET_BYTES = 0x4000;

const DOLLAR = 0x24, HASH = 0x23, MINUS = 0x2d, CTRL_C = 3, ESCAPE = "}", ESCAPE_BIT = 0x20;

/** @returns a function that takes bytes as they arrive and answers with what they complete */
export function createPacketReader(): (bytes: Uint8Array) => PacketEvent[] {
  let state: "outside" | "data" | "checksum" = "outside";
  let data = "", sum = 0, digits = "", tooLong = false;
  return (bytes) => {
    const events: PacketEvent[] = [];
    for (const byte of bytes) {
      if (state === "checksum") {
        digits += String.fromCharCode(byte);
        if (digits.length < 2) continue;
        state = "outside";
        const good = /^[0-9a-f]{2}$/i.test(digits) && parseInt(digits, 16) === (sum & 0xff) && !tooLong;
        events.push(good ? { kind: "packet", text: unescape(data) } : { kind: "damaged" });
      } else if (byte === DOLLAR) { // also within a packet: its end was lost
        state = "data";
        data = digits = "";
        sum = 0;
        tooLong = false;
      } else if (state === "outside") {
        if (byte === MINUS) events.push({ kind: "refused" });
        else if (byte === CTRL_C) events.push({ kind: "interrupt" });
      } else if (byte === HASH) state = "checksum";
      else {
        sum += byte;
        if (data.length < PACKET_BYTES) data += String.fromCharCode(byte);
        else tooLong = true;
      }
    }
    return events;
  };
}

function unescape(data: string): string {
  return data.replace(/\}([\s\S])/g, (_, next: string) => String.fromCharCode(next.charCodeAt(0) ^ ESCAPE_BIT));
}

/** A packet around `text`, ready to be sent. */
export function packet(text: string): Uint8Array {
  const data = text.replace(/[#$}*]/g, (one) => ESCAPE + String.fromCharCode(one.charCodeAt(0) ^ ESCAPE_BIT));
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += data.charCodeAt(i);
  return latin1(`$${data}#${(sum & 0xff).toString(16).padStart(2, "0")}`);
}

export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (one) => one.charCodeAt(0) & 0xff);
}

/** Bytes as hexadecimal digits, two each. */
export function hexOf(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}
/** @returns undefined when these are no pairs of hexadecimal digits */
export function bytesOf(text: string): Uint8Array | undefined {
  if (text.length % 2 || !/^[0-9a-f]*$/i.test(text)) return undefined;
  return Uint8Array.from({ length: text.length / 2 }, (_, index) => parseInt(text.slice(2 * index, 2 * index + 2), 16));
}

/** A number as little-endian bytes. */
export function littleEndian(value: bigint, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn));
}
export function fromLittleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}
