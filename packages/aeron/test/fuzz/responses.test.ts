import { expect, test } from "@jest/globals";
import { AeronError, AtomicBuffer } from "@proj/aeron";
import { encodeResponse, readResponse, type Response } from "#src/commands/response.js";
import { readCommand } from "#src/commands/command.js";
import fc from "fast-check";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";

const id = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const int = fc.integer();
const text = fc.string({ unit: "grapheme-ascii", maxLength: 60 });
const response: fc.Arbitrary<Response> = fc.oneof(
  fc.record({ kind: fc.constant("error" as const), correlationId: id, code: int, message: text }),
  fc.record({
    kind: fc.constant("publicationReady" as const),
    exclusive: fc.boolean(),
    correlationId: id,
    registrationId: id,
    sessionId: int,
    streamId: int,
    limitCounterId: int,
    channelStatusCounterId: int,
    logFile: text,
  }),
  fc.record({
    kind: fc.constant("availableImage" as const),
    correlationId: id,
    sessionId: int,
    streamId: int,
    subscriptionId: id,
    positionCounterId: int,
    logFile: text,
    sourceIdentity: text,
  }),
  fc.record({ kind: fc.constant("operationSuccess" as const), correlationId: id }),
  fc.record({
    kind: fc.constant("unavailableImage" as const),
    correlationId: id,
    subscriptionId: id,
    streamId: int,
    channel: text,
  }),
  fc.record({
    kind: fc.constant("subscriptionReady" as const),
    correlationId: id,
    channelStatusCounterId: int,
  }),
  fc.record({
    kind: fc.constantFrom("counterReady" as const, "unavailableCounter" as const),
    correlationId: id,
    counterId: int,
  }),
  fc.record({ kind: fc.constant("clientTimeout" as const), clientId: id }),
);

test("every response comes back as it was", () => {
  fc.assert(
    fc.property(response, (value) => {
      const { type, record } = encodeResponse(value);
      const buffer = bufferOf(record);
      expect(readResponse(type, buffer, 0, record.length)).toEqual(value);
    }),
    fuzzRuns(200),
  );
});

test("any bytes are a record or a typed error, as a response and as a command", () => {
  const type = fc.oneof(fc.integer({ min: 0, max: 0x20 }), fc.integer({ min: 0xf00, max: 0xf10 }));
  fc.assert(
    fc.property(type, fc.uint8Array({ maxLength: 120 }), (kind, bytes) => {
      for (const read of [readResponse, readCommand]) {
        try {
          read(kind, bufferOf(bytes), 0, bytes.length);
        } catch (error) {
          if (!(error instanceof AeronError)) throw error;
        }
      }
    }),
    fuzzRuns(1_000),
  );
});

function bufferOf(bytes: Uint8Array): AtomicBuffer {
  const copy = new Uint8Array(Math.ceil(bytes.length / 8) * 8);
  copy.set(bytes);
  return new AtomicBuffer(copy);
}
