import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { bridge, discovery, driver, merge, traceLink, wire } from "@proj/tensor-pool";
import { formatHex, parseHex } from "@proj/wire-types";

/** A vector of the golden file, with numbers of 64 bits as decimal text. */
interface Vector {
  readonly schema: number;
  readonly template: number;
  readonly name: string;
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly groups?: Readonly<Record<string, unknown>>;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly hex: string;
}

type Codec = Readonly<Record<string, unknown>>;

const file = join(import.meta.dirname, "../../vectors/tensor-pool-golden.json");
const { vectors } = JSON.parse(readFileSync(file, "utf8")) as { vectors: Vector[] };
const modules = new Map<number, Codec>(
  [wire, driver, discovery, bridge, merge, traceLink].map((each) => [each.SCHEMA_ID, each]),
);

const plain = vectors.filter(({ name }) => /^[A-Za-z]+$/.test(name));

describe("golden messages", () => {
  test.each(plain)("$name decodes, and encodes to the same bytes", (vector) => {
    const value = decode(vector);
    compare(value, { ...vector.fields, ...vector.groups, ...vector.data });
    expect(formatHex(encode(vector, value))).toBe(vector.hex);
  });

  test("a descriptor without a trace id has none", () => {
    expect(decode(named("FrameDescriptor without traceId (blockLength 32)"))).toEqual({
      streamId: 10_000,
      epoch: 81_985_529_216_486_895n,
      seq: 5n,
      timestampNs: 1_768_400_000_123_456_789n,
      metaVersion: 3,
      traceId: undefined,
    });
  });

  test("an extended descriptor is read as far as it is known", () => {
    expect(decode(named("FrameDescriptor extended (blockLength 48, unknown tail)"))).toMatchObject({
      seq: 5n,
      metaVersion: 3,
      traceId: 9n,
    });
  });

  test("a request that ends before its last text has an empty one", () => {
    const vector = named("DiscoveryRequest ending before dataSourceName (must decode, name empty)");
    expect(decode(vector)).toMatchObject({ responseChannel: "aeron:ipc", dataSourceName: "" });
  });

  test("a request with tags", () => {
    const vector = named("DiscoveryRequest with tags");
    const value = decode(vector);
    expect(value).toMatchObject({ tags: [{ tag: "lab" }, { tag: "cam" }] });
    expect(formatHex(encode(vector, value))).toBe(vector.hex);
  });

  test("a chunk of the bridge", () => {
    const vector = named("BridgeFrameChunk 0 of 1 with CRC32C");
    const value = decode(vector);
    compare(value, vector.fields ?? {});
    expect(formatHex(encode(vector, value))).toBe(vector.hex);
  });
});

function named(name: string): Vector {
  const vector = vectors.find((each) => each.name === name);
  if (vector === undefined) throw new Error(`no vector ${name}`);
  return vector;
}

function codec(vector: Vector, verb: "decode" | "encode"): (value: unknown) => unknown {
  const message = vector.name.split(" ")[0] ?? "";
  const found = modules.get(vector.schema)?.[verb + message];
  if (typeof found !== "function") throw new Error(`no ${verb}${message}`);
  return found as (value: unknown) => unknown;
}

function decode(vector: Vector): Record<string, unknown> {
  return codec(vector, "decode")(parseHex(vector.hex)) as Record<string, unknown>;
}

function encode(vector: Vector, value: unknown): Uint8Array {
  return codec(vector, "encode")(value) as Uint8Array;
}

/** Numbers that stand for null in the vectors. */
const nulls: ReadonlySet<unknown> = new Set([
  4_294_967_295,
  65_535,
  255,
  -2_147_483_648,
  "18446744073709551615",
  "0",
  0,
  null,
]);

function compare(actual: unknown, expected: unknown): void {
  if (actual === undefined) expect(nulls).toContain(expected);
  else if (actual instanceof Uint8Array) expect(formatHex(actual)).toBe(hexOf(expected));
  else if (Array.isArray(actual) && Array.isArray(expected)) {
    expect(actual).toHaveLength(expected.length);
    for (const [index, each] of actual.entries()) compare(each, expected[index]);
  } else if (typeof expected === "string" && typeof actual === "object") {
    expect(actual).toEqual({ tag: expected });
  } else if (typeof actual === "object" && actual !== null) {
    for (const [key, each] of Object.entries(expected as object)) {
      compare((actual as Record<string, unknown>)[key], each);
    }
  } else expect(typeof actual === "bigint" ? String(actual) : actual).toBe(expected);
}

function hexOf(expected: unknown): string {
  if (typeof expected === "string") return formatHex(new TextEncoder().encode(expected));
  return (expected as { hex: string }).hex;
}
