import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  decodeJournal,
  encodeJournalHeader,
  encodeJournalRecord,
  JOURNAL_HEADER_BYTES,
  JOURNAL_RECORD_BYTES,
  type JournalHeader,
  type JournalRecord,
} from "#src/journal/journal.js";
import { safeName } from "#src/journal/safe-name.js";
import { concatBytes } from "@proj/wire-types";
import { crc32 } from "#src/wire/crc32.js";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";

const header: JournalHeader = {
  transferId: "000102030405060708090a0b0c0d0e0f",
  rawLength: 2 ** 40,
  generation: 7,
  leafBytes: 1_048_576,
  keyDigest: "11".repeat(32),
  rootHash: "ab".repeat(32),
};

function journalOf(records: readonly JournalRecord[]): Uint8Array {
  return concatBytes([
    encodeJournalHeader(header, crc32),
    ...records.map((record) => encodeJournalRecord(record, crc32)),
  ]);
}

const records = fc.array(
  fc.record({
    start: fc.nat(2 ** 31 - 1),
    length: fc.nat(2 ** 26),
    rawCrc: fc.nat(0xffffffff),
  }),
  { maxLength: 20 },
);

describe("decodeJournal", () => {
  test("gives back what was written", () => {
    fc.assert(
      fc.property(records, (written) => {
        expect(decodeJournal(journalOf(written), crc32)).toEqual({
          header,
          records: written,
          soundBytes: JOURNAL_HEADER_BYTES + written.length * JOURNAL_RECORD_BYTES,
        });
      }),
      fuzzRuns(100),
    );
  });

  test("B4: ends at the first record that does not hold, wherever it was cut or damaged", () => {
    fc.assert(
      fc.property(records, fc.nat(), fc.nat(7), fc.boolean(), (written, at, bit, cuts) => {
        const whole = journalOf(written);
        const place = JOURNAL_HEADER_BYTES + (at % (whole.length - JOURNAL_HEADER_BYTES + 1));
        const bytes = cuts ? whole.slice(0, place) : whole;
        if (!cuts && place < bytes.length) bytes[place] = (bytes[place] ?? 0) ^ (1 << bit);
        const sound = Math.floor((place - JOURNAL_HEADER_BYTES) / JOURNAL_RECORD_BYTES);
        expect(decodeJournal(bytes, crc32).records).toEqual(written.slice(0, sound));
      }),
      fuzzRuns(200),
    );
  });

  test("refuses records outside of the object, and headers that do not hold", () => {
    const outside = { start: 2 ** 40 - 1, length: 2, rawCrc: 0 };
    expect(decodeJournal(journalOf([outside]), crc32).records).toEqual([]);
    const bytes = journalOf([]);
    for (let at = 0; at < bytes.length; at++) {
      const damaged = bytes.slice();
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      expect(() => decodeJournal(damaged, crc32)).toThrow("journal");
    }
    expect(() => decodeJournal(bytes.subarray(0, 50), crc32)).toThrow("50 bytes");
  });

  test("takes any bytes without another kind of error", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(() => decodeJournal(bytes, crc32)).toThrow(/journal/);
      }),
      fuzzRuns(200),
    );
  });
});

describe("safeName", () => {
  test.each([
    ["vm-7", "vm-7"],
    ["../../etc/passwd", "%2E%2E%2F%2E%2E%2Fetc%2Fpasswd"],
    ["a b", "a%20b"],
    ["é", "%C3%A9"],
    [".", "%2E"],
    ["%41", "%2541"],
  ])("B3: %s becomes %s", (key, name) => {
    expect(safeName(key)).toBe(name);
  });

  test("refuses what has no name", () => {
    expect(() => safeName("")).toThrow("0 bytes");
    expect(() => safeName("x".repeat(201))).toThrow("201 bytes");
  });
});
