import { describe, expect, test } from "@jest/globals";
import { formatHex, parseHex } from "@proj/wire-types";
import {
  decodeCapnpHeader,
  encodeCapnpHeader,
  type FrameHeader,
  MsgType,
  NO_TAGS,
} from "@proj/xcp-framing";
import { golden, goldenVector } from "../support/golden.js";
import { codeOf } from "../support/code-of.js";

const minimal: FrameHeader = {
  channelId: 1,
  msgType: MsgType.DATA,
  bodyCodec: 1,
  schemaKey: undefined,
  msgId: 7,
  inReplyTo: 0,
  tags: NO_TAGS,
};
const empty = { ...minimal, channelId: 0, msgType: 0, bodyCodec: 0, msgId: 0 };
const full: FrameHeader = {
  channelId: 0x01020304,
  msgType: MsgType.DATA,
  bodyCodec: 0x20,
  schemaKey: {
    nsHash: 0x60bff317,
    kindId: 0xcde5b5f2,
    major: 1,
    minor: 0,
    hash128: parseHex(String(goldenVector("schema-embedding")["hash128"])),
  },
  msgId: 2n ** 53n + 1n,
  inReplyTo: 2n ** 64n - 1n,
  tags: [
    { key: "trace_id", val: "t-1" },
    { key: "empty", val: "" },
  ],
};

describe("§4: a Cap'n Proto header", () => {
  test.each([
    ["hdr-min", minimal],
    ["hdr-default", empty],
    ["hdr-full", full],
  ])("%s is written and read byte for byte", (id, header) => {
    expect(formatHex(encodeCapnpHeader(header))).toBe(formatHex(golden(id)));
    expect(decodeCapnpHeader(golden(id))).toEqual(header);
  });

  test.each([
    ["hdr-null-root", empty],
    ["hdr-multiseg", full],
    ["hdr-doublefar", minimal],
    ["hdr-evolved", minimal],
    ["hdr-short", minimal],
  ])("%s, another legal encoding, is read", (id, header) => {
    expect(decodeCapnpHeader(golden(id))).toEqual(header);
  });

  test.each(["neg-hdr-oob", "neg-hdr-amplify", "neg-hdr-loop", "neg-hdr-segs", "neg-hdr-hash15"])(
    "%s is ERR_HEADER_MALFORMED",
    (id) => {
      expect(codeOf(() => decodeCapnpHeader(golden(id)))).toBe("xcp.header_malformed");
    },
  );

  test("takes 56 bytes without key and tags, and 96 with a full key", () => {
    expect(encodeCapnpHeader(minimal)).toHaveLength(56);
    expect(encodeCapnpHeader({ ...full, tags: NO_TAGS })).toHaveLength(96);
  });

  test.each([0, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER, 2n ** 53n, 2n ** 64n - 1n])(
    "keeps msgId %p to the bit",
    (msgId) => {
      const decoded = decodeCapnpHeader(encodeCapnpHeader({ ...minimal, msgId, inReplyTo: msgId }));
      expect(decoded.msgId).toBe(msgId);
      expect(decoded.inReplyTo).toBe(msgId);
    },
  );

  test("a key that is all zero reads as none", () => {
    const schemaKey = { nsHash: 0, kindId: 0, major: 0, minor: 0, hash128: new Uint8Array(16) };
    expect(
      decodeCapnpHeader(encodeCapnpHeader({ ...minimal, schemaKey })).schemaKey,
    ).toBeUndefined();
  });

  test("a key without hash is read by the fast and the general path alike", () => {
    const schemaKey = { nsHash: 1, kindId: 2, major: 3, minor: 4 };
    const tags = [{ key: "a", val: "ä" }];
    expect(decodeCapnpHeader(encodeCapnpHeader({ ...minimal, schemaKey }))).toEqual({
      ...minimal,
      schemaKey,
    });
    expect(decodeCapnpHeader(encodeCapnpHeader({ ...minimal, schemaKey, tags }))).toEqual({
      ...minimal,
      schemaKey,
      tags,
    });
  });

  test("nothing in the result refers to the bytes", () => {
    const bytes = golden("hdr-multiseg");
    const decoded = decodeCapnpHeader(bytes);
    bytes.fill(0xff);
    expect(decoded).toEqual(full);
  });

  test("a writer's buffer that was used before does not shine through", () => {
    const bytes = encodeCapnpHeader({ ...full, tags: [{ key: "k", val: "a longer value" }] });
    expect(bytes.at(-1)).toBe(0);
    expect(decodeCapnpHeader(bytes).tags).toEqual([{ key: "k", val: "a longer value" }]);
  });

  test("bytes after the last segment are malformed", () => {
    const bytes = new Uint8Array([...golden("hdr-min"), 0, 0, 0, 0, 0, 0, 0, 0]);
    expect(codeOf(() => decodeCapnpHeader(bytes))).toBe("xcp.header_malformed");
  });

  test("tags are limited to 64, keys to 128 bytes, values to 4096 bytes of UTF-8", () => {
    const tags = Array.from({ length: 64 }, (_, i) => ({ key: `k${i}`, val: "v" }));
    const allowed = { ...minimal, tags: [{ key: "k".repeat(128), val: "v".repeat(4096) }] };
    expect(decodeCapnpHeader(encodeCapnpHeader({ ...minimal, tags })).tags).toEqual(tags);
    expect(decodeCapnpHeader(encodeCapnpHeader(allowed))).toEqual(allowed);
    for (const refused of [
      [...tags, { key: "one", val: "more" }],
      [{ key: "ä".repeat(65), val: "" }],
      [{ key: "", val: "v".repeat(4097) }],
    ]) {
      expect(() => encodeCapnpHeader({ ...minimal, tags: refused })).toThrow(RangeError);
    }
  });

  test("a tag that is not UTF-8 or lacks its NUL is malformed", () => {
    const bytes = encodeCapnpHeader({ ...minimal, tags: [{ key: "key", val: "value" }] });
    const at = bytes.indexOf("k".charCodeAt(0));
    const invalid = bytes.slice();
    invalid[at] = 0xff;
    const endless = bytes.slice();
    endless[at + 3] = 1;
    expect(codeOf(() => decodeCapnpHeader(invalid))).toBe("xcp.header_malformed");
    expect(codeOf(() => decodeCapnpHeader(endless))).toBe("xcp.header_malformed");
  });

  test("a list of plain texts, which an older schema may have written, reads as keys", () => {
    // tags: a list of one pointer, to the text "k".
    const bytes = parseHex(
      "0000000008000000" + // eight words
        "0000000003000200" +
        "0100000000010100" +
        "0700000000000000" +
        "0000000000000000" +
        "0000000000000000" +
        "010000000e000000" + // pointers × 1
        "0100000012000000" + // bytes × 2
        "6b00000000000000",
    );
    expect(decodeCapnpHeader(bytes).tags).toEqual([{ key: "k", val: "" }]);
  });

  test("a list that shares its elements is charged for each of them", () => {
    // 64 tags whose keys are all the same text of 129 bytes: 64 × 136 bytes exceed eight times the header.
    const words = 1 + 5 + 1 + 128 + 17;
    const bytes = new Uint8Array(8 * (words + 1));
    const view = new DataView(bytes.buffer);
    view.setUint32(4, words, true);
    view.setUint32(12, 0x0002_0003, true);
    view.setUint32(48, 1, true);
    view.setUint32(52, (128 << 3) | 7, true);
    view.setUint32(56, 64 << 2, true);
    view.setUint32(60, 0x0002_0000, true);
    const text = 64 + 128 * 8;
    for (let i = 0; i < 128; i++) {
      const at = 64 + 8 * i;
      view.setUint32(at, (((text - at - 8) / 8) << 2) | 1, true);
      view.setUint32(at + 4, (129 << 3) | 2, true);
    }
    bytes.fill(0x61, text, text + 128);
    expect(codeOf(() => decodeCapnpHeader(bytes))).toBe("xcp.header_malformed");
  });
});
