import { describe, expect, test } from "@jest/globals";
import { arrowCodec, type Ether, equalValues } from "@proj/ether-codecs";
import { tableFromIPC } from "apache-arrow";
import { goldenBytes } from "../golden.js";

const bytes = goldenBytes("arrow-embedding-2");

function rows(ethers: readonly Ether[]): readonly unknown[] {
  return ethers.map(({ kind, schemaVersion, payload, metadata }) => ({
    kind,
    schemaVersion,
    values: [...(payload["values"] as Float32Array)],
    dim: payload["dim"],
    metadata: { ...metadata },
  }));
}

const expected = [
  { values: [0.5, -1.25], dim: 2 },
  { values: [2, 0.125], dim: 2 },
].map((row) => ({
  kind: "embedding",
  schemaVersion: 1,
  ...row,
  metadata: { trace_id: "t-1" },
}));

describe("§25: arrow-embedding-2", () => {
  test("decodes to its two Ethers", () => {
    const ethers = arrowCodec.decode(bytes, {});
    expect(rows(ethers)).toEqual(expected);
    expect(ethers[0]?.payload["values"]).toBeInstanceOf(Float32Array);
  });

  test("what we write for them reads back, here and in apache-arrow", () => {
    const { body, bodyCodec } = arrowCodec.encode(arrowCodec.decode(bytes, {}), {});
    expect(bodyCodec).toBe(0x20);
    expect(rows(arrowCodec.decode(body, {}))).toEqual(expected);
    const ours = tableFromIPC(body);
    const theirs = tableFromIPC(bytes);
    expect([...ours.schema.metadata]).toEqual([...theirs.schema.metadata]);
    expect(ours.schema.fields.map(String)).toEqual(theirs.schema.fields.map(String));
    expect(ours.toString()).toBe(theirs.toString());
  });

  test("values are float32 vectors, equal as such", () => {
    const [first] = arrowCodec.decode(bytes, {});
    expect(equalValues(first?.payload["values"] ?? null, [0.5, -1.25])).toBe(true);
  });
});
