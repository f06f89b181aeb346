import { describe, expect, test } from "@jest/globals";
import {
  AckKind,
  Codec,
  crc32,
  decodeAck,
  decodeChunk,
  decodeControlMessage,
  encodeAck,
  encodeChunk,
  encodeControlMessage,
  FrameType,
  frameTypeOf,
  resolveDwcpLimits,
  SLOT_NONE,
} from "@proj/dwcp";
import { encodeControlPayload } from "#src/wire/control-payload.js";
import { codeOf } from "../support/failure.js";
import { everyMessage } from "../support/messages.js";

const limits = resolveDwcpLimits();
const chunk = {
  unitId: 2 ** 40 + 1,
  rawOffset: 2 ** 33,
  rawBytes: 5,
  codec: Codec.RAW,
  codecFlags: 0,
  baselineSlot: SLOT_NONE,
  dictionarySlot: 0,
  rawCrc: 0xdeadbeef,
  sentUs: 123_456_789,
  encoded: Uint8Array.of(1, 2, 3, 4, 5),
};

describe("B2: control messages", () => {
  test("there is one for every frame type but CHUNK, CHUNK_AT and ACK", () => {
    const types = new Set(everyMessage.map(frameTypeOf));
    expect(types.size).toBe(Object.keys(FrameType).length - 3);
  });

  test.each(everyMessage.map((message) => [message.kind, message] as const))(
    "%s comes back as it went",
    (_, message) => {
      const payload = encodeControlMessage(message, limits, crc32);
      expect(decodeControlMessage(frameTypeOf(message), payload, limits, crc32)).toEqual(message);
    },
  );

  test("unknown members are left out", () => {
    const payload = encodeControlPayload({ limit: 7, later: true }, limits, crc32);
    expect(decodeControlMessage(FrameType.CREDIT, payload, limits, crc32)).toEqual({
      kind: "CREDIT",
      limit: 7,
    });
  });

  test("depth and size are refused before JSON is parsed", () => {
    const deep = Buffer.from("[".repeat(9) + "]".repeat(9));
    const payload = Buffer.concat([deep, Buffer.alloc(4)]);
    payload.writeUInt32BE(crc32(deep), deep.length);
    expect(codeOf(() => decodeControlMessage(FrameType.PING, payload, limits, crc32))).toBe(
      "dwcp.limit",
    );
    const long = new Uint8Array(65_536 + 5);
    expect(codeOf(() => decodeControlMessage(FrameType.PING, long, limits, crc32))).toBe(
      "dwcp.limit",
    );
    const huge = { kind: "CANCEL", reason: "x".repeat(65_536) } as const;
    expect(codeOf(() => encodeControlMessage(huge, limits, crc32))).toBe("dwcp.limit");
  });

  test.each([
    ["a number above 2^53−1", { limit: 2 ** 53 }],
    ["a negative number", { limit: -1 }],
    ["text for a number", { limit: "1" }],
    ["nothing", null],
    ["a list", [1]],
  ])("%s is refused", (_, body) => {
    const payload = encodeControlPayload(body ?? [], limits, crc32);
    expect(codeOf(() => decodeControlMessage(FrameType.CREDIT, payload, limits, crc32))).toBe(
      "dwcp.protocol",
    );
  });

  test("a flipped bit is refused", () => {
    const payload = encodeControlMessage({ kind: "CREDIT", limit: 7 }, limits, crc32);
    for (let bit = 0; bit < payload.length * 8; bit++) {
      const wrong = payload.slice();
      wrong[bit >> 3] = (wrong[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(codeOf(() => decodeControlMessage(FrameType.CREDIT, wrong, limits, crc32))).toBe(
        "dwcp.protocol",
      );
    }
  });
});

describe("B5: CHUNK", () => {
  test("has 48 bytes before what is encoded", () => {
    const payload = Buffer.from(encodeChunk(chunk, crc32));
    expect(payload.subarray(0, 44).toString("hex")).toBe(
      "0000010000000001" +
        "0000000200000000" +
        "00000005" +
        "0000" +
        "ffff" +
        "00000000" +
        "00000005" +
        "deadbeef" +
        "00000000075bcd15",
    );
    expect(payload.length).toBe(53);
    expect(decodeChunk(payload, limits.maxUnitRawBytes, crc32)).toMatchObject({
      ...chunk,
      encoded: Buffer.from(chunk.encoded),
    });
  });

  test("with any bit flipped is refused", () => {
    const payload = encodeChunk(chunk, crc32);
    for (let bit = 0; bit < payload.length * 8; bit++) {
      const wrong = payload.slice();
      wrong[bit >> 3] = (wrong[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(codeOf(() => decodeChunk(wrong, limits.maxUnitRawBytes, crc32))).toMatch(
        /^dwcp[.](unit_crc|protocol)$/,
      );
    }
  });

  test("that declares too much is refused", () => {
    const payload = encodeChunk({ ...chunk, rawBytes: 0xffffffff }, crc32);
    expect(codeOf(() => decodeChunk(payload, limits.maxUnitRawBytes, crc32))).toBe("dwcp.limit");
  });
});

describe("B6: ACK", () => {
  const ack = {
    kind: AckKind.DURABLE,
    units: [
      { first: 0, count: 3 },
      { first: 2 ** 40, count: 1 },
    ],
    echoUs: 1,
    holdUs: 2,
    rawTotal: 2 ** 42,
    encodedTotal: 4,
    creditLimit: 5,
  };

  test("comes back as it went", () => {
    expect(decodeAck(encodeAck(ack))).toEqual(ack);
  });

  test("cut anywhere, or with more behind it, is refused", () => {
    const payload = encodeAck(ack);
    for (let length = 0; length < payload.length; length++) {
      expect(codeOf(() => decodeAck(payload.subarray(0, length)))).toBe("dwcp.protocol");
    }
    expect(codeOf(() => decodeAck(Buffer.concat([payload, payload])))).toBe("dwcp.protocol");
  });

  test("of no kind, or of an empty run, is refused", () => {
    const payload = encodeAck(ack).slice();
    payload[0] = 3;
    expect(codeOf(() => decodeAck(payload))).toBe("dwcp.protocol");
    const empty = encodeAck({ ...ack, units: [{ first: 0, count: 0 }] });
    expect(codeOf(() => decodeAck(empty))).toBe("dwcp.protocol");
  });
});
