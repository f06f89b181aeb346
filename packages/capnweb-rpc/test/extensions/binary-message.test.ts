import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { decodeMessage, encodeMessage } from "#src/extensions/binary-message.js";

const MAX = 1_000_000;
const runs = { numRuns: Number(process.env["FUZZ_RUNS"] ?? 200) };

function frameOf(message: unknown): string | ArrayBuffer {
  const encoded = encodeMessage(message);
  if (typeof encoded === "string") return encoded;
  expect(encoded.byteLength).toBe(encoded.buffer.byteLength);
  return encoded.buffer;
}

test("a message without bytes is the text that it always was", () => {
  expect(encodeMessage(["push", ["pipeline", 0, ["bytes", 0], ["bytes", [[0]]]]])).toBe(
    '["push",["pipeline",0,["bytes",0],["bytes",[[0]]]]]',
  );
});

test("bytes go as they are, after the JSON", () => {
  const encoded = encodeMessage(["resolve", 1, ["bytes", Uint8Array.of(1, 2, 255)]]);
  const json = '["resolve",1,["bytes",[0]]]';
  expect([...(encoded as Uint8Array)]).toEqual([
    json.length,
    0,
    0,
    0,
    ...Buffer.from(json),
    3,
    0,
    0,
    0,
    1,
    2,
    255,
  ]);
});

test("fuzz: every message comes back, whatever else looks like bytes", () => {
  const { part } = fc.letrec((tie) => ({
    part: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      fc.constantFrom("bytes", "x", 0, 1, null, true),
      fc.uint8Array().map((bytes) => ["bytes", bytes]),
      fc.uint8Array().map((bytes) => ["bytes", bytes, "Int8Array"]),
      fc.array(tie("part"), { maxLength: 4 }).map((members) => [members]),
      fc.dictionary(fc.string(), tie("part"), { noNullPrototype: true, maxKeys: 3 }),
    ),
  }));
  fc.assert(
    fc.property(part, (message) => {
      const before = structuredCloneLike(message);
      expect(decodeMessage(frameOf(message), MAX)).toEqual(before);
    }),
    runs,
  );
});

test("fuzz: any frame, any truncation and any flipped byte gives a tree or is refused", () => {
  const sample = new Uint8Array(
    frameOf([
      "resolve",
      1,
      [
        [
          ["bytes", Uint8Array.of(1, 2)],
          ["bytes", new Uint8Array(9)],
        ],
      ],
    ]) as ArrayBuffer,
  );
  const changed = fc
    .tuple(fc.nat(sample.length - 1), fc.nat(255))
    .map(([at, value]) => sample.with(at, value));
  const cut = fc.nat(sample.length - 1).map((length) => sample.slice(0, length));
  fc.assert(
    fc.property(fc.oneof(changed, cut, fc.uint8Array(), fc.string()), (frame) => {
      const given = typeof frame === "string" ? frame : new Uint8Array(frame).buffer;
      try {
        decodeMessage(given, MAX);
      } catch (error) {
        expect((error as Error).name).toMatch(/^(SyntaxError|TypeError|WireError)$/);
      }
    }),
    runs,
  );
});

test.each([
  ["a part that is missing", '["bytes",[1]]', [[1]]],
  ["a part that is used twice", '[[["bytes",[0]],["bytes",[0]]]]', [[1]]],
  ["a part that is not used", "[]", [[1]]],
  ["a strange part", '["bytes",["0"]]', [[1]]],
  ["a length beyond the frame", "[]", undefined],
])("%s is refused", (_name, json, parts) => {
  const pieces = [Buffer.from(json), ...(parts ?? []).map((part) => Buffer.from(part))];
  const framed = pieces.flatMap((piece) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(parts === undefined ? 1 << 30 : piece.length);
    return [length, piece];
  });
  expect(() => decodeMessage(new Uint8Array(Buffer.concat(framed)).buffer, MAX)).toThrow();
});

test("a frame that is too large is refused before it is read", () => {
  expect(() => decodeMessage("x".repeat(11), 10)).toThrow("exceeds maximum size of 10 bytes");
  expect(() => decodeMessage(new ArrayBuffer(11), 10)).toThrow("exceeds maximum size of 10 bytes");
});

function structuredCloneLike(value: unknown): unknown {
  if (value instanceof Uint8Array) return value.slice();
  if (Array.isArray(value)) return value.map(structuredCloneLike);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [key, structuredCloneLike(part)]),
  );
}
