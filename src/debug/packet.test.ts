import assert from "node:assert/strict";
import test from "node:test";
import { createRandom } from "../conformance/random.ts";
import { bytesOf, createPacketReader, hexOf, latin1, packet, PACKET_BYTES, type PacketEvent } from "./packet.ts";

test("packets as the GDB manual prints them", () => {
  assert.equal(String.fromCharCode(...packet("OK")), "$OK#9a");
  assert.equal(String.fromCharCode(...packet("")), "$#00");
  assert.equal(String.fromCharCode(...packet("}#$*")), `$}]}\x03}\x04}\x0a#${((0x7d * 4 + 0x5d + 3 + 4 + 10) & 0xff).toString(16).padStart(2, "0")}`);
  assert.deepEqual(createPacketReader()(latin1("+$?#3f$qC#b4\x03-")), [{ kind: "packet", text: "?" }, { kind: "packet", text: "qC" }, { kind: "interrupt" }, { kind: "refused" }]);
  assert.deepEqual(createPacketReader()(latin1("$?#40$?#zz")), [{ kind: "damaged" }, { kind: "damaged" }]);
});

test("what is packed comes out again, whatever it is and however it is cut", () => {
  for (let seed = 0; seed < 200; seed++) {
    const random = createRandom(seed, "packets"), texts = Array.from({ length: 1 + random.below(4) }, () => String.fromCharCode(...Array.from({ length: random.below(60) }, () => random.below(256))));
    const stream = Uint8Array.from(texts.flatMap((text) => [...packet(text)])), read = createPacketReader(), events: PacketEvent[] = [];
    for (let at = 0; at < stream.length;) {
      const length = 1 + random.below(20);
      events.push(...read(stream.subarray(at, at + length)));
      at += length;
    }
    assert.deepEqual(events, texts.map((text) => ({ kind: "packet", text })), `seed ${seed}`);
  }
});

test("a packet without end is damaged and takes no more memory", () => {
  const read = createPacketReader();
  read(latin1("$"));
  for (let i = 0; i < 20; i++) read(new Uint8Array(PACKET_BYTES).fill(0x61));
  assert.deepEqual(read(latin1("#00")), [{ kind: "damaged" }]);
  assert.deepEqual(read(packet("g")), [{ kind: "packet", text: "g" }]);
});

test("hexadecimal digits", () => {
  assert.equal(hexOf(Uint8Array.of(0, 0xab, 0x1f)), "00ab1f");
  assert.deepEqual(bytesOf("00AB1f"), Uint8Array.of(0, 0xab, 0x1f));
  for (const wrong of ["0", "0g", " 0", "0x"]) assert.equal(bytesOf(wrong), undefined);
});
