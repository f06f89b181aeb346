import { expect, test } from "@jest/globals";
import { deserialize, serialize } from "@proj/capnweb-rpc";
import * as reference from "capnweb";
import fc from "fast-check";

const numRuns = Number(process.env["FUZZ_RUNS"] ?? 300);

const leaf = fc.oneof(
  fc.constant(undefined),
  fc.constant(null),
  fc.boolean(),
  fc.double(),
  fc.integer(),
  fc.string({ unit: "binary" }),
  fc.bigInt(),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array(),
  fc.float64Array(),
  fc.int16Array(),
  fc.string().map((message) => new TypeError(message)),
);
const key = fc.string().filter((text) => !(text in Object.prototype) && text !== "toJSON");
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    leaf,
    fc.array(tie("value")),
    fc.dictionary(key, tie("value"), { noNullPrototype: true }),
  ),
}));

/** Both write one value alike, minus zero apart, whose sign is lost. */
function unsigned(tree: unknown): unknown {
  return JSON.parse(serialize(tree));
}

test(
  "both implementations write every value alike and read what the other wrote",
  () => {
    fc.assert(
      fc.property(value, (original) => {
        const text = serialize(original);
        expect(text).toBe(reference.serialize(original));
        const ours = deserialize(text);
        expect(unsigned(ours)).toEqual(JSON.parse(text));
        expect(ours).toEqual(reference.deserialize(text));
      }),
      { numRuns },
    );
  },
  20_000 + numRuns * 50,
);

const expression = fc.oneof(
  fc.json().map((text): unknown => JSON.parse(text)),
  fc.tuple(
    fc.constantFrom(
      "undefined",
      "inf",
      "bigint",
      "date",
      "bytes",
      "error",
      "url",
      "headers",
      "response",
      "blob",
      "readable",
      "writable",
      "export",
      "import",
      "pipeline",
      "remap",
    ),
    fc.jsonValue(),
    fc.jsonValue(),
    fc.jsonValue(),
  ),
);

test(
  "any text gives a value or an Error",
  () => {
    fc.assert(
      fc.property(
        fc.oneof(
          expression.map((tree) => JSON.stringify(tree)),
          fc.string(),
        ),
        (text) => {
          try {
            deserialize(text);
          } catch (error) {
            expect((error as Error).message).toEqual(expect.any(String));
          }
        },
      ),
      { numRuns },
    );
  },
  20_000 + numRuns * 50,
);
