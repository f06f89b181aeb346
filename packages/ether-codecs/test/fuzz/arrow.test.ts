import { describe, expect, test } from "@jest/globals";
import {
  ArrowCodec,
  type Attachment,
  createEther,
  type Ether,
  EtherError,
  resolveEtherLimits,
  type Value,
} from "@proj/ether-codecs";
import { readTable } from "@proj/ether-codecs/arrow";
import { dtypes, itemSize, TensorView } from "@proj/wire-types";
import fc from "fast-check";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";
import { expectSame } from "../arrow/ethers.js";
import { goldenBytes } from "../golden.js";

const text = fc.string({ unit: "grapheme", maxLength: 8 });
const finite = fc.double({ noNaN: true, noDefaultInfinity: true });

// Every value that survives Arrow as it is: JSON cells hold what JSON can say.
const json = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2 },
    text,
    fc.boolean(),
    fc.integer(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(text, tie("value"), { maxKeys: 3 }),
  ),
})).value;

// Tensors of one type and inner shape, as one column holds them; vectors of rank 1 come as such.
const tensors = fc
  .tuple(fc.constantFrom(...dtypes), fc.array(fc.nat(3), { maxLength: 2 }))
  .map(([dtype, inner]) =>
    fc.nat(3).chain((rows) => {
      const size = [rows, ...inner].reduce((count, each) => count * each, itemSize(dtype));
      return fc.uint8Array({ minLength: size, maxLength: size }).map((bytes): Value => {
        const data = dtype === "bool" ? bytes.map((byte) => byte & 1) : bytes;
        return TensorView.fromBytes(dtype, [rows, ...inner], data.slice());
      });
    }),
  );

const column: fc.Arbitrary<fc.Arbitrary<Value | undefined>> = fc
  .oneof(
    { weight: 1, arbitrary: tensors },
    {
      weight: 2,
      arbitrary: fc.constantFrom<fc.Arbitrary<Value>>(
        text,
        fc.boolean(),
        fc.maxSafeInteger(),
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        finite,
        fc.uint8Array({ maxLength: 5 }),
        json,
      ),
    },
  )
  .map((values) => fc.option(values, { nil: undefined, freq: 4 }));

const attachment: fc.Arbitrary<Attachment> = fc.oneof(
  fc.uint8Array({ maxLength: 9 }).map((inlineBytes) => ({ id: "a", inlineBytes })),
  fc.constant({ id: "b", uri: "shm://n/p1-x#0,4", sizeBytes: 4 }),
);

const batch: fc.Arbitrary<readonly Ether[]> = fc
  .dictionary(text, column, { maxKeys: 4 })
  .chain((columns) => {
    const keys = Object.keys(columns);
    const row = fc
      .tuple(...Object.values(columns))
      .map((values) =>
        Object.fromEntries(
          keys.flatMap((key, i) => (values[i] === undefined ? [] : [[key, values[i]] as const])),
        ),
      );
    const metadata = fc.dictionary(fc.constantFrom("trace_id", "a", "_b"), json, { maxKeys: 3 });
    const ether = fc
      .tuple(row, metadata, metadata, fc.option(attachment, { nil: undefined }))
      .map(([payload, meta, extraFields, one]) =>
        createEther({
          kind: "fuzz",
          payload,
          metadata: meta,
          extraFields,
          attachments: one === undefined ? [] : [one],
        }),
      );
    return fc.array(ether, { minLength: 1, maxLength: 5 });
  });

const limits = resolveEtherLimits({ maxArrowRows: 100_000, maxEthers: 10_000, maxValues: 100_000 });

function outcome(body: Uint8Array): unknown {
  const codec = new ArrowCodec();
  for (const read of [
    () => codec.decode(body, { limits }),
    () => readTable(body, limits).toArray(),
  ]) {
    try {
      read();
    } catch (error) {
      if (!(error instanceof EtherError)) return error;
    }
  }
  return "typed";
}

describe("ARROW_IPC fuzz", () => {
  test("any batch reads back as it was, in both layouts", () => {
    const row = new ArrowCodec({ layout: "row" });
    const auto = new ArrowCodec();
    fc.assert(
      fc.property(batch, (ethers) => {
        for (const codec of [row, auto]) {
          const { body } = codec.encode(ethers, {});
          expectSame(codec.decode(body, {}), ethers);
          readTable(body).toArray();
        }
      }),
      fuzzRuns(200),
    );
  });

  test("mutated bodies give Ethers or an EtherError", () => {
    const codec = new ArrowCodec();
    const golden = goldenBytes("arrow-embedding-2");
    const valid = fc.oneof(
      { weight: 1, arbitrary: fc.constant(golden) },
      { weight: 3, arbitrary: batch.map((ethers) => codec.encode(ethers, {}).body) },
    );
    const edit = fc.tuple(
      fc.nat(),
      fc.constantFrom(1, 2, 4, 8),
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    );
    fc.assert(
      fc.property(valid, fc.array(edit, { minLength: 1, maxLength: 4 }), (body, edits) => {
        const broken = body.slice();
        for (const [at, width, value] of edits) {
          const bytes = new Uint8Array(BigUint64Array.of(value).buffer, 0, width);
          const start = Math.floor((at % broken.length) / width) * width;
          broken.set(bytes.subarray(0, broken.length - start), start);
        }
        expect(outcome(broken)).toBe("typed");
      }),
      fuzzRuns(200),
    );
  });

  test("random bytes and truncations give an EtherError", () => {
    const codec = new ArrowCodec();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(outcome(bytes)).toBe("typed");
      }),
      fuzzRuns(200),
    );
    fc.assert(
      fc.property(batch, fc.nat(), (ethers, cut) => {
        const { body } = codec.encode(ethers, {});
        expect(outcome(body.slice(0, cut % body.length))).toBe("typed");
      }),
      fuzzRuns(200),
    );
  });
});
