import { expect, test } from "@jest/globals";
import {
  Aead,
  AEAD_ROW,
  AEAD_TAG_BYTES,
  type AeadBatch,
  AeadResult,
  type BatchCrypto,
  type KeyRing,
  type KeyRingOptions,
  portable,
} from "@proj/native-io";
import { SeededRandom } from "@proj/wire-types";
import fc from "fast-check";

const AAD = 40;
const WORD = 2 ** 32;
const fuzzRuns = Number(process.env["FUZZ_RUNS"] ?? 40);

// What is in a nonce besides the number.
const MASK = [0x1234_5678, 0x0bad_cafe, -7] as const;

/** Packets of `length` bytes, one behind the other, as one run or each by itself. */
interface Run {
  readonly packets: number;
  readonly length: number;
  readonly gap: number;
  readonly number: number;
}

const run: fc.Arbitrary<Run> = fc.record({
  packets: fc.integer({ min: 1, max: 9 }),
  length: fc.constantFrom(0, 1, 16, 100, 700),
  gap: fc.nat(20),
  // Where the lower half of a number ends, too.
  number: fc.oneof(
    fc.nat(1000),
    fc.tuple(fc.constantFrom(1, 2, 4), fc.nat(12)).map(([n, before]) => n * WORD - before),
    fc.nat(WORD * 1000),
  ),
});

/** What every engine does with rows that stand for several packets. */
export function runCases(crypto: BatchCrypto, options: KeyRingOptions): void {
  const ringOf = (by: BatchCrypto, chosen: KeyRingOptions): KeyRing => {
    const ring = by.createKeyRing(2, chosen);
    ring.setKey(0, "aes-256-gcm", new Uint8Array(32).fill(3), new Uint8Array(12).fill(9));
    return ring;
  };

  test("a run comes to what each of its packets by itself comes to", () => {
    const ring = ringOf(crypto, options);
    fc.assert(
      fc.property(run, fc.nat(30), fc.boolean(), (one, damaged, inPlace) => {
        const [together, alone] = [true, false].map((isRun) => batchOf(one, isRun, inPlace));
        if (together === undefined || alone === undefined) throw new Error("no batches");
        for (const batch of [together, alone]) {
          expect(ring.seal(batch, one.packets)).toBe(one.packets);
          const hit = damaged % batch.wire.length;
          batch.wire[hit] = (batch.wire[hit] ?? 0) ^ 1;
          if (!inPlace) batch.plain.fill(0xee);
        }
        expect(together.wire).toEqual(alone.wire);
        expect(ring.open(together, one.packets)).toBe(ring.open(alone, one.packets));
        expect(together).toEqual({ ...alone, meta: together.meta });
        expect(resultsOf(together)).toEqual(resultsOf(alone));
      }),
      { numRuns: fuzzRuns },
    );
    ring.close();
  });

  test("rows of anything come to what they come to by node:crypto", () => {
    const [ring, reference] = [ringOf(crypto, options), ringOf(portable.crypto, {})];
    const place = fc.oneof(fc.nat(500), fc.integer({ min: -20, max: 3000 }), fc.integer());
    const small = fc.oneof({ weight: 5, arbitrary: fc.nat(6) }, fc.integer());
    const stride = fc.oneof(fc.nat(300), fc.integer());
    const [nonce, number] = [fc.integer(), fc.integer()];
    const slot = fc.constantFrom(0, 0, 0, 1, 5);
    const places = [place, fc.nat(60), place, place, fc.nat(200), slot] as const;
    const row = fc.tuple(
      ...places,
      nonce,
      nonce,
      nonce,
      fc.constant(-1),
      small,
      stride,
      number,
      number,
    );
    fc.assert(
      fc.property(fc.array(row, { maxLength: 8 }), fc.boolean(), (rows, inPlace) => {
        const batches = [0, 1].map((): AeadBatch => {
          const wire = new SeededRandom(1).fill(new Uint8Array(2000));
          const plain = inPlace ? wire : new SeededRandom(2).fill(new Uint8Array(2000));
          return { wire, plain, meta: Int32Array.from(rows.flat()) };
        });
        const [own, other] = batches;
        if (own === undefined || other === undefined) throw new Error("no batches");
        expect(ring.seal(own, rows.length)).toBe(reference.seal(other, rows.length));
        expect(own).toEqual(other);
        expect(ring.open(own, rows.length)).toBe(reference.open(other, rows.length));
        expect(own).toEqual(other);
      }),
      { numRuns: fuzzRuns },
    );
    for (const one of [ring, reference]) one.close();
  });

  test("a run that begins outside of its arrays, or leaves them, does not come back", () => {
    const ring = ringOf(crypto, options);
    const { outOfRange, done } = AeadResult;
    const one = { packets: 3, length: 50, gap: 0, number: 1 };
    for (const [column, place] of [
      [Aead.aad, -8],
      [Aead.wire, -8],
      [Aead.plain, -8],
    ] as const) {
      const batch = batchOf(one, true, false);
      batch.meta[column] = place;
      expect(ring.seal(batch, 3)).toBe(0);
      expect(resultsOf(batch)).toEqual([outOfRange, outOfRange, outOfRange]);
    }
    // Twice as much is 4 less than 2^32, and 2^32; what counts back to the first packet is a step beyond everything.
    for (const [packetsBefore, stride] of [
      [0, 2 ** 31 - 2],
      [0, 2 ** 31],
      [2, -(AAD + 50 + AEAD_TAG_BYTES)],
    ] as const) {
      const leaving = batchOf(one, true, false);
      for (const place of [Aead.aad, Aead.wire, Aead.plain]) {
        leaving.meta[place] =
          (leaving.meta[place] ?? 0) + packetsBefore * (AAD + 50 + AEAD_TAG_BYTES);
      }
      leaving.meta[Aead.stride] = stride;
      expect(ring.seal(leaving, 3)).toBe(1);
      expect(resultsOf(leaving)).toEqual([done, outOfRange, outOfRange]);
    }
    ring.close();
  });

  test("a run that needs more rows than there are is not begun, and takes those that are left", () => {
    const ring = ringOf(crypto, options);
    const batch = batchOf({ packets: 4, length: 50, gap: 0, number: 1 }, true, true);
    const before = batch.wire.slice();
    for (const more of [4, 5, -1, 2 ** 31 - 1]) {
      batch.meta[Aead.more] = more;
      expect(ring.seal(batch, 4)).toBe(0);
      expect(resultsOf(batch)).toEqual(Array.from({ length: 4 }, () => AeadResult.outOfRange));
    }
    expect(batch.wire).toEqual(before);
    ring.close();
  });
}

function batchOf(one: Run, isRun: boolean, inPlace: boolean): AeadBatch {
  const { packets, length, gap, number } = one;
  const stride = AAD + length + AEAD_TAG_BYTES + gap;
  const wire = new SeededRandom(5).fill(new Uint8Array(packets * stride));
  const plain = inPlace ? wire : new SeededRandom(6).fill(new Uint8Array(packets * stride));
  const meta = new Int32Array(packets * AEAD_ROW).fill(-1);
  for (let i = 0; i < (isRun ? 1 : packets); i++) {
    const low = (number + i) | 0;
    const high = Math.floor((number + i) / WORD) | 0;
    const at = i * stride;
    const nonce = [MASK[0], MASK[1] ^ low, MASK[2] ^ high];
    const counted = isRun ? [packets - 1, stride, low, high] : [0, 0, 0, 0];
    const row = [at, AAD, at + AAD, at + AAD, length, 0, ...nonce, -1, ...counted];
    meta.set(row, i * AEAD_ROW);
  }
  return { wire, plain, meta };
}

function resultsOf({ meta }: AeadBatch): readonly (number | undefined)[] {
  return Array.from({ length: meta.length / AEAD_ROW }, (_, i) => meta[i * AEAD_ROW + Aead.result]);
}
