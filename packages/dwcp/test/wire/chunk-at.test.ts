import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { Codec, crc32, decodeChunk, FRAME_HEADER_BYTES, SLOT_NONE } from "@proj/dwcp";
import { CHUNK_AT_BYTES, chunkAtFrame, decodeChunkAt } from "#src/wire/chunk-at.js";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";
import { codeOf } from "../support/failure.js";

const MOST = 1_048_576;
const chunk = {
  unitId: 2 ** 40 + 7,
  rawOffset: 2 ** 33,
  rawBytes: 5,
  codec: Codec.RAW,
  codecFlags: 0,
  baselineSlot: SLOT_NONE,
  dictionarySlot: 0,
  rawCrc: 0xdeadbeef,
  sentUs: 123,
  encoded: Uint8Array.of(1, 2, 3, 4, 5),
};

describe("B14: CHUNK_AT", () => {
  test("gives the head of a CHUNK, and where its bytes lie", () => {
    const payload = chunkAtFrame(chunk, 3, 2 ** 41, crc32).subarray(FRAME_HEADER_BYTES);
    expect(payload.length).toBe(CHUNK_AT_BYTES);
    const { head, ...rest } = decodeChunkAt(payload, MOST);
    expect(rest).toEqual({ unitId: chunk.unitId, encodedBytes: 5, offset: 2 ** 41 });
    const whole = new Uint8Array([...head, ...chunk.encoded]);
    expect(decodeChunk(whole, MOST, crc32)).toMatchObject(chunk);
  });

  test("is refused with a length that is not its own, or more bytes than a unit has", () => {
    const payload = chunkAtFrame(chunk, 3, 0, crc32).slice(FRAME_HEADER_BYTES);
    expect(codeOf(() => decodeChunkAt(payload.subarray(1), MOST))).toBe("dwcp.protocol");
    expect(codeOf(() => decodeChunkAt(payload, 4))).toBe("dwcp.limit");
    payload.fill(0, 28, 32);
    expect(codeOf(() => decodeChunkAt(payload, MOST))).toBe("dwcp.limit");
  });

  test("any bytes give a place or a typed refusal", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 50, maxLength: 60 }), (bytes) => {
        let unit: ReturnType<typeof decodeChunkAt>;
        try {
          unit = decodeChunkAt(bytes, MOST);
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^dwcp\.(protocol|limit)$/) });
          return;
        }
        expect(unit.encodedBytes).toBeLessThanOrEqual(MOST);
        expect(Number.isSafeInteger(unit.offset)).toBe(true);
      }),
      fuzzRuns(300),
    );
  });
});
