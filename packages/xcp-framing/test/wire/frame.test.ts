import { describe, expect, test } from "@jest/globals";
import { concatBytes, crc32c, encodeUtf8, formatHex } from "@proj/wire-types";
import {
  encodeFrame,
  encodeFrameHead,
  Flag,
  type FrameEvent,
  type FrameHeader,
  FrameReader,
  type FrameReaderOptions,
  frameSize,
  MsgType,
  NO_TAGS,
  type Profile,
  type ReceivedFrame,
  writeFrame,
} from "@proj/xcp-framing";
import { codeOf } from "../support/code-of.js";
import { golden, goldenIds } from "../support/golden.js";

const EVERY_FLAG = Flag.COMP | Flag.CRYPT | Flag.MORE | Flag.ACKREQ | Flag.KPHASE;
const header: FrameHeader = {
  channelId: 1,
  msgType: MsgType.DATA,
  bodyCodec: 1,
  schemaKey: undefined,
  msgId: 7,
  inReplyTo: 0,
  tags: NO_TAGS,
};

function reader(options: Partial<FrameReaderOptions> = {}): FrameReader {
  return new FrameReader({ crc32c, limits: { maxHeaderBytes: 16_384 }, ...options });
}

/** A reader after the handshake. */
function openReader(options: Partial<FrameReaderOptions> = {}): FrameReader {
  const open = reader(options);
  open.setAllowedFlags(EVERY_FLAG);
  open.setLimits({ maxFrameBytes: 1_048_576, maxMessageBytes: 67_108_864 });
  return open;
}

function read(from: FrameReader, ...chunks: readonly Uint8Array[]): FrameEvent[] {
  const events: FrameEvent[] = [];
  for (const chunk of chunks) {
    from.push(chunk);
    for (let event = from.next(); event !== undefined; event = from.next()) events.push(event);
  }
  return events;
}

function frameOf(event: FrameEvent | undefined): ReceivedFrame {
  if (event?.kind !== "frame") throw new Error(`no frame but ${event?.kind}`);
  return event;
}

/** One frame of `payload`, as the wire has it. */
function wire(payload: Uint8Array, more: Partial<FrameHeader> = {}, flags = 0): Uint8Array {
  return concatBytes(
    encodeFrame("v0.2", { flags, header: { ...header, ...more }, payload }, crc32c),
  );
}

function changed(bytes: Uint8Array, at: number, ...values: readonly number[]): Uint8Array {
  const copy = bytes.slice();
  copy.set(values, at);
  return copy;
}

const goldenFrames: readonly (readonly [string, Profile])[] = [
  ...goldenIds(/^frame-/).map((id) => [id, "v0.2"] as const),
  ...goldenIds(/^json-(hello|caps|data)$/).map((id) => [id, "v0.2-json"] as const),
  ...goldenIds(/^v01-/).map((id) => [id, "v0.1"] as const),
];

describe("§3: golden frames", () => {
  test.each(goldenFrames)("%s is read, detected as %s, and written again", (id, profile) => {
    const bytes = golden(id);
    for (const step of [bytes.length, 7, 1]) {
      const from = openReader({ acceptV01: true });
      const chunks: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; at += step) chunks.push(bytes.subarray(at, at + step));
      const events = read(from, ...chunks);
      expect(events).toHaveLength(1);
      expect(from.profile).toBe(profile);
      expect(from.partial).toBe(false);
      const frame = frameOf(events[0]);
      expect(formatHex(concatBytes(encodeFrame(profile, frame, crc32c)))).toBe(formatHex(bytes));
      const written = new Uint8Array(frameSize(profile, frame) + 2).fill(0xee);
      expect(writeFrame(written, 1, profile, frame, crc32c)).toBe(1 + bytes.length);
      expect(formatHex(written)).toBe(`ee${formatHex(bytes)}ee`);
    }
  });

  test("frame-data-json holds what it says", () => {
    const [event] = read(openReader(), golden("frame-data-json"));
    expect(frameOf(event)).toMatchObject({
      ver: 2,
      flags: 0,
      header: {
        channelId: 1,
        msgType: MsgType.DATA,
        bodyCodec: 1,
        msgId: 2,
        schemaKey: { nsHash: 0x60bff317, kindId: 0xbde64e3e, major: 1, minor: 0 },
      },
      payload: golden("json-text"),
    });
  });

  test.each([
    ["neg-magic", "xcp.bad_magic"],
    ["neg-version", "xcp.version_unsupported"],
    ["neg-flag", "xcp.flags_reserved"],
  ])("%s closes with %s", (id, code) => {
    const from = openReader();
    from.push(golden(id));
    expect(codeOf(() => from.next())).toBe(code);
    expect(codeOf(() => from.next())).toBe(code);
  });

  test.each(["neg-crc", "neg-crc-be"])("%s is rejected, and the next frame is read", (id) => {
    const [first, second] = read(openReader(), golden(id), golden("frame-ack"));
    expect(first).toMatchObject({
      kind: "rejected",
      header: { msgId: 2 },
      error: { code: "xcp.crc_mismatch" },
    });
    expect(frameOf(second).header.msgType).toBe(MsgType.ACK);
  });
});

describe("§3: the receiver's checks, in their order", () => {
  const whole = wire(encodeUtf8("hello"));

  test.each([
    ["MAGIC before VER", changed(whole, 0, 0, 0, 0, 0, 0xff), "xcp.bad_magic"],
    ["VER before FLAGS", changed(whole, 4, 0x10, 0x03), "xcp.version_unsupported"],
    ["FLAGS before HLEN", changed(whole, 5, 0x01, 0, 0), "xcp.flags_reserved"],
    ["HLEN before HEADER", changed(whole, 6, 57, 0), "xcp.header_malformed"],
    ["HLEN of at least 16", changed(whole, 6, 8, 0), "xcp.header_malformed"],
    ["HLEN within the local cap", changed(whole, 6, 0x08, 0x40), "xcp.header_malformed"],
    ["VER 0.0", changed(whole, 4, 0x00), "xcp.version_unsupported"],
    ["VER 0.1 in this byte order", changed(whole, 4, 0x01), "xcp.version_unsupported"],
    ["KPHASE without CRYPT", changed(whole, 5, Flag.KPHASE), "xcp.flags_reserved"],
  ])("%s", (_what, bytes, code) => {
    const from = openReader();
    from.push(bytes);
    expect(codeOf(() => from.next())).toBe(code);
  });

  test("a minor above 2 is parsed as v0.2", () => {
    expect(frameOf(read(openReader(), changed(whole, 4, 0x0f))[0]).ver).toBe(0x0f);
  });

  test("a flag whose feature was not negotiated is refused, LARGE is not a feature", () => {
    for (const flag of [Flag.COMP, Flag.CRYPT, Flag.MORE, Flag.ACKREQ]) {
      const from = reader();
      from.push(wire(encodeUtf8("x"), {}, flag));
      expect(codeOf(() => from.next())).toBe("xcp.flags_reserved");
    }
    expect(frameOf(read(reader(), wire(encodeUtf8("x"), {}, Flag.LARGE))[0]).payload).toHaveLength(
      1,
    );
  });

  test.each([MsgType.HELLO, MsgType.CAPS])("type %p carries no flag but LARGE", (msgType) => {
    const from = openReader();
    from.push(wire(encodeUtf8("x"), { msgType }, Flag.COMP));
    expect(codeOf(() => from.next())).toBe("xcp.flags_reserved");
    expect(read(openReader(), wire(encodeUtf8("x"), { msgType }, Flag.LARGE))).toHaveLength(1);
  });

  test("LARGE with 2^64-1 is ERR_LENGTH_OVERFLOW", () => {
    const head = encodeFrameHead("v0.2", Flag.LARGE, header, 0);
    head.fill(0xff, head.length - 8);
    const from = openReader();
    from.push(head);
    expect(codeOf(() => from.next())).toBe("xcp.length_overflow");
  });

  test("PLEN above 65 536 is refused until the handshake ends, and then the connection is over", () => {
    const from = reader();
    from.push(encodeFrameHead("v0.2", 0, header, 65_537));
    expect(from.next()).toMatchObject({
      kind: "rejected",
      header: { msgId: 7 },
      error: { code: "xcp.message_too_large" },
    });
    expect(codeOf(() => from.next())).toBe("xcp.message_too_large");
    expect(read(reader(), wire(new Uint8Array(65_536)))).toHaveLength(1);
  });

  test("a frame that is too large is dropped as it streams in, and the next one is read", () => {
    const from = openReader();
    from.setLimits({ maxFrameBytes: 100, maxMessageBytes: 10_000 });
    const [first, second] = read(from, wire(new Uint8Array(10_000)), wire(new Uint8Array(100)));
    expect(first).toMatchObject({ kind: "rejected", error: { code: "xcp.message_too_large" } });
    expect(frameOf(second).payload).toHaveLength(100);
    from.push(encodeFrameHead("v0.2", 0, header, 10_001));
    expect(from.next()?.kind).toBe("rejected");
    expect(codeOf(() => from.next())).toBe("xcp.message_too_large");
  });

  test("PLEN huge with nothing behind it costs no memory", () => {
    const before = process.memoryUsage().arrayBuffers;
    const readers = Array.from({ length: 100 }, () => {
      const from = openReader();
      from.setLimits({ maxFrameBytes: 2 ** 32 - 1, maxMessageBytes: 2 ** 40 });
      from.push(encodeFrameHead("v0.2", 0, header, 2 ** 32 - 1));
      expect(from.next()).toBeUndefined();
      expect(from.partial).toBe(true);
      return from;
    });
    expect(readers).toHaveLength(100);
    // 100 × the first MiB, where 100 × 4 GiB were announced.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(110 * 1_048_576);
  });
});

describe("§3: payloads", () => {
  test("a small one that lies in one chunk is a view of it, split ones are copies", () => {
    const bytes = wire(encodeUtf8("hello"));
    const viewed = frameOf(read(openReader(), bytes)[0]).payload;
    expect(viewed.buffer).toBe(bytes.buffer);
    const [copied] = read(openReader(), bytes.subarray(0, 70), bytes.subarray(70));
    expect(frameOf(copied).payload.buffer).not.toBe(bytes.buffer);
  });

  test("from 64 KiB on they start 8-byte aligned in a buffer of their own, whatever the split", () => {
    const payload = Uint8Array.from({ length: 3_000_001 }, (_, i) => i % 251);
    const bytes = wire(payload);
    const limits = { maxFrameBytes: 4_000_000, maxMessageBytes: 4_000_000 };
    for (const step of [bytes.length, 65_536, 1_000_003]) {
      const from = openReader();
      from.setLimits(limits);
      const chunks: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; at += step) chunks.push(bytes.subarray(at, at + step));
      const frame = frameOf(read(from, ...chunks)[0]);
      expect(frame.payload.byteOffset).toBe(0);
      expect(frame.payload.buffer).not.toBe(bytes.buffer);
      expect(Buffer.compare(frame.payload, payload)).toBe(0);
    }
  });

  test("from 4 KiB on they are handed to the socket uncopied", () => {
    const payload = new Uint8Array(4096);
    const parts = encodeFrame("v0.2", { flags: 0, header, payload }, crc32c);
    expect(parts).toHaveLength(3);
    expect(parts[1]).toBe(payload);
    expect(
      encodeFrame("v0.2", { flags: 0, header, payload: payload.subarray(1) }, crc32c),
    ).toHaveLength(1);
  });

  test("frames that repeat a schema key share it", () => {
    const schemaKey = {
      nsHash: 1,
      kindId: 2,
      major: 1,
      minor: 0,
      hash128: new Uint8Array(16).fill(3),
    };
    const bytes = wire(encodeUtf8("x"), { schemaKey });
    const other = wire(encodeUtf8("x"), { schemaKey: { ...schemaKey, kindId: 4 } });
    const [a, b, c] = read(openReader(), bytes, bytes, other);
    expect(frameOf(a).header.schemaKey).toEqual(schemaKey);
    expect(frameOf(b).header.schemaKey).toBe(frameOf(a).header.schemaKey);
    expect(frameOf(c).header.schemaKey?.kindId).toBe(4);
  });
});

describe("§5: profiles", () => {
  test("v0.1 is recognised only when it is enabled", () => {
    const from = openReader();
    from.push(golden("v01-hello"));
    expect(codeOf(() => from.next())).toBe("xcp.bad_magic");
  });

  test("the profile is fixed for the connection", () => {
    const binary = openReader({ acceptV01: true });
    read(binary, golden("frame-hello"));
    binary.push(golden("v01-data"));
    expect(codeOf(() => binary.next())).toBe("xcp.bad_magic");
    const json = openReader();
    read(json, golden("json-hello"));
    json.push(golden("frame-data-json"));
    expect(codeOf(() => json.next())).toBe("xcp.header_malformed");
  });

  test("an initiator's profile is not changed by the first frame", () => {
    const from = openReader({ profile: "v0.2" });
    from.push(golden("json-caps"));
    expect(codeOf(() => from.next())).toBe("xcp.header_malformed");
  });

  test("v0.1 has a big-endian 8-byte PLEN with LARGE", () => {
    const payload = encodeUtf8("hello");
    const frame = { flags: Flag.LARGE, header: { ...header, schemaId: 5 }, payload };
    const bytes = concatBytes(encodeFrame("v0.1", frame, crc32c));
    const [event] = read(openReader({ acceptV01: true }), bytes);
    expect(frameOf(event).payload).toEqual(payload);
    expect(frameOf(event).header).toEqual({ ...frame.header, schemaKey: undefined });
    const overflow = changed(bytes, bytes.length - payload.length - 8, 0xff, 0xff);
    const from = openReader({ acceptV01: true });
    from.push(overflow);
    expect(codeOf(() => from.next())).toBe("xcp.length_overflow");
  });
});

describe("§5.1: the byte order of CRCs is learnt", () => {
  const json = (payload: string, order: "le" | "be"): Uint8Array =>
    concatBytes(
      encodeFrame("v0.2-json", { flags: 0, header, payload: encodeUtf8(payload) }, crc32c, order),
    );

  test("from the first CRC that is no palindrome; then it is required", () => {
    const from = openReader();
    // The CRC of no bytes is 0, the same in both orders.
    expect(read(from, json("", "be"))).toHaveLength(1);
    expect(from.crcOrder).toBeUndefined();
    expect(frameOf(read(from, json("hello", "le"))[0]).payload).toHaveLength(5);
    expect(from.crcOrder).toBe("le");
    expect(read(from, json("hello", "be"))[0]).toMatchObject({
      error: { code: "xcp.crc_mismatch" },
    });
    expect(read(from, json("hello", "le"))[0]?.kind).toBe("frame");
  });

  test("a palindrome of a body says nothing either", () => {
    const palindrome = palindromicBody();
    const from = openReader();
    expect(read(from, json(palindrome, "le"))[0]?.kind).toBe("frame");
    expect(from.crcOrder).toBeUndefined();
    expect(read(from, json("hello", "be"))[0]?.kind).toBe("frame");
    expect(from.crcOrder).toBe("be");
  });
});

/** A body whose CRC reads the same in both byte orders: one in 65 536 does. */
function palindromicBody(): string {
  for (let i = 0; ; i++) {
    const crc = crc32c(encodeUtf8(`{"n":${i}}`));
    const low = ((crc & 0xff) << 8) | ((crc >>> 8) & 0xff);
    if (low === crc >>> 16) return `{"n":${i}}`;
  }
}
