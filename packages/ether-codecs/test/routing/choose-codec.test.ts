import { describe, expect, test } from "@jest/globals";
import {
  arrowCodec,
  AttachmentRef,
  checkCodecPolicy,
  codecCandidates,
  createEther,
  decodeBody,
  embeddingEther,
  encodeBodies,
  encodeBody,
  encodeValue,
  estimateSize,
  type Ether,
  jsonCodec,
  preferredCodec,
  quantize,
  standardCodecs,
  standardSchemas,
  type Tag,
  tensorEther,
  tensorF32Codec,
  textEther,
  type Value,
  type ValueMap,
} from "@proj/ether-codecs";
import { CodecId, decodeUtf8, encodeUtf8, TensorView } from "@proj/wire-types";
import { goldenBytes } from "../golden.js";

const { JSON: json, PROTOBUF: proto, ARROW_IPC: arrow, TENSOR_F16: f16 } = CodecId;
const all = [json, proto, arrow, f16];
const code = (name: string): object => expect.objectContaining({ code: name });
const sizeOf = (payload: ValueMap): number =>
  estimateSize(createEther({ kind: "k", payload })).bytes;
// `text` of an Ether whose estimate is `size`: 16 + key 4 + 2 + text.
const ofSize = (size: number): Ether => textEther("x".repeat(size - 22));

describe("§15.1: the estimate", () => {
  test.each<[string, Value, number]>([
    ["text", "hé", 3],
    ["a number", 1, 8],
    ["a bigint", 1n, 8],
    ["bytes", new Uint8Array(5), 5],
    ["a vector", new Float32Array(3), 12],
    ["a tensor", new TensorView("float16", [2, 2], new Uint16Array(4)), 8],
    ["an 8-bit tensor by rows", quantize([2, 2], new Float32Array(4), "row"), 12],
    ["a list", [1, "ab"], 8 + 2 + 2 + 2],
    ["a map", { ab: 1 }, 2 + 2 + 8],
    ["null", null, 1],
    ["a reference", new AttachmentRef("abc"), 3],
  ])("%s", (_what, value, bytes) => expect(sizeOf({ k: value })).toBe(16 + 1 + 2 + bytes));

  test("metadata, extra fields and inline attachments count", () => {
    const ether = createEther({
      kind: "k",
      payload: {},
      metadata: { a: "1" },
      extraFields: { b: "2" },
      attachments: [
        { id: "x", inlineBytes: new Uint8Array(100) },
        { id: "y", uri: "shm://a/b", sizeBytes: 1000 },
      ],
    });
    expect(estimateSize(ether)).toEqual({ bytes: 16 + 4 + 4 + 100, binary: true, rawBytes: true });
  });
});

describe("§15.1: the preferred codec", () => {
  test("§24: a size exactly on a boundary belongs to the larger class", () => {
    const at = (size: number): number | undefined =>
      codecCandidates([ofSize(size)], { common: all })[0];
    expect(estimateSize(ofSize(2048)).bytes).toBe(2048);
    expect([at(2047), at(2048), at(10_239), at(10_240)]).toEqual([json, proto, proto, arrow]);
  });

  test("binary content is never small enough for JSON", () => {
    for (const value of [
      Uint8Array.of(1),
      Float32Array.of(1),
      new TensorView("bool", [0], new Uint8Array()),
    ]) {
      const ether = createEther({ kind: "k", payload: { value } });
      expect(preferredCodec(estimateSize(ether))).toBe(proto);
    }
  });

  test("a batch counts as its sum", () => {
    const batch = Array.from({ length: 10 }, () => ofSize(1024));
    expect(codecCandidates(batch, { common: all })[0]).toBe(arrow);
  });

  test("a single tensor of 2048 bytes may lose its envelope where the caller allows it", () => {
    const tensor = embeddingEther(new Float32Array(768));
    const options = { common: all, tensorCodecs: [CodecId.TENSOR_F32, f16] };
    expect(codecCandidates([tensor], options)[0]).toBe(f16);
    expect(codecCandidates([tensor], { common: all })[0]).toBe(proto);
    expect(codecCandidates([embeddingEther(new Float32Array(512))], options)[0]).toBe(f16);
    expect(codecCandidates([embeddingEther(new Float32Array(511))], options)[0]).toBe(proto);
    const named = embeddingEther(new Float32Array(768), { extraFields: { a: 1 } });
    expect(codecCandidates([named], options)[0]).toBe(proto);
    expect(codecCandidates([tensor, tensor], options)[0]).toBe(proto);
  });
});

describe("§15.2: fallback", () => {
  const large = [ofSize(20_000)];
  const middle = [ofSize(4000)];
  const small = [ofSize(100)];

  test.each([
    ["ARROW_IPC", large, [arrow, proto, json]],
    ["PROTOBUF", middle, [proto, arrow, json]],
    ["JSON", small, [json, proto, arrow]],
  ])("from %s", (_what, ethers, chain) => {
    expect(codecCandidates(ethers, { common: all })).toEqual(chain);
    const common = chain.slice(1);
    expect(codecCandidates(ethers, { common })).toEqual(common);
  });

  test("nothing in common is an error", () => {
    expect(() => codecCandidates(small, { common: [] })).toThrow(code("ether.codec_unsupported"));
    expect(() => codecCandidates(small, { common: [0x8001] })).toThrow(
      code("ether.codec_unsupported"),
    );
  });

  test("§22: raw bytes do not become base64 silently", () => {
    const bytes = [createEther({ kind: "k", payload: { a: Uint8Array.of(1) } })];
    expect(() => codecCandidates(bytes, { common: [json] })).toThrow(code("ether.ether_invalid"));
    expect(codecCandidates(bytes, { common: [json], debug: true })).toEqual([json]);
    expect(codecCandidates([embeddingEther([1])], { common: [json] })).toEqual([json]);
  });
});

describe("§15.3: CODEC_POLICY", () => {
  test("BinaryPreferred takes JSON only when nothing else is common", () => {
    const policy = "BinaryPreferred";
    expect(codecCandidates([ofSize(100)], { common: all, policy })).toEqual([proto, arrow, json]);
    expect(codecCandidates([ofSize(100)], { common: [json], policy })).toEqual([json]);
  });

  test("BinaryRequired never takes JSON", () => {
    const policy = "BinaryRequired";
    expect(codecCandidates([ofSize(100)], { common: all, policy })).toEqual([proto, arrow]);
    expect(() => codecCandidates([ofSize(100)], { common: [json], policy })).toThrow(
      code("ether.codec_policy"),
    );
  });

  test("§24: JSON inside bodyCodec 8 is refused under BinaryRequired, EtherProto is not", () => {
    const text = goldenBytes("json-text");
    const policy = "BinaryRequired";
    expect(() => checkCodecPolicy(proto, text, policy)).toThrow(code("ether.codec_policy"));
    expect(() => checkCodecPolicy(json, text, policy)).toThrow(code("ether.codec_policy"));
    expect(() => checkCodecPolicy(proto, goldenBytes("pb-ether"), policy)).not.toThrow();
    expect(() => decodeBody(standardCodecs(), proto, text, { policy })).toThrow(
      code("ether.codec_policy"),
    );
    expect(decodeBody(standardCodecs(), proto, text, { policy: "Any" })).toHaveLength(1);
  });
});

describe("bodies", () => {
  const codecs = standardCodecs();
  const schemas = standardSchemas();

  test("neighbours of one kind share a body where the codec batches", () => {
    const vectors = Array.from({ length: 20 }, (_, i) =>
      embeddingEther(new Float32Array(256).fill(i)),
    );
    const bodies = encodeBodies(codecs, [...vectors, textEther("a"), textEther("b")], {
      common: all,
      schemas,
    });
    expect(bodies.map(({ bodyCodec }) => bodyCodec)).toEqual([arrow, json, json]);
    const decoded = bodies.flatMap((each) =>
      decodeBody(codecs, each.bodyCodec, each.body, { ...each, schemas }),
    );
    expect(decoded.map(({ kind }) => kind)).toEqual([
      ...vectors.map(({ kind }) => kind),
      "text",
      "text",
    ]);
  });

  test.each<[string, ValueMap[], readonly Tag[]]>([
    [
      "goes into tags",
      [{ trace_id: "t", traceparent: "00-1-2-01" }],
      [
        { key: "trace_id", val: "t" },
        { key: "traceparent", val: "00-1-2-01" },
      ],
    ],
    [
      "of one Ether goes with its body",
      [{ trace_id: "t" }, { trace_id: "t" }],
      [{ key: "trace_id", val: "t" }],
    ],
    ["that Ethers do not share stays theirs", [{ trace_id: "t" }, { trace_id: "u" }], []],
    ["that only the first has stays its own", [{ trace_id: "t" }, {}], []],
    ["that is no text stays", [{ trace_id: 5 }], []],
    ["that no header holds stays", [{ trace_id: "x".repeat(4097) }], []],
  ])("§21: a trace %s", (_what, metadata, tags) => {
    const values = new Float32Array(4096);
    const ethers = metadata.map((each) => embeddingEther(values, { metadata: each }));
    const [body, ...more] = encodeBodies(codecs, ethers, { common: [arrow], schemas });
    expect(more).toEqual([]);
    expect(body?.tags).toEqual(tags);
    expect(encodeBody(arrowCodec, ethers, { schemas }).tags).toEqual(tags);
  });

  test("§21: a tensor body has the trace of its metadata in a tag of its own, too", () => {
    const ether = tensorEther(new TensorView("float32", [1], new Float32Array(1)), {
      metadata: { trace_id: "t" },
    });
    const { tags, body } = encodeBody(tensorF32Codec, [ether]);
    expect(tags).toEqual([
      { key: "m.trace_id", val: "t" },
      { key: "trace_id", val: "t" },
    ]);
    expect(decodeBody(codecs, tensorF32Codec.id, body, { tags })[0]?.metadata).toEqual(
      ether.metadata,
    );
  });

  test("what a codec cannot carry goes to the next of its chain", () => {
    const big = createEther({ kind: "k", payload: { n: 2n ** 60n } });
    expect(encodeBodies(codecs, [big], { common: all })[0]?.bodyCodec).toBe(proto);
    expect(() => encodeBodies(codecs, [big], { common: [json] })).toThrow(
      code("ether.ether_invalid"),
    );
  });

  test("§22: metadata is trimmed, the payload and the Ether itself are not", () => {
    const metadata = { note: null, "debug.step": 1, trace_id: "t" };
    const ether = createEther({ kind: "k", payload: { a: null, b: "" }, metadata });
    const sent = (more: object): object => {
      const [body] = encodeBodies(codecs, [ether], { common: [json], ...more });
      return JSON.parse(decodeUtf8(body?.body ?? new Uint8Array())) as object;
    };
    expect(sent({})).toMatchObject({ payload: { a: null, b: "" }, metadata: { trace_id: "t" } });
    expect(sent({ debug: true })).toMatchObject({ metadata: { "debug.step": 1, trace_id: "t" } });
    expect(sent({ trimHooks: [] })).toMatchObject({ metadata });
    expect(ether.metadata).toEqual(metadata);
  });

  test("§18: what its schema refuses is not sent", () => {
    const wrong = [createEther({ kind: "text", payload: { text: 5 } })];
    const options = { common: all, schemas };
    expect(() => encodeBodies(codecs, wrong, options)).toThrow(code("ether.validation"));
    expect(encodeBodies(codecs, wrong, { common: all })).toHaveLength(1);
    const schemaKey = schemas.latest("tokens", 1)?.key;
    expect(() =>
      encodeBodies(codecs, [textEther("a")], { ...options, ...(schemaKey && { schemaKey }) }),
    ).toThrow(code("ether.kind_mismatch"));
  });

  test("a codec that is not registered here is not common", () => {
    expect(encodeBodies(codecs, [ofSize(100)], { common: [0x9000, json] })[0]?.bodyCodec).toBe(
      json,
    );
  });

  test("an unknown codec is unsupported", () => {
    expect(() => decodeBody(codecs, 0x9000, new Uint8Array())).toThrow(
      code("ether.codec_unsupported"),
    );
  });

  const key = schemas.latest("text", 1)?.key ?? { nsHash: 0, kindId: 0, major: 0, minor: 0 };
  const under = (payload: ValueMap, kind: string, schemaVersion: number): readonly Ether[] => {
    const { body } = jsonCodec.encode([createEther({ kind, schemaVersion, payload })], {});
    return decodeBody(codecs, json, body, { schemaKey: key, schemas });
  };

  test("§13: another kind or version than the header claims is a kind mismatch", () => {
    expect(under({ text: "a" }, "text", 1)).toHaveLength(1);
    expect(() => under({ text: "a" }, "tokens", 1)).toThrow(code("ether.kind_mismatch"));
    expect(() => under({ text: "a" }, "text", 2)).toThrow(code("ether.kind_mismatch"));
  });

  test("§13: the published kind numbers match their kinds, without a registry too", () => {
    const schemaKey = { nsHash: 0, kindId: 0x6ea7e21b, major: 1, minor: 0 };
    const body = goldenBytes("json-text");
    expect(decodeBody(codecs, json, body, { schemaKey })).toHaveLength(1);
    const other = { ...schemaKey, kindId: 0x8b4e3a2c };
    expect(() => decodeBody(codecs, json, body, { schemaKey: other })).toThrow(
      code("ether.kind_mismatch"),
    );
  });

  test("§18: a payload that does not fit its schema fails validation", () => {
    expect(() => under({ text: 1 }, "text", 1)).toThrow(code("ether.validation"));
  });

  test("§18: an unknown schema fails before the body is read", () => {
    const schemaKey = { ...key, kindId: 7 };
    expect(() => decodeBody(codecs, json, new Uint8Array(), { schemaKey, schemas })).toThrow(
      code("ether.schema_unknown"),
    );
  });

  test("§24: a value that starts with 0x80 is no text", () => {
    const body = encodeUtf8("\n\u0001k\u0010\u0001");
    const entry = Uint8Array.of(0x1a, 6, 0x0a, 1, 0x61, 0x12, 1, 0x80);
    const [ether] = decodeBody(codecs, proto, Uint8Array.of(...body, ...entry));
    expect(ether?.payload["a"]).toBeNull();
    expect([...encodeValue(null)]).toEqual([0x80]);
    expect(tensorEther(new TensorView("float32", [0], new Float32Array())).kind).toBe("tensor");
  });
});
