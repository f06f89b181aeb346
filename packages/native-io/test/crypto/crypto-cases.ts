import { afterEach, describe, expect, test } from "@jest/globals";
import {
  Aead,
  AEAD_ROW,
  type AeadAlgorithm,
  AeadResult,
  type BatchCrypto,
  type KeyRing,
  type KeyRingOptions,
} from "@proj/native-io";
import { equalBytes, parseHex, SeededRandom } from "@proj/wire-types";
import fc from "fast-check";
import { readFileSync } from "node:fs";
import { column, layOut, nonceOf, type Packet, plainOf, reference, sealedOf } from "./packets.js";

interface Vector {
  readonly origin: string;
  readonly algorithm: AeadAlgorithm;
  readonly key: string;
  readonly iv: string;
  readonly aad: string;
  readonly plain: string;
  readonly cipher: string;
  readonly tag: string;
}

const vectors = JSON.parse(
  readFileSync(new URL("../../vectors/aead.json", import.meta.url), "utf8"),
) as readonly Vector[];

const zeroNonce = [0, 0, 0] as const;
const fuzzRuns = Number(process.env["FUZZ_RUNS"] ?? 20);

/** What every engine does. */
export function cryptoCases(crypto: BatchCrypto, options: KeyRingOptions): void {
  const rings: KeyRing[] = [];

  function ringOf(slots = 4): KeyRing {
    const ring = crypto.createKeyRing(slots, options);
    rings.push(ring);
    return ring;
  }

  afterEach(() => {
    for (const ring of rings.splice(0)) ring.close();
  });

  describe.each(["apart", "inPlace"] as const)("packets %s", (inPlace) => {
    test.each(vectors)("$origin", (vector) => {
      const ring = ringOf();
      ring.setKey(1, vector.algorithm, parseHex(vector.key), parseHex(vector.iv));
      const packet = {
        aad: parseHex(vector.aad),
        plain: parseHex(vector.plain),
        slot: 1,
        nonce: zeroNonce,
      };
      const batch = layOut([packet], inPlace);
      expect(ring.seal(batch, 1)).toBe(1);
      expect(sealedOf(batch, 0)).toEqual(parseHex(vector.cipher + vector.tag));
      if (inPlace === "apart") batch.plain.fill(0xee);
      expect(ring.open(batch, 1)).toBe(1);
      expect(plainOf(batch, 0)).toEqual(packet.plain);
    });

    test("random batches agree with node:crypto, and no flipped bit is authentic", () => {
      const keys = fc.record({
        algorithm: fc.constantFrom<AeadAlgorithm>(
          "aes-128-gcm",
          "aes-256-gcm",
          "chacha20-poly1305",
        ),
        key: fc.uint8Array({ minLength: 32, maxLength: 32 }),
        iv: fc.uint8Array({ minLength: 12, maxLength: 12 }),
      });
      const packets = fc.record({
        aad: fc.uint8Array({ maxLength: 80 }),
        plain: fc.uint8Array({ maxLength: 1500, size: "max" }),
        slot: fc.nat(2),
        nonce: fc.tuple(fc.nat(), fc.integer(), fc.integer()),
        flip: fc.nat(2 ** 20),
      });
      fc.assert(
        fc.property(
          fc.array(keys, { minLength: 3, maxLength: 3 }),
          fc.array(packets, { maxLength: 12 }),
          (slots, sent) => {
            const ring = ringOf();
            const cut = slots.map(({ algorithm, key, iv }) => ({
              algorithm,
              key: algorithm === "aes-128-gcm" ? key.slice(0, 16) : key,
              iv,
            }));
            for (const [slot, { algorithm, key, iv }] of cut.entries())
              ring.setKey(slot, algorithm, key, iv);
            const batch = layOut(sent, inPlace);
            expect(ring.seal(batch, sent.length)).toBe(sent.length);
            for (const [i, packet] of sent.entries()) {
              const { algorithm, key, iv } = cut[packet.slot] ?? {
                algorithm: "aes-128-gcm",
                key: new Uint8Array(),
                iv: new Uint8Array(),
              };
              const expected = reference(algorithm, key, nonceOf(iv, packet.nonce), packet);
              expect(equalBytes(sealedOf(batch, i), expected)).toBe(true);
            }
            // Every second packet is damaged: in its additional data, its ciphertext or its tag.
            for (const [i, { aad, plain, flip }] of sent.entries()) {
              if (i % 2 === 0) continue;
              const bit = flip % (8 * (aad.length + plain.length + 16));
              const at = column(batch, i, "aad") + (bit >> 3);
              batch.wire[at] = (batch.wire[at] ?? 0) ^ (1 << (bit & 7));
            }
            expect(ring.open(batch, sent.length)).toBe(Math.ceil(sent.length / 2));
            for (const [i, { plain }] of sent.entries()) {
              const whole = i % 2 === 0;
              expect(column(batch, i, "result")).toBe(
                whole ? AeadResult.done : AeadResult.notAuthentic,
              );
              const expected = whole ? plain : new Uint8Array(plain.length);
              expect(equalBytes(plainOf(batch, i), expected)).toBe(true);
            }
            ring.close();
          },
        ),
        { numRuns: fuzzRuns, verbose: true },
      );
    });
  });

  test("ten thousand random packets agree with node:crypto", () => {
    const random = new SeededRandom(4);
    const bytes = (length: number) => {
      const filled = new Uint8Array(length);
      random.fill(filled);
      return filled;
    };
    const words = () => new Uint32Array(bytes(20).buffer);
    const ring = ringOf(64);
    for (let round = 0; round < 100; round++) {
      const [key, iv] = [bytes(32), bytes(12)];
      ring.setKey(round % 64, "aes-256-gcm", key, iv);
      const packets = Array.from({ length: 100 }, () => {
        const [a = 0, b = 0, c = 0, aad = 0, length = 0] = words();
        const nonce = [a | 0, b | 0, c | 0] as const;
        return { aad: bytes(aad % 100), plain: bytes(length % 1500), slot: round % 64, nonce };
      });
      const batch = layOut(packets, "apart");
      expect(ring.seal(batch, 100)).toBe(100);
      const wrong = packets.findIndex((packet, i) => {
        const expected = reference("aes-256-gcm", key, nonceOf(iv, packet.nonce), packet);
        return !equalBytes(sealedOf(batch, i), expected);
      });
      expect(wrong).toBe(-1);
      batch.plain.fill(0);
      expect(ring.open(batch, 100)).toBe(100);
      expect(packets.findIndex(({ plain }, i) => !equalBytes(plainOf(batch, i), plain))).toBe(-1);
    }
  });

  test("a packet number goes into bytes 4–11: spec/dcquic.md §7.3, §17.8", () => {
    const ring = ringOf();
    const key = parseHex("e61dfa2a880548450715498e67cb3dc92b4557b3d6b6043b4c1204dba877f49f");
    ring.setKey(0, "aes-256-gcm", key, parseHex("0c3157f9c606196810dc62b3"));
    const control = parseHex(
      "d201000307000000dee0de665c76ca1914a89b09bda7abcc04030201000000000a0001004433221159651ccd235007e3c02c3d43831cebff1fb5256a753a64e328a0",
    );
    const data = parseHex(
      "d202020307000000dee0de665c76ca1914a89b09bda7abcc05030201000000002800010044332211050000000100000300100000000000001000010009000000a0a1a2a3a4a5a6a7a8a9aaabacadaeaf675d2b80b77f73f6845fa30524228792",
    );
    const wire = new Uint8Array([...control, ...data]);
    const plain = new Uint8Array(10);
    const meta = Int32Array.from(
      [
        [0, 40, 40, 0, 10, 0, 0, 0x01020304, 0, -1, 0, 0, 0, 0],
        [66, 80, 146, 0, 0, 0, 0, 0x01020305, 0, -1, 0, 0, 0, 0],
      ].flat(),
    );
    expect(ring.open({ wire, plain, meta }, 2)).toBe(2);
    expect(plain).toEqual(Uint8Array.of(0x09, 0x55, 0, 0, 0, 0, 0, 0, 0, 0));
    wire.fill(0, 40, 66);
    wire.fill(0, 146);
    expect(ring.seal({ wire, plain, meta }, 2)).toBe(2);
    expect(wire).toEqual(new Uint8Array([...control, ...data]));
  });

  test("says why each row is not done, and does the others", () => {
    const ring = ringOf();
    ring.setKey(0, "aes-256-gcm", new Uint8Array(32), new Uint8Array(12));
    const one: Packet = {
      aad: new Uint8Array(4),
      plain: new Uint8Array(20),
      slot: 0,
      nonce: zeroNonce,
    };
    const batch = layOut(
      Array.from({ length: 9 }, () => one),
      "apart",
    );
    const set = (row: number, name: keyof typeof Aead, value: number) => {
      batch.meta[row * AEAD_ROW + Aead[name]] = value;
    };
    set(0, "slot", 3);
    set(1, "slot", -1);
    set(2, "wire", batch.wire.length - 35);
    set(3, "plain", batch.plain.length - 19);
    set(4, "length", -1);
    set(5, "aad", 2 ** 31 - 1);
    set(6, "aadLength", -4);
    // One more than there are.
    set(7, "slot", 4);
    expect(ring.seal(batch, 9)).toBe(1);
    const { noKey, outOfRange, done } = AeadResult;
    expect(Array.from({ length: 9 }, (_, row) => column(batch, row, "result"))).toEqual([
      noKey,
      noKey,
      ...Array.from({ length: 5 }, () => outOfRange),
      noKey,
      done,
    ]);
  });

  test("refuses sides that overlap without being the same", () => {
    const ring = ringOf();
    ring.setKey(0, "aes-256-gcm", new Uint8Array(32), new Uint8Array(12));
    const bytes = new Uint8Array(200);
    const row = (wire: number, plain: number) =>
      Int32Array.of(0, 4, wire, plain, 40, 0, 0, 0, 0, -1, 0, 0, 0, 0);
    for (const [wire, plain, result] of [
      [10, 10, AeadResult.done],
      [10, 11, AeadResult.outOfRange],
      [11, 10, AeadResult.outOfRange],
      [10, 65, AeadResult.outOfRange],
      [10, 66, AeadResult.done],
      [50, 10, AeadResult.done],
    ] as const) {
      const meta = row(wire, plain);
      ring.seal({ wire: bytes, plain: bytes, meta }, 1);
      expect([wire, plain, meta[Aead.result]]).toEqual([wire, plain, result]);
    }
  });

  test("works on shared memory and on views into larger buffers", () => {
    const ring = ringOf();
    ring.setKey(0, "aes-256-gcm", new Uint8Array(32), new Uint8Array(12));
    const wire = new Uint8Array(new SharedArrayBuffer(100), 20, 60);
    const plain = new Uint8Array(new SharedArrayBuffer(100), 7, 30).fill(5);
    const meta = new Int32Array(new SharedArrayBuffer(4 * (10 + AEAD_ROW)), 40);
    meta.set([0, 8, 8, 2, 20, 0, 1, 2, 3, -1]);
    expect(ring.seal({ wire, plain, meta }, 1)).toBe(1);
    plain.fill(0);
    expect(ring.open({ wire, plain, meta }, 1)).toBe(1);
    expect(plain.slice(0, 24)).toEqual(
      Uint8Array.from({ length: 24 }, (_, i) => (i >= 2 && i < 22 ? 5 : 0)),
    );
  });

  test("forgets a key, takes another, and forgets all when it closes", () => {
    const ring = ringOf();
    const packet: Packet = {
      aad: new Uint8Array(4),
      plain: new Uint8Array(4),
      slot: 0,
      nonce: zeroNonce,
    };
    const batch = layOut([packet], "apart");
    ring.setKey(0, "aes-256-gcm", new Uint8Array(32).fill(1), new Uint8Array(12));
    expect(ring.seal(batch, 1)).toBe(1);
    ring.setKey(0, "aes-256-gcm", new Uint8Array(32).fill(2), new Uint8Array(12));
    expect(ring.open(batch, 1)).toBe(0);
    ring.dropKey(0);
    ring.dropKey(0);
    expect(ring.open(batch, 1)).toBe(0);
    expect(column(batch, 0, "result")).toBe(AeadResult.noKey);
    ring.close();
    ring.close();
    const closed = expect.objectContaining({ code: "native_io.closed" });
    expect(() => ring.seal(batch, 1)).toThrow(closed);
    expect(() => ring.setKey(0, "aes-256-gcm", new Uint8Array(32), new Uint8Array(12))).toThrow(
      closed,
    );
    expect(() => ring.dropKey(0)).toThrow(closed);
  });

  test("a key may be changed after it was given", () => {
    const ring = ringOf();
    const key = new Uint8Array(32).fill(3);
    const packet: Packet = {
      aad: new Uint8Array(),
      plain: new Uint8Array(40),
      slot: 0,
      nonce: [1, 2, 3],
    };
    const batch = layOut([packet], "apart");
    ring.setKey(0, "aes-256-gcm", key, new Uint8Array(12));
    key.fill(0);
    ring.seal(batch, 1);
    const expected = reference(
      "aes-256-gcm",
      new Uint8Array(32).fill(3),
      nonceOf(new Uint8Array(12), [1, 2, 3]),
      packet,
    );
    expect(sealedOf(batch, 0)).toEqual(expected);
  });

  test("refuses what cannot be", () => {
    const ring = ringOf();
    const range = expect.objectContaining({ name: "RangeError" });
    const [key, iv] = [new Uint8Array(32), new Uint8Array(12)];
    expect(() => crypto.createKeyRing(0)).toThrow(range);
    expect(() => crypto.createKeyRing(1.5)).toThrow(range);
    expect(() => ring.setKey(4, "aes-256-gcm", key, iv)).toThrow(range);
    expect(() => ring.setKey(0, "aes-128-gcm", key, iv)).toThrow(range);
    expect(() => ring.setKey(0, "aes-256-gcm", key, key)).toThrow(range);
    expect(() => ring.dropKey(-1)).toThrow(range);
    const batch = layOut([], "apart");
    expect(() => ring.seal(batch, 1)).toThrow(range);
    expect(() => ring.open(batch, -1)).toThrow(range);
    expect(ring.seal(batch, 0)).toBe(0);
  });

  test("makes and drops keys without leaking", () => {
    const rounds = Number(process.env["LEAK_RUNS"] ?? 300);
    for (let i = 0; i < rounds; i++) {
      const ring = crypto.createKeyRing(2, options);
      ring.setKey(0, "aes-256-gcm", new Uint8Array(32), new Uint8Array(12));
      ring.setKey(1, "chacha20-poly1305", new Uint8Array(32), new Uint8Array(12));
      ring.close();
    }
  });
}
