import { expect, test } from "@jest/globals";
import { nodeCrypto, ringCrypto } from "@proj/dcquic-core/node";
import { portable, backend } from "@proj/native-io";
import { equalBytes, SeededRandom } from "@proj/wire-types";
import { aeadJob, type AeadJob, type PacketAead } from "#src/crypto/backend.js";
import { ImmediateBatch } from "#src/crypto/packet-batch.js";

const random = new SeededRandom(3);
const PACKET = 200;

/** A packet in a slab: 40 bytes of header, a body, room for the tag. */
function packet(slab: Uint8Array, index: number, body = 100): AeadJob {
  const offset = index * PACKET;
  return {
    ...aeadJob(),
    nonce: new Uint8Array(12).fill(index + 1),
    aad: slab,
    aadOffset: offset,
    aadLength: 40,
    bytes: slab,
    bodyOffset: offset + 40,
    bodyLength: body,
    tagOffset: offset + 40 + body,
  };
}

for (const by of backend.kind === "native" ? [backend, portable] : [portable]) {
  test(`§22: batches by ${by.kind} native-io are what node:crypto computes, packet by packet`, () => {
    const crypto = ringCrypto(by);
    const batch = crypto.packetBatch?.() ?? new ImmediateBatch();
    const plain = random.fill(new Uint8Array(40 * PACKET));
    const [one, many] = [plain.slice(), plain.slice()];
    const keys = [new Uint8Array(32).fill(1), new Uint8Array(16).fill(2)];
    const own = keys.map((key) => crypto.aead(key));
    const node = keys.map((key) => nodeCrypto.aead(key));
    for (let i = 0; i < 40; i++) {
      at(node, i).seal(packet(one, i, i));
      batch.seal(at(own, i), packet(many, i, i));
    }
    batch.sealAll();
    expect(equalBytes(one, many)).toBe(true);
    many[3 * PACKET + 41] = (many[3 * PACKET + 41] ?? 0) ^ 1;
    const tickets = Array.from({ length: 40 }, (_, i) =>
      batch.open(at(own, i), packet(many, i, i)),
    );
    expect(tickets).not.toContain(-1);
    batch.openAll();
    expect(tickets.map((ticket) => batch.wasOpened(ticket))).toEqual(
      Array.from({ length: 40 }, (_, i) => i !== 3),
    );
    for (let i = 4; i < 40; i++) {
      const from = i * PACKET;
      expect(
        equalBytes(many.subarray(from, from + 40 + i), plain.subarray(from, from + 40 + i)),
      ).toBe(true);
    }
  });

  test(`§8.2: a message is sealed from where it lies into another slab by ${by.kind} native-io`, () => {
    const key = new Uint8Array(32).fill(5);
    const plain = random.fill(new Uint8Array(70_000));
    const [expected, sealed] = [new Uint8Array(70_000), new Uint8Array(70_000)];
    const job = { ...packet(expected, 2, 65_536), aad: plain };
    nodeCrypto.aead(key).sealFrom(job, plain, 100);
    const before = plain.slice();
    ringCrypto(by)
      .aead(key)
      .sealFrom({ ...job, bytes: sealed }, plain, 100);
    expect(sealed.some((byte) => byte !== 0)).toBe(true);
    expect(equalBytes(sealed, expected)).toBe(true);
    const bare = { ...job, aadLength: 0 };
    nodeCrypto.aead(key).sealFrom(bare, plain, 200);
    ringCrypto(by)
      .aead(key)
      .sealFrom({ ...bare, bytes: sealed }, plain, 200);
    expect(equalBytes(sealed, expected)).toBe(true);
    expect(equalBytes(plain, before)).toBe(true);
  });

  test(`§17.2: associated data of another slab, as headers alone have it, by ${by.kind} native-io`, () => {
    const crypto = ringCrypto(by);
    const batch = crypto.packetBatch?.() ?? new ImmediateBatch();
    const key = new Uint8Array(32).fill(9);
    const slab = random.fill(new Uint8Array(PACKET));
    const headers = random.fill(new Uint8Array(64));
    const job = { ...packet(slab, 0, 0), aad: headers, aadOffset: 8, aadLength: 56 };
    const expected = slab.slice();
    nodeCrypto.aead(key).seal({ ...job, bytes: expected });
    batch.seal(crypto.aead(key), job);
    batch.sealAll();
    expect(equalBytes(slab, expected)).toBe(true);
    const ticket = batch.open(crypto.aead(key), job);
    const wrong = batch.open(crypto.aead(key), { ...job, aadOffset: 0 });
    batch.openAll();
    expect([batch.wasOpened(ticket), batch.wasOpened(wrong)]).toEqual([true, false]);
  });
}

for (const by of backend.kind === "native" ? [backend, portable] : [portable]) {
  test(`§8.1: more headers than there is room for, between whole packets, by ${by.kind} native-io`, () => {
    // Headers and tags of 58 bytes each, on average: more than 128 KiB.
    const packets = 5000;
    const crypto = ringCrypto(by);
    const batch = crypto.packetBatch?.() ?? new ImmediateBatch();
    const key = new Uint8Array(32).fill(4);
    const [own, node] = [crypto.aead(key), nodeCrypto.aead(key)];
    const headers = new Uint8Array(64);
    const jobOf = (slab: Uint8Array, i: number): AeadJob => {
      headers.fill(i);
      if (i % 2 === 1) return packet(slab, i, 50);
      return { ...packet(slab, i, 0), aad: headers, aadOffset: i % 20, aadLength: 40 + (i % 5) };
    };
    const slab = random.fill(new Uint8Array(packets * PACKET));
    const expected = slab.slice();
    for (let i = 0; i < packets; i++) {
      batch.seal(own, jobOf(slab, i));
      node.seal(jobOf(expected, i));
    }
    batch.sealAll();
    expect(equalBytes(slab, expected)).toBe(true);
    for (const i of [6, 7, 1800]) {
      const { tagOffset } = packet(slab, i, i % 2 === 0 ? 0 : 50);
      slab[tagOffset] = (slab[tagOffset] ?? 0) ^ 1;
    }
    const tickets = Array.from({ length: packets }, (_, i) => batch.open(own, jobOf(slab, i)));
    batch.openAll();
    const refused = tickets.flatMap((ticket, i) => (batch.wasOpened(ticket) ? [] : [i]));
    expect(refused).toEqual([6, 7, 1800]);
  });
}

for (const by of backend.kind === "native" ? [backend, portable] : [portable]) {
  test(`§22: a batch without packets leaves those of the one before alone, by ${by.kind} native-io`, () => {
    const crypto = ringCrypto(by);
    const batch = crypto.packetBatch?.() ?? new ImmediateBatch();
    const aead = crypto.aead(new Uint8Array(32).fill(1));
    const slab = random.fill(new Uint8Array(PACKET));
    const sealed = (): void => {
      batch.seal(aead, packet(slab, 0));
      batch.sealAll();
    };
    sealed();
    const ticket = batch.open(aead, packet(slab, 0));
    batch.openAll();
    expect(batch.wasOpened(ticket)).toBe(true);
    // Datagrams of nobody's take the same place, and nothing has to be opened.
    const next = random.fill(slab).slice();
    batch.openAll();
    expect(equalBytes(slab, next)).toBe(true);
    sealed();
    const later = batch.open(aead, packet(slab, 0));
    batch.openAll();
    expect(batch.wasOpened(later)).toBe(true);
  });
}

for (const by of backend.kind === "native" ? [backend, portable] : [portable]) {
  test(`§22: packets that go on where others end, in runs of any strides, by ${by.kind} native-io`, () => {
    const crypto = ringCrypto(by);
    const batch = crypto.packetBatch?.() ?? new ImmediateBatch();
    const key = new Uint8Array(32).fill(6);
    const [own, node] = [crypto.aead(key), nodeCrypto.aead(key)];
    // Where the lower half of a number ends.
    const first = 2 ** 32 - 9;
    // Far more packets than there were rows before.
    const runs = [1, 1, 5, 1, 3, 400, 2].map((count, i) => ({
      count,
      stride: PACKET * (1 + (i % 3)),
    }));
    const places = [0];
    for (const { count, stride } of runs) {
      for (let i = 0; i < count; i++) places.push((places.at(-1) ?? 0) + stride);
    }
    const jobOf = (slab: Uint8Array, i: number): AeadJob => {
      const job = { ...packet(slab, 0), nonce: new Uint8Array(12).fill(0x5a) };
      const view = new DataView(job.nonce.buffer);
      const number = BigInt(first + i);
      view.setBigUint64(4, view.getBigUint64(4, true) ^ number, true);
      const start = places[i] ?? 0;
      return { ...job, aadOffset: start, bodyOffset: start + 40, tagOffset: start + 140 };
    };
    const expected = random.fill(new Uint8Array((places.at(-1) ?? 0) + PACKET));
    const slab = expected.slice();
    const plain = expected.slice();
    for (let i = 0; i < places.length; i++) node.seal(jobOf(expected, i));
    expect(batch.sealNext(PACKET, first, 1)).toBe(false);
    batch.seal(own, jobOf(slab, 0));
    let next = first + 1;
    for (const { count, stride } of runs) {
      expect(batch.sealNext(stride, next, count)).toBe(true);
      next += count;
    }
    batch.sealAll();
    expect(equalBytes(slab, expected)).toBe(true);
    const damaged = [0, 2, 6, 200, places.length - 1];
    for (const i of damaged) slab[(places[i] ?? 0) + 60] = (slab[(places[i] ?? 0) + 60] ?? 0) ^ 4;
    expect(batch.openNext(PACKET, first, 1)).toBe(-1);
    const tickets = [batch.open(own, jobOf(slab, 0))];
    for (const { count, stride } of runs) {
      const ticket = batch.openNext(stride, first + tickets.length, count);
      for (let i = 0; i < count; i++) tickets.push(ticket + 2 * i);
    }
    batch.openAll();
    const refused = tickets.flatMap((ticket, i) => (batch.wasOpened(ticket) ? [] : [i]));
    expect(refused).toEqual(damaged);
    for (const [i, start] of places.entries()) {
      if (damaged.includes(i)) continue;
      const [opened, before] = [slab, plain].map((from) => from.subarray(start, start + 140));
      expect(opened).toEqual(before);
    }
  });
}

function at(aeads: readonly PacketAead[], index: number): PacketAead {
  const aead = aeads[index % aeads.length];
  if (aead === undefined) throw new RangeError("no ciphers");
  return aead;
}
