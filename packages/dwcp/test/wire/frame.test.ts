import { describe, expect, jest, test } from "@jest/globals";
import {
  crc32,
  decodeFrameHeader,
  decodePreface,
  DwcpCodes,
  dwcpCodeOf,
  encodeFrame,
  encodeFrameHeader,
  encodePreface,
  FLAG_CRITICAL,
  type Frame,
  FrameReader,
  FrameType,
  requirePreface,
} from "@proj/dwcp";
import { codeOf } from "../support/failure.js";

const LIMIT = 1 << 20;
const payload = Uint8Array.of(1, 2, 3, 4, 5);

describe("B2: the preface", () => {
  test("is DWCP, 1, 0, 0", () => {
    expect(Buffer.from(encodePreface()).toString("hex")).toBe("4457435001000000");
    expect(decodePreface(encodePreface())).toEqual({ kind: "dwcp" });
  });

  test("waits for what it cannot tell yet, and tells what it can", () => {
    expect(decodePreface(encodePreface().subarray(0, 7))).toBeUndefined();
    expect(decodePreface(Buffer.from("D"))).toBeUndefined();
    expect(decodePreface(Buffer.from("G"))).toEqual({ kind: "foreign" });
    expect(decodePreface(Buffer.from("DWCP\x02\x00\x00\x00"))).toEqual({
      kind: "otherVersion",
      major: 2,
      minor: 0,
    });
  });

  test("of another version or protocol is refused by its code", () => {
    expect(codeOf(() => requirePreface({ kind: "foreign" }))).toBe("dwcp.protocol");
    expect(codeOf(() => requirePreface({ kind: "otherVersion", major: 2, minor: 0 }))).toBe(
      "dwcp.version",
    );
  });
});

describe("B2: the frame header", () => {
  const header = { type: FrameType.CHUNK, flags: FLAG_CRITICAL, payloadBytes: 5, handle: 9 };

  test("is sixteen big-endian bytes with the CRC of zlib", () => {
    const bytes = Buffer.from(encodeFrameHeader(header, crc32));
    expect(bytes.subarray(0, 12).toString("hex")).toBe("208000000000000500000009");
    expect(crc32(Buffer.from("123456789"))).toBe(0xcbf43926);
    expect(decodeFrameHeader(bytes, LIMIT, crc32)).toEqual(header);
  });

  test("with any bit flipped closes the stream", () => {
    for (let bit = 0; bit < 128; bit++) {
      const bytes = encodeFrameHeader(header, crc32).slice();
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(codeOf(() => decodeFrameHeader(bytes, LIMIT, crc32))).toBe("dwcp.header_crc");
    }
  });

  test("with reserved bits or a length above the limit is refused though its CRC is right", () => {
    const flags = encodeFrameHeader({ ...header, flags: 1 }, crc32);
    expect(codeOf(() => decodeFrameHeader(flags, LIMIT, crc32))).toBe("dwcp.protocol");
    const long = encodeFrameHeader({ ...header, payloadBytes: LIMIT + 1 }, crc32);
    expect(codeOf(() => decodeFrameHeader(long, LIMIT, crc32))).toBe("dwcp.frame_too_large");
    const hard = encodeFrameHeader({ ...header, payloadBytes: 0x1000001 }, crc32);
    expect(codeOf(() => decodeFrameHeader(hard, 2 ** 32, crc32))).toBe("dwcp.frame_too_large");
  });
});

describe("B2: frames", () => {
  const frames = [
    { type: FrameType.PING, flags: 0, handle: 0, payload },
    { type: FrameType.CHUNK, flags: FLAG_CRITICAL, handle: 3, payload: new Uint8Array(0) },
    { type: FrameType.ACK, flags: 0, handle: 3, payload: new Uint8Array(300).fill(7) },
  ];
  const bytes = Buffer.concat(frames.map((frame) => encodeFrame(frame, crc32)));

  test.each([1, 2, 3, 15, 16, 17, 100, 1_000])("come whole out of pieces of %d", (size) => {
    const reader = new FrameReader(LIMIT, crc32);
    const seen = [];
    for (let at = 0; at < bytes.length; at += size) {
      seen.push(...reader.push(bytes.subarray(at, at + size)));
    }
    expect(seen.map(({ type, payload: each }) => [type, Buffer.from(each)])).toEqual(
      frames.map((frame) => [frame.type, Buffer.from(frame.payload)]),
    );
    expect(reader.bufferedBytes).toBe(0);
  });

  // As a socket does that reads where the next bytes belong, and elsewhere where no payload is under way.
  test.each([1, 7, 16, 17, 64, 1_000])(
    "come whole into their own memory, %d bytes at a time",
    (size) => {
      const taken: number[] = [];
      const memory = {
        take: (length: number) => {
          taken.push(length);
          return new Uint8Array(length).fill(9);
        },
      };
      const reader = new FrameReader(LIMIT, crc32, memory);
      const seen: Frame[] = [];
      const lent = new Uint8Array(size);
      for (let at = 0; at < bytes.length;) {
        const { space } = reader;
        if (space === undefined) {
          lent.fill(0);
          const count = lent.length < bytes.length - at ? lent.length : bytes.length - at;
          lent.set(bytes.subarray(at, at + count));
          seen.push(...reader.push(lent.subarray(0, count), "lent"));
          at += count;
        } else {
          const count = Math.min(size, space.length);
          space.set(bytes.subarray(at, at + count));
          const frame = reader.filled(count);
          if (frame !== undefined) seen.push(frame);
          at += count;
        }
      }
      lent.fill(0);
      expect(seen.map(({ type, payload: each }) => [type, Buffer.from(each)])).toEqual(
        frames.map((frame) => [frame.type, Buffer.from(frame.payload)]),
      );
      expect(taken.every((length) => length > 0)).toBe(true);
      expect(reader.space).toBeUndefined();
    },
  );

  test("take no memory for a length alone", () => {
    const memory = { take: jest.fn((length: number) => new Uint8Array(length)) };
    const reader = new FrameReader(LIMIT, crc32, memory);
    const frame = encodeFrame({ type: FrameType.PING, flags: 0, handle: 0, payload }, crc32);
    expect([...reader.push(frame.subarray(0, 16))]).toEqual([]);
    expect(memory.take).not.toHaveBeenCalled();
    expect([...reader.push(frame.subarray(16, 17))]).toEqual([]);
    expect(memory.take).toHaveBeenCalledTimes(1);
    expect([...reader.push(frame.subarray(17))]).toHaveLength(1);
  });

  test("of unknown type are skipped unless they are critical", () => {
    const reader = new FrameReader(LIMIT, crc32);
    const unknown = { type: 0x7f, flags: 0, handle: 0, payload };
    const known = { type: FrameType.PING, flags: 0, handle: 0, payload };
    const both = Buffer.concat([encodeFrame(unknown, crc32), encodeFrame(known, crc32)]);
    expect([...reader.push(both)].map(({ type }) => type)).toEqual([FrameType.PING]);
    const critical = encodeFrame({ ...unknown, flags: FLAG_CRITICAL }, crc32);
    expect(codeOf(() => [...reader.push(critical)])).toBe("dwcp.protocol");
  });

  test("obey the limit that was agreed", () => {
    const reader = new FrameReader(LIMIT, crc32);
    reader.agree(4);
    expect(codeOf(() => [...reader.push(bytes)])).toBe("dwcp.frame_too_large");
  });
});

test("B9: every number of an error names one code", () => {
  const numbers = Object.values(DwcpCodes).map(({ wire }) => wire);
  expect(numbers).toEqual(Array.from({ length: 25 }, (_, at) => at + 1));
  expect(dwcpCodeOf(11)).toBe("dwcp.baseline_missing");
  expect(dwcpCodeOf(99)).toBeUndefined();
});
