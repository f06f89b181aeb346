import { describe, expect, test } from "@jest/globals";
import {
  BlobAssembler,
  type BlobOutcome,
  blobMessages,
  MetadataSource,
  MetadataStore,
  wire,
} from "@proj/tensor-pool";
import fc from "fast-check";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";

const identity = { streamId: 5, producerId: 6, name: "camera", summary: "the left one" };

describe("§12: a source", () => {
  test("speaks each second, and at once when something changes", () => {
    const source = new MetadataSource(identity, 1n);
    expect(source.due(0n)).toHaveLength(2);
    expect(source.due(999_999_999n)).toHaveLength(0);
    const value = new TextEncoder().encode("50");
    expect(source.setAttributes([{ key: "gain", format: "text/plain", value }])).toBe(1);
    const [announce, meta] = source.due(1_000_000_000n);
    expect(announce && wire.decodeDataSourceAnnounce(announce)).toEqual({
      ...identity,
      epoch: 1n,
      metaVersion: 1,
    });
    expect(meta && wire.decodeDataSourceMeta(meta)).toMatchObject({
      metaVersion: 1,
      attributes: [{ key: "gain", format: "text/plain" }],
    });
    source.refresh();
    expect(source.due(1_000_000_001n)).toHaveLength(2);
    source.setEpoch(2n);
    expect(source.due(1_000_000_002n)).toHaveLength(2);
  });
});

describe("§12: a store", () => {
  const announce = (epoch: bigint, metaVersion: number) => ({ ...identity, epoch, metaVersion });
  const meta = (metaVersion: number, key: string) => ({
    streamId: 5,
    metaVersion,
    timestampNs: 0n,
    attributes: [{ key, format: "text/plain", value: new Uint8Array(0) }],
  });

  test("keeps the newest version, and starts over with a new epoch", () => {
    const store = new MetadataStore();
    expect(store.described(meta(2, "b"))).toBe(true);
    store.announced(announce(1n, 2));
    expect(store.described(meta(1, "a"))).toBe(false);
    expect(store.described(meta(2, "b"))).toBe(false);
    expect(store.get(5)).toMatchObject({ metaVersion: 2, attributes: [{ key: "b" }] });
    store.announced(announce(0n, 9));
    expect(store.get(5)?.announce?.epoch).toBe(1n);
    store.announced(announce(2n, 0));
    expect(store.get(5)).toMatchObject({ metaVersion: 0, attributes: [] });
    expect(store.described(meta(1, "c"))).toBe(true);
  });
});

describe("§12: a blob", () => {
  const blob = { streamId: 5, metaVersion: 3, blobType: 7, bytes: new Uint8Array(200_000).fill(9) };

  function take(assembler: BlobAssembler, bytes: Uint8Array): BlobOutcome {
    const template = new DataView(bytes.buffer, bytes.byteOffset).getUint16(2, true);
    if (template === wire.TemplateId.MetaBlobAnnounce) {
      return assembler.announced(wire.decodeMetaBlobAnnounce(bytes));
    }
    if (template === wire.TemplateId.MetaBlobChunk) {
      return assembler.chunk(wire.decodeMetaBlobChunk(bytes));
    }
    return assembler.completed(wire.decodeMetaBlobComplete(bytes));
  }

  test.each([0, 1, 65_536, 65_537, 200_000])("of %d bytes arrives whole", (length) => {
    const assembler = new BlobAssembler();
    const sent = { ...blob, bytes: blob.bytes.subarray(0, length) };
    const outcomes = [...blobMessages(sent)].map((message) => take(assembler, message));
    expect(outcomes.at(-1)).toEqual({ kind: "whole", blob: sent });
  });

  test("is discarded for a gap, an overlap, a wrong end, another version and a wrong checksum", () => {
    const messages = [...blobMessages(blob)];
    const [announce, first, second, , , end] = messages;
    if (!announce || !first || !second || !end) throw new Error("too few messages");
    const last = (...some: Uint8Array[]): BlobOutcome | undefined => {
      const assembler = new BlobAssembler();
      return some.map((message) => take(assembler, message)).at(-1);
    };
    const gap = { kind: "discarded", why: "gapOrOverlap" };
    expect(last(announce, second)).toEqual(gap);
    expect(last(announce, first, first)).toEqual(gap);
    expect(last(announce, first, end)).toEqual({ kind: "discarded", why: "incomplete" });
    expect(last(first)).toEqual({ kind: "discarded", why: "notAnnounced" });
    const other = wire.encodeMetaBlobComplete({ streamId: 5, metaVersion: 4, checksum: 0n });
    expect(last(announce, other)).toEqual({ kind: "discarded", why: "otherVersion" });
    const wrong = messages.map((message) => message.slice());
    const chunk = wrong[1];
    if (chunk !== undefined) chunk[100] = 8;
    expect(last(...wrong)).toEqual({ kind: "discarded", why: "checksum" });
  });

  test("that is too large is refused before anything is taken, and so are too many", () => {
    const assembler = new BlobAssembler({ maxBlobBytes: 100, maxOpen: 1 });
    const announce = (streamId: number, totalLen: bigint) =>
      assembler.announced({ streamId, metaVersion: 0, blobType: 0, totalLen, checksum: 0n });
    expect(announce(1, 2n ** 64n - 1n)).toEqual({ kind: "discarded", why: "tooLarge" });
    expect(announce(1, 100n)).toEqual({ kind: "open" });
    expect(announce(2, 100n)).toEqual({ kind: "discarded", why: "tooMany" });
  });

  test("comes whole or not at all, whatever is lost, doubled or exchanged", () => {
    const messages = [...blobMessages({ ...blob, bytes: blob.bytes.subarray(0, 1_000) }, 100)];
    fc.assert(
      fc.property(fc.array(fc.nat(messages.length - 1), { maxLength: 40 }), (order) => {
        const assembler = new BlobAssembler();
        for (const index of order) {
          const message = messages[index];
          const outcome = message === undefined ? undefined : take(assembler, message);
          if (outcome?.kind === "whole") expect(outcome.blob.bytes).toHaveLength(1_000);
        }
      }),
      fuzzRuns(300),
    );
  });
});
