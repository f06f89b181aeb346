import { describe, expect, test } from "@jest/globals";
import { decodeUtf8, encodeUtf8 } from "@proj/wire-types";
import {
  decodeJsonHeader,
  decodeV01Header,
  encodeJsonHeader,
  encodeV01Header,
  type FrameHeader,
  MsgType,
  NO_TAGS,
} from "@proj/xcp-framing";
import { codeOf } from "../support/code-of.js";

const header: FrameHeader = {
  channelId: 1,
  msgType: MsgType.DATA,
  bodyCodec: 1,
  schemaKey: undefined,
  msgId: 7,
  inReplyTo: 0,
  tags: NO_TAGS,
};

function decode(text: string): FrameHeader {
  return decodeJsonHeader(encodeUtf8(text));
}

describe("§5.1: a JSON header", () => {
  test.each([2 ** 53 - 1, 2n ** 53n, 2n ** 53n + 1n, 2n ** 64n - 1n])(
    "keeps msgId %p to the bit",
    (msgId) => {
      const again = decodeJsonHeader(encodeJsonHeader({ ...header, msgId, inReplyTo: msgId }));
      expect(again.msgId).toBe(msgId);
      expect(again.inReplyTo).toBe(msgId);
    },
  );

  test("keeps a full key and tags of any text", () => {
    const full: FrameHeader = {
      ...header,
      schemaKey: {
        nsHash: 0xffffffff,
        kindId: 1,
        major: 2,
        minor: 3,
        hash128: new Uint8Array(16).fill(0xa5),
      },
      tags: [{ key: 'quote"\\', val: "ä€😀\n" }],
    };
    expect(decodeJsonHeader(encodeJsonHeader(full))).toEqual(full);
  });

  test("missing members are zero, DATA and JSON", () => {
    expect(decode("{}")).toEqual({ ...header, channelId: 0, msgId: 0 });
  });

  test("a large id is found whatever stands around it", () => {
    const id = 2n ** 64n - 1n;
    const text = `{"nested":{"msgId":1,"a":["msgId",{"msgId":2}]},"x":"\\"msgId\\":3","msg\\u0049d" : ${id} }`;
    expect(decode(text).msgId).toBe(id);
  });

  test("of duplicate members the last one wins, also when it is the large one", () => {
    expect(decode('{"msgId":18446744073709551615,"msgId":5}').msgId).toBe(5);
    expect(decode('{"msgId":5,"msgId":18446744073709551615}').msgId).toBe(2n ** 64n - 1n);
  });

  test.each([
    '{"msgId":18446744073709551616}',
    '{"msgId":1e20}',
    '{"msgId":-1}',
    '{"msgId":1.5}',
    '{"msgId":"7"}',
    '{"msgId":null}',
    '{"channelId":4294967296}',
    '{"msgType":65536}',
    '{"bodyCodec":true}',
    '{"tags":{}}',
    '{"tags":[1]}',
    '{"tags":[{"key":1}]}',
    '{"schemaKey":[]}',
    '{"schemaKey":{"hash128":"00"}}',
    '{"schemaKey":{"hash128":"zz000000000000000000000000000000"}}',
    '{"schemaKey":{"kindId":-1}}',
    "[]",
    "7",
    "{",
    '{"x":NaN}',
    "\u{feff}{}",
  ])("%s is malformed", (text) => {
    expect(codeOf(() => decode(text))).toBe("xcp.header_malformed");
  });

  test("bytes that are not UTF-8 are malformed", () => {
    expect(codeOf(() => decodeJsonHeader(Uint8Array.of(0x7b, 0xff, 0x7d)))).toBe(
      "xcp.header_malformed",
    );
  });

  test("nesting as deep as a header can be is read or refused, and never overflows", () => {
    const deep = `{"x":${"[".repeat(30_000)}${"]".repeat(30_000)},"msgId":18446744073709551615}`;
    expect(decode(deep).msgId).toBe(2n ** 64n - 1n);
    expect(codeOf(() => decode(`{"x":${"[".repeat(60_000)}`))).toBe("xcp.header_malformed");
  });

  test("members named like a prototype's are only members", () => {
    const decoded = decode(
      '{"__proto__":{"msgId":9},"constructor":1,"schemaKey":{"__proto__":{"kindId":3}}}',
    );
    expect(decoded).toEqual({ ...header, channelId: 0, msgId: 0 });
    expect(Object.hasOwn(Object.prototype, "msgId")).toBe(false);
  });

  test("tags keep the limits of the binary header", () => {
    const tags = JSON.stringify(Array.from({ length: 65 }, () => ({ key: "", val: "" })));
    expect(codeOf(() => decode(`{"tags":${tags}}`))).toBe("xcp.header_malformed");
    const long = JSON.stringify([{ key: "ä".repeat(65), val: "" }]);
    expect(codeOf(() => decode(`{"tags":${long}}`))).toBe("xcp.header_malformed");
  });
});

describe("§5.2: a v0.1 header", () => {
  test("names its schema by a 64-bit number", () => {
    const v01 = { ...header, schemaId: 0x4a48353ad6107ed2n };
    expect(decodeUtf8(encodeV01Header(v01))).toContain('"schemaId":5352586683945615058,');
    expect(decodeV01Header(encodeV01Header(v01))).toEqual(v01);
  });

  test("a v0.2 header has no schema there", () => {
    expect(decodeV01Header(encodeV01Header(header))).toEqual({ ...header, schemaId: 0 });
    expect(decodeV01Header(encodeUtf8("{}"))).toMatchObject({ msgType: 0x20, bodyCodec: 1 });
  });
});
