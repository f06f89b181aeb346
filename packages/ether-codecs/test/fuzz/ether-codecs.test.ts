import { describe, expect, test } from "@jest/globals";
import {
  AttachmentRef,
  createEther,
  decodeEtherProto,
  decodeValue,
  encodeEtherProto,
  equalValues,
  type Ether,
  type EtherCodec,
  EtherError,
  jsonCodec,
  mixedLatentCodec,
  protobufCodec,
  quantize,
  tensorEther,
  tensorF16Codec,
  tensorF32Codec,
  tensorQnt8Codec,
  type Value,
} from "@proj/ether-codecs";
import { dtypes, itemSize, parseHex, TensorView, typedView } from "@proj/wire-types";
import fc from "fast-check";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";
import { xcp } from "../../test/generated/ether-proto.mjs";
import { goldenVectors } from "../golden.js";

const text = fc.string({ unit: "grapheme", maxLength: 12 });
const key = fc.oneof(
  text,
  fc.constantFrom("__proto__", "constructor", "toString", "$b64", "values"),
);
const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
// A vector as a decoder gives it: a tensor of rank 1 where no plain typed array says its type.
const vector = fc
  .tuple(fc.constantFrom(...dtypes), fc.uint8Array({ maxLength: 40 }))
  .map(([dtype, bytes]): Value => {
    const whole = bytes.slice(0, bytes.length - (bytes.length % itemSize(dtype)));
    const data = typedView(dtype, dtype === "bool" ? whole.map((byte) => byte & 1) : whole);
    const plain = dtype !== "float16" && dtype !== "uint8" && dtype !== "bool";
    return plain ? data : new TensorView(dtype, [data.length], data);
  });

const floats = fc
  .tuple(
    fc.array(fc.nat(3), { minLength: 2, maxLength: 6 }),
    fc.constantFrom("float32" as const, "float16" as const),
    fc.nat(),
  )
  .map(([shape, dtype, seed]) => {
    const count = shape.reduce((product, size) => product * size, 1);
    const bits = Uint16Array.from({ length: count }, (_, i) => (seed + i * 7919) & 0x7bff);
    const data = dtype === "float16" ? bits : Float32Array.from(bits);
    return new TensorView(dtype, shape, data);
  });

const json = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    finite,
    fc.maxSafeInteger(),
    text,
    fc.uint8Array({ maxLength: 20 }),
    text.map((id) => new AttachmentRef(id)),
    fc.array(tie("value"), { maxLength: 4 }),
    fc
      .dictionary(key, tie("value"), { maxKeys: 4 })
      .filter((map) => !/^\$(b64|att)$/.test(Object.keys(map).join())),
  ),
})).value;

const anything = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    json,
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
    vector,
    floats,
    floats.map((tensor) =>
      quantize(
        tensor.shape,
        Float32Array.from({ length: tensor.length }, (_, i) => i),
        "row",
      ),
    ),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(key, tie("value"), { maxKeys: 4 }),
  ),
})).value;

const attachments = fc.uniqueArray(
  fc.oneof(
    fc.record(
      { id: text, inlineBytes: fc.uint8Array({ maxLength: 10 }) },
      { requiredKeys: ["id", "inlineBytes"] },
    ),
    fc.record({
      id: text,
      uri: text,
      sizeBytes: fc.integer({ min: 1 }),
      shape: fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { minLength: 1 }),
    }),
  ),
  { maxLength: 3, selector: ({ id }) => id },
);

const ethers = (value: fc.Arbitrary<Value>): fc.Arbitrary<Ether> => {
  const map = fc
    .dictionary(key, value, { maxKeys: 5 })
    .filter((each) => !/^\$(b64|att)$/.test(Object.keys(each).join()));
  return fc
    .record({
      kind: fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 128 }),
      schemaVersion: fc.integer({ min: 1, max: 65535 }),
      payload: map,
      metadata: map,
      extraFields: map,
      attachments: attachments.map((list) =>
        list.filter((each) => each.id !== "" && !("uri" in each && each.uri === "")),
      ),
    })
    .map(createEther);
};

function expectSame(decoded: Ether | undefined, ether: Ether): void {
  expect(decoded?.kind).toBe(ether.kind);
  expect(decoded?.schemaVersion).toBe(ether.schemaVersion);
  expect(equalValues(decoded?.payload ?? null, ether.payload)).toBe(true);
  expect(equalValues(decoded?.metadata ?? null, ether.metadata)).toBe(true);
  expect(equalValues(decoded?.extraFields ?? null, ether.extraFields)).toBe(true);
  expect(decoded?.attachments).toEqual(ether.attachments);
}

// Runs a decoder on hostile input: it gives Ethers or a typed error, nothing else.
function survives(codec: EtherCodec, body: Uint8Array, tensorExtension: boolean): void {
  try {
    codec.decode(body, { tensorExtension });
  } catch (thrown) {
    if (!(thrown instanceof EtherError)) throw thrown;
  }
}

const codecs: readonly EtherCodec[] = [
  jsonCodec,
  protobufCodec,
  tensorF32Codec,
  tensorF16Codec,
  tensorQnt8Codec(),
  mixedLatentCodec,
];

describe("round trips", () => {
  test("JSON carries what JSON can say", () => {
    fc.assert(
      fc.property(ethers(json), fc.boolean(), (ether, deterministic) => {
        const { body } = jsonCodec.encode([ether], { deterministic });
        const whole = deterministic ? withoutMinusZero : (value: Value) => value;
        const [decoded] = jsonCodec.decode(body, {});
        expectSame(decoded, {
          ...ether,
          payload: whole(ether.payload) as never,
          metadata: whole(ether.metadata) as never,
          extraFields: whole(ether.extraFields) as never,
        });
      }),
      fuzzRuns(200),
    );
  });

  test("PROTOBUF carries everything, and protobufjs reads the message", () => {
    fc.assert(
      fc.property(ethers(anything), fc.boolean(), (ether, deterministic) => {
        const body = encodeEtherProto(ether, { deterministic });
        const [decoded] = protobufCodec.decode(body, {});
        expectSame(decoded, ether);
        const message = xcp.EtherProto.decode(body);
        expect(message.kind).toBe(ether.kind);
        expectSame(decodeEtherProto(xcp.EtherProto.encode(message).finish()), ether);
      }),
      fuzzRuns(200),
    );
  });

  test("tensor codecs carry tensors of their type", () => {
    fc.assert(
      fc.property(floats, fc.dictionary(text, text, { maxKeys: 3 }), (tensor, metadata) => {
        const codec = tensor.dtype === "float32" ? tensorF32Codec : tensorF16Codec;
        const ether = tensorEther(tensor, { metadata });
        const { body, tags } = codec.encode([ether], {});
        expectSame(codec.decode(body, { tags })[0], ether);
      }),
      fuzzRuns(200),
    );
  });

  test("MIXED_LATENT carries lists of tensors", () => {
    fc.assert(
      fc.property(fc.array(floats, { maxLength: 4 }), (list) => {
        const ether = createEther({ kind: "tensor", payload: { data: list } });
        const { body, tags } = mixedLatentCodec.encode([ether], {});
        expectSame(mixedLatentCodec.decode(body, { tags })[0], ether);
      }),
      fuzzRuns(200),
    );
  });
});

describe("hostile input gives Ethers or EtherErrors", () => {
  const golden = goldenVectors
    .filter(
      ({ id, hex }) =>
        hex !== undefined && /^(json-text|pb-ether|tensor|mixed|neg-tensor)/.test(id),
    )
    .map(({ hex }) => parseHex(hex ?? ""));

  test("random bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, extension) => {
        for (const codec of codecs) survives(codec, bytes, extension);
        try {
          decodeValue(bytes);
        } catch (thrown) {
          if (!(thrown instanceof EtherError)) throw thrown;
        }
      }),
      fuzzRuns(200),
    );
  });

  test("every truncation of the golden bodies", () => {
    for (const body of golden) {
      for (let length = 0; length < body.length; length++) {
        for (const codec of codecs) survives(codec, body.slice(0, length), false);
      }
    }
  });

  test("flipped bytes, spliced bytes and repeated parts of valid bodies", () => {
    const bodies = fc.oneof(
      fc.constantFrom(...golden),
      ethers(anything).map((ether) => encodeEtherProto(ether)),
      ethers(json).map((ether) => jsonCodec.encode([ether], {}).body),
    );
    const edits = fc.array(fc.tuple(fc.nat(), fc.uint8Array({ maxLength: 4 }), fc.nat(3)), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(bodies, edits, fc.boolean(), (body, list, extension) => {
        const mutated = [...body];
        for (const [at, bytes, removed] of list) {
          mutated.splice(at % (mutated.length + 1), removed, ...bytes);
        }
        for (const codec of codecs) survives(codec, Uint8Array.from(mutated), extension);
      }),
      fuzzRuns(200),
    );
  });

  test("an unaligned body decodes to the same Ether", () => {
    fc.assert(
      fc.property(ethers(anything), fc.nat(7), (ether, shift) => {
        const body = encodeEtherProto(ether);
        const shifted = new Uint8Array(body.length + shift);
        shifted.set(body, shift);
        expectSame(decodeEtherProto(shifted.subarray(shift)), ether);
      }),
      fuzzRuns(200),
    );
  });
});

// Canonical numbers know one zero.
function withoutMinusZero(value: Value): Value {
  if (Object.is(value, -0)) return 0;
  if (Array.isArray(value)) return (value as readonly Value[]).map(withoutMinusZero);
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  if (value instanceof AttachmentRef || value instanceof TensorView) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, withoutMinusZero(member as Value)]),
  );
}
