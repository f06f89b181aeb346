import { describe, expect, test } from "@jest/globals";
import {
  AttachmentRef,
  createEther,
  type Ether,
  jsonCodec,
  protobufCodec,
  QuantizedTensor,
  resolveEtherLimits,
  textEther,
  type Value,
  type ValueMap,
} from "@proj/ether-codecs";
import { decodeUtf8, encodeUtf8, formatHex, TensorView } from "@proj/wire-types";
import { golden, goldenBytes } from "../golden.js";

const decode = (text: string): Ether => {
  const [ether] = jsonCodec.decode(encodeUtf8(text), {});
  if (ether === undefined) throw new Error("nothing");
  return ether;
};
const encode = (payload: ValueMap): string =>
  decodeUtf8(jsonCodec.encode([{ ...textEther(""), payload }], {}).body);
const withPayload = (payload: string): string =>
  `{"kind":"k","schema_version":1,"payload":${payload},"metadata":{}}`;
const code = (name: string): object => expect.objectContaining({ code: name });

describe("golden JSON body", () => {
  test("json-text both ways", () => {
    expect(formatHex(jsonCodec.encode([textEther("hello")], {}).body)).toBe(
      golden("json-text").hex,
    );
    const [ether] = jsonCodec.decode(goldenBytes("json-text"), {});
    expect(ether?.kind).toBe("text");
    expect(ether?.payload["text"]).toBe("hello");
  });

  test("§5.1: JSON text under bodyCodec 8 is decoded as JSON", () => {
    expect(protobufCodec.decode(goldenBytes("json-text"), {})[0]?.payload["text"]).toBe("hello");
  });
});

describe("§14.1: writing", () => {
  test("members keep their order and empty ones of the optional are left out", () => {
    const ether = createEther({
      kind: "k",
      schemaVersion: 2,
      payload: { b: 1, a: 2 },
      metadata: { m: "x" },
      extraFields: { e: true },
      attachments: [{ id: "i", inlineBytes: Uint8Array.of(1), mediaType: "a/b", sizeBytes: 1 }],
    });
    expect(decodeUtf8(jsonCodec.encode([ether], {}).body)).toBe(
      '{"kind":"k","schema_version":2,"payload":{"b":1,"a":2},"metadata":{"m":"x"},' +
        '"extra_fields":{"e":true},"attachments":[{"id":"i","inline_bytes":"AQ==","media_type":"a/b","size_bytes":1}]}',
    );
    expect(decodeUtf8(jsonCodec.encode([ether], { deterministic: true }).body)).toContain(
      '{"a":2,"b":1}',
    );
  });

  test.each<[string, Value, string]>([
    ["bytes", Uint8Array.of(0, 255), '{"$b64":"AP8="}'],
    ["a reference", new AttachmentRef("x"), '{"$att":"x"}'],
    ["a float32 vector as f64 values", Float32Array.of(0.1, -0), "[0.10000000149011612,-0]"],
    ["an int64 vector", BigInt64Array.of(-5n), "[-5]"],
    ["a small bigint", 7n, "7"],
    ["minus zero", -0, "-0"],
    ["a bool vector", new TensorView("bool", [2], Uint8Array.of(1, 0)), "[true,false]"],
    ["a half vector", new TensorView("float16", [1], Uint16Array.of(0x3c00)), "[1]"],
    ["a matrix", new TensorView("int32", [2, 2], Int32Array.of(1, 2, 3, 4)), "[[1,2],[3,4]]"],
    ["an empty matrix", new TensorView("int32", [2, 0], new Int32Array(0)), "[[],[]]"],
    ["text", '\u2028"\\', '"\u2028\\"\\\\"'],
    ["quantised numbers", quantized(), "[1,-1]"],
  ])("%s", (_what, value, text) => {
    expect(encode({ v: value })).toContain(`"payload":{"v":${text}}`);
  });

  test.each<[string, Value]>([
    ["NaN", Number.NaN],
    ["infinity", [Number.POSITIVE_INFINITY]],
    ["NaN in a vector", Float32Array.of(Number.NaN)],
    ["a bigint beyond 2^53-1", 2n ** 53n],
    ["a 64-bit element beyond 2^53-1", BigUint64Array.of(2n ** 60n)],
    ["a lone surrogate", "\ud800"],
    ["a lone surrogate as key", { "\udc00": 1 }],
    ["a map that looks like bytes", { $b64: "AA==" }],
    ["a map that looks like a reference", [{ $att: "a" }]],
    ["a function", (() => 1) as unknown as Value],
    ["a date", new Date(0) as unknown as Value],
  ])("%s is refused", (_what, value) => {
    expect(() => encode({ v: value })).toThrow(code("ether.ether_invalid"));
  });
});

describe("§14.1: reading", () => {
  test("§13: keys that name a prototype are keys", () => {
    const { payload } = decode(
      withPayload(
        '{"__proto__":{"polluted":1},"constructor":{"prototype":{"x":1}},"n":{"__proto__":2}}',
      ),
    );
    expect(Object.getPrototypeOf(payload)).toBeNull();
    expect(Object.keys(payload)).toEqual(["__proto__", "constructor", "n"]);
    expect((payload["n"] as ValueMap)["__proto__"]).toBe(2);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    expect(encode(payload)).toContain('"__proto__":{"polluted":1}');
  });

  test("one byte order mark is skipped, a second is malformed", () => {
    const text = encodeUtf8(withPayload("{}"));
    const mark = [0xef, 0xbb, 0xbf];
    expect(jsonCodec.decode(Uint8Array.of(...mark, ...text), {})).toHaveLength(1);
    expect(() => jsonCodec.decode(Uint8Array.of(...mark, ...mark, ...text), {})).toThrow(
      code("ether.body_malformed"),
    );
  });

  test("the last of duplicate members wins", () => {
    expect(decode(withPayload('{"a":1,"a":2}')).payload["a"]).toBe(2);
    expect(decode('{"kind":"a","kind":"b","schema_version":1,"payload":{}}').kind).toBe("b");
  });

  test("absent and null members are empty", () => {
    const ether = decode(
      '{"kind":"a","schema_version":1,"payload":{},"metadata":null,"extra_fields":null,"attachments":null}',
    );
    expect(ether.metadata).toEqual({});
    expect(ether.extraFields).toEqual({});
    expect(ether.attachments).toEqual([]);
  });

  test("null members of an attachment are absent", () => {
    const [attachment] = decode(
      '{"kind":"a","schema_version":1,"payload":{},"attachments":[{"id":"x","uri":"shm://a/b","inline_bytes":null,"shape":null,"codec":null,"unknown":1}]}',
    ).attachments;
    expect(attachment).toEqual({ id: "x", uri: "shm://a/b" });
  });

  test("unknown members are ignored and counted", () => {
    const counts: number[] = [];
    const text = '{"kind":"a","schema_version":1,"payload":{},"one":1,"two":{}}';
    jsonCodec.decode(encodeUtf8(text), { countUnknown: (count) => counts.push(count) });
    expect(counts).toEqual([2]);
  });

  test.each([
    ["NaN", withPayload('{"a":NaN}')],
    ["Infinity", withPayload('{"a":-Infinity}')],
    ["a number beyond a double", withPayload('{"a":1e999}')],
    ["a lone surrogate", withPayload('{"a":"\\ud800"}')],
    ["a lone surrogate as key", withPayload('{"\\udfff":1}')],
    ["broken base64", withPayload('{"a":{"$b64":"A"}}')],
    ["bytes that are no text", withPayload('{"a":{"$b64":1}}')],
    ["a reference that is no text", withPayload('{"a":{"$att":null}}')],
    ["a trailing comma", withPayload('{"a":1,}')],
    ["nothing", ""],
    ["text after the value", `${withPayload("{}")}x`],
  ])("%s is malformed", (_what, text) => {
    expect(() => decode(text)).toThrow(code("ether.body_malformed"));
  });

  test("bytes that are not UTF-8 are malformed", () => {
    const body = encodeUtf8(withPayload('{"a":"?"}'));
    body[body.indexOf(0x3f)] = 0xff;
    expect(() => jsonCodec.decode(body, {})).toThrow(code("ether.body_malformed"));
  });

  test.each([
    ["a list", "[]"],
    ["no kind", '{"schema_version":1,"payload":{}}'],
    ["an empty kind", '{"kind":"","schema_version":1,"payload":{}}'],
    ["a long kind", `{"kind":"${"k".repeat(129)}","schema_version":1,"payload":{}}`],
    ["version 0", '{"kind":"a","schema_version":0,"payload":{}}'],
    ["version 65536", '{"kind":"a","schema_version":65536,"payload":{}}'],
    ["half a version", '{"kind":"a","schema_version":1.5,"payload":{}}'],
    ["no payload", '{"kind":"a","schema_version":1}'],
    ["a payload that is a list", withPayload("[]")],
    [
      "attachments that are no list",
      '{"kind":"a","schema_version":1,"payload":{},"attachments":{}}',
    ],
  ])("%s is no Ether", (_what, text) => {
    expect(() => decode(text)).toThrow(code("ether.ether_invalid"));
  });

  test.each([
    ["no id", '{"uri":"shm://a/b"}'],
    ["no data", '{"id":"a"}'],
    ["two sources", '{"id":"a","uri":"shm://a/b","inline_bytes":"AA=="}'],
    ["another size", '{"id":"a","inline_bytes":"AA==","size_bytes":2}'],
    ["another shape", '{"id":"a","inline_bytes":"AA==","dtype":"float32","shape":[1]}'],
    ["an unknown dtype", '{"id":"a","inline_bytes":"AA==","dtype":"float8"}'],
    ["a shape that is no list", '{"id":"a","inline_bytes":"AA==","shape":1}'],
    ["an id used twice", '{"id":"a","inline_bytes":""},{"id":"a","inline_bytes":""}'],
  ])("an attachment with %s is invalid", (_what, attachments) => {
    const text = `{"kind":"a","schema_version":1,"payload":{},"attachments":[${attachments}]}`;
    expect(() => decode(text)).toThrow(code("ether.attachment_invalid"));
  });
});

describe("§13: limits", () => {
  const nested = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);

  test("64 levels pass both ways, 65 fail both ways", () => {
    const { payload } = decode(withPayload(`{"a":${nested(63)}}`));
    expect(encode(payload)).toContain(nested(63));
    expect(() => decode(withPayload(`{"a":${nested(64)}}`))).toThrow(code("ether.too_large"));
    expect(() => encode({ a: [payload["a"] ?? null] })).toThrow(code("ether.ether_invalid"));
  });

  test("bytes at the deepest level pass", () => {
    const inner = `${"[".repeat(63)}{"$b64":"AA=="}${"]".repeat(63)}`;
    const { payload } = decode(withPayload(`{"a":${inner}}`));
    expect(encode(payload)).toContain(inner);
  });

  test("a million levels do not overflow the stack", () => {
    expect(() => decode(withPayload(nested(1_000_000)))).toThrow(code("ether.too_large"));
    let value: Value = [];
    for (let i = 0; i < 100_000; i++) value = [value];
    expect(() => encode({ a: value })).toThrow(code("ether.ether_invalid"));
  });

  test("values are counted before they are made", () => {
    const limits = resolveEtherLimits({ maxValues: 16 });
    const body = encodeUtf8(withPayload(`{"a":[${"0,".repeat(100)}0]}`));
    expect(() => jsonCodec.decode(body, { limits })).toThrow(code("ether.too_large"));
  });

  test("a body longer than allowed is not read", () => {
    const limits = resolveEtherLimits({ maxBodyBytes: 64 });
    expect(() => jsonCodec.decode(new Uint8Array(65), { limits })).toThrow(code("ether.too_large"));
  });

  test("brackets and commas inside text do not count", () => {
    const limits = resolveEtherLimits({ maxValues: 20 });
    const text = withPayload(`{"a":"${"[{,:".repeat(100)}\\\\\\""}`);
    expect(jsonCodec.decode(encodeUtf8(text), { limits })).toHaveLength(1);
  });
});

function quantized(): QuantizedTensor {
  const header = { dtype: 2, shape: [2], scale: 0.5, rowQuantized: false, columnMajor: false };
  return new QuantizedTensor(header, Uint8Array.of(130, 126));
}
