import { expect, test } from "@jest/globals";
import {
  crc32,
  decodeAck,
  decodeChunk,
  decodeControlMessage,
  decodePreface,
  encodeFrame,
  FrameReader,
  FrameType,
  frameTypeOf,
  resolveDwcpLimits,
} from "@proj/dwcp";
import { encodeControlPayload } from "#src/wire/control-payload.js";
import fc from "fast-check";
import { crc32 as zlibCrc32 } from "node:zlib";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";
import { codeOf } from "../support/failure.js";
import { everyMessage } from "../support/messages.js";

const limits = resolveDwcpLimits();
const bytes = fc.uint8Array({ maxLength: 400 });

test("any bytes are frames or a typed error, in whatever pieces they come", () => {
  const piece = fc.oneof(
    bytes,
    fc
      .record({
        type: fc.nat(255),
        flags: fc.constantFrom(0, 0x80),
        handle: fc.nat(),
        payload: bytes,
      })
      .map((frame) => encodeFrame(frame, crc32)),
  );
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 8 }),
      fc.integer({ min: 1, max: 64 }),
      (pieces, size) => {
        const all = Buffer.concat(pieces);
        const reader = new FrameReader(300, crc32);
        codeOf(() => {
          for (let at = 0; at < all.length; at += size) {
            for (const frame of reader.push(all.subarray(at, at + size))) {
              expect(frame.payload.length).toBe(frame.payloadBytes);
              expect(frame.payloadBytes).toBeLessThanOrEqual(300);
            }
            expect(reader.bufferedBytes).toBeLessThanOrEqual(300);
          }
        });
      },
    ),
    fuzzRuns(200),
  );
});

test("any bytes are a CHUNK, an ACK, a preface or a typed error", () => {
  fc.assert(
    fc.property(bytes, (payload) => {
      codeOf(() => decodeChunk(payload, limits.maxUnitRawBytes, crc32));
      codeOf(() => decodeAck(payload));
      decodePreface(payload);
    }),
    fuzzRuns(300),
  );
});

test("any JSON is a message of its type or a typed error", () => {
  const types = Object.values(FrameType);
  fc.assert(
    fc.property(fc.constantFrom(...types), fc.jsonValue({ maxDepth: 3 }), (type, value) => {
      const body = typeof value === "object" && value !== null ? value : [value];
      codeOf(() =>
        decodeControlMessage(type, encodeControlPayload(body, limits, crc32), limits, crc32),
      );
    }),
    fuzzRuns(200),
  );
});

test("a message with one member replaced is a message or a typed error", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...everyMessage),
      fc.nat(20),
      fc.jsonValue({ maxDepth: 1 }),
      (message, member, value) => {
        const { kind: _, ...body } = message;
        const names = Object.keys(body);
        const changed = { ...body, [names[member % names.length] ?? ""]: value };
        const payload = encodeControlPayload(changed, limits, crc32);
        codeOf(() => decodeControlMessage(frameTypeOf(message), payload, limits, crc32));
      },
    ),
    fuzzRuns(300),
  );
});

test("the CRC is that of zlib, in one piece and in two", () => {
  fc.assert(
    fc.property(bytes, fc.nat(400), (payload, cut) => {
      const expected = zlibCrc32(payload);
      expect(crc32(payload)).toBe(expected);
      expect(crc32(payload.subarray(cut), crc32(payload.subarray(0, cut)))).toBe(expected);
    }),
    fuzzRuns(200),
  );
});
