import { describe, expect, test } from "@jest/globals";
import { nodeCrypto, ringCrypto } from "@proj/dcquic-core/node";
import { backend, portable } from "@proj/native-io";
import { SeededRandom } from "@proj/wire-types";
import { aeadJob, type AeadJob } from "#src/crypto/backend.js";
import { ImmediateBatch } from "#src/crypto/packet-batch.js";
import { AeadRows } from "#src/io/aead-rows.js";
import { HeaderRows } from "#src/io/header-rows.js";

const PACKET = 160;
const key = new Uint8Array(32).fill(8);
const random = new SeededRandom(21);

/** A packet in a slab: 40 bytes of header, a body of 100, room for the tag; its number is in its nonce. */
function packet(slab: Uint8Array, index: number): AeadJob {
  const offset = index * PACKET;
  const nonce = new Uint8Array(12);
  new DataView(nonce.buffer).setUint32(4, index, true);
  const aad = { aad: slab, aadOffset: offset, aadLength: 40 };
  const body = { bodyOffset: offset + 40, bodyLength: 100, tagOffset: offset + 140 };
  return { ...aeadJob(), ...aad, ...body, nonce, bytes: slab };
}

/** The same packet with nothing but its header, which lies elsewhere. */
function bare(slab: Uint8Array, index: number): AeadJob {
  const headers = slab.slice(index * PACKET, index * PACKET + 40);
  return { ...packet(slab, index), aad: headers, aadOffset: 0, bodyLength: 0 };
}

/** What node:crypto makes of packets `first … end` of a slab. */
function sealed(slab: Uint8Array, first: number, end: number): Uint8Array {
  const copy = slab.slice();
  for (let i = first; i < end; i++) nodeCrypto.aead(key).seal(packet(copy, i));
  return copy;
}

describe.each(backend.kind === "native" ? [backend, portable] : [portable])(
  "§22: batches by $kind native-io",
  (by) => {
    const crypto = ringCrypto(by);
    const own = crypto.aead(key);
    const batchOf = () => crypto.packetBatch?.() ?? new ImmediateBatch();

    test("a packet by itself, where a run was described before, stands for itself; more packets than ever before are done", () => {
      const batch = batchOf();
      const slab = random.fill(new Uint8Array(400 * PACKET));
      const opened = slab.slice();
      const expected = [sealed(slab, 0, 6), sealed(slab, 0, 2), sealed(slab, 0, 400)];
      const seal = [
        () => {
          batch.seal(own, packet(slab, 0));
          batch.sealNext(PACKET, 1, 5);
        },
        () => {
          for (let i = 0; i < 2; i++) batch.seal(own, packet(slab, i));
        },
        () => {
          for (let i = 0; i < 400; i++) batch.seal(own, packet(slab, i));
        },
      ];
      for (const [i, describePackets] of seal.entries()) {
        slab.set(opened);
        describePackets();
        batch.sealAll();
        expect(slab).toEqual(expected[i]);
      }
    });

    test("a packet of another slab is sealed and opened at once, after what waits to be copied, and nothing follows it", () => {
      const batch = batchOf();
      const [slab, other, body] = [400, 400, 100].map((size) => random.fill(new Uint8Array(size)));
      if (slab === undefined || other === undefined || body === undefined) throw new Error();
      const copied = other.slice();
      copied.set(body, 40);
      const expected = [sealed(slab, 0, 1), sealed(copied, 0, 1)];
      batch.seal(own, packet(slab, 0));
      batch.copy(body, 0, other, 40, 100);
      batch.seal(own, packet(other, 0));
      expect(other).toEqual(expected[1]);
      expect(batch.sealNext(PACKET, 1, 1)).toBe(false);
      batch.sealAll();
      expect([slab, other]).toEqual(expected);
      const tickets = [slab, other].map((bytes) => batch.open(own, packet(bytes, 0)));
      expect(other).toEqual(Uint8Array.of(...copied.slice(0, 140), ...other.slice(140)));
      expect(batch.openNext(PACKET, 1, 1)).toBe(-1);
      batch.openAll();
      expect(tickets.map((ticket) => batch.wasOpened(ticket))).toEqual([true, true]);
    });

    test("nothing follows a header, a packet under a key elsewhere, nor the batch before", () => {
      const batch = batchOf();
      const slab = random.fill(new Uint8Array(5 * PACKET));
      const follows = (): unknown => [batch.sealNext(PACKET, 9, 1), batch.openNext(PACKET, 9, 1)];
      batch.seal(own, packet(slab, 0));
      batch.seal(own, bare(slab, 1));
      expect(follows()).toEqual([false, -1]);
      batch.seal(own, packet(slab, 2));
      batch.seal(nodeCrypto.aead(key), packet(slab, 3));
      expect(follows()).toEqual([false, -1]);
      batch.seal(own, packet(slab, 4));
      batch.sealAll();
      expect(follows()).toEqual([false, -1]);
      batch.open(own, packet(slab, 0));
      batch.open(own, bare(slab, 1));
      expect(follows()).toEqual([false, -1]);
      batch.open(own, packet(slab, 2));
      batch.open(nodeCrypto.aead(key), packet(slab, 3));
      expect(follows()).toEqual([false, -1]);
      batch.open(own, packet(slab, 4));
      batch.openAll();
      expect(follows()).toEqual([false, -1]);
    });

    test("rows without a key do not seal, and say so", () => {
      const ring = by.crypto.createKeyRing(2);
      const rows = new AeadRows();
      rows.add(1, packet(new Uint8Array(PACKET), 0));
      const refused = expect.objectContaining({ name: "RangeError" });
      expect(() => rows.seal(ring)).toThrow(refused);
      ring.close();
    });

    test("the room for headers is free again when they are sealed", () => {
      const ring = by.crypto.createKeyRing(1);
      ring.setKey(0, "aes-256-gcm", key, new Uint8Array(12));
      const rows = new HeaderRows();
      const slab = random.fill(new Uint8Array(PACKET));
      for (let round = 0; round < 3; round++) {
        for (let i = 0; i < 1500; i++) expect(rows.add(0, bare(slab, 0))).toBe(i);
        rows.seal(ring);
      }
      ring.close();
    });
  },
);
