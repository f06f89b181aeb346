import { expect, test } from "@jest/globals";
import {
  bridge,
  Consumer,
  discovery,
  driver,
  type DropReason,
  Frame,
  FrameTemplate,
  merge,
  Producer,
  readSuperblock,
  superblockFault,
  traceLink,
  wire,
} from "@proj/tensor-pool";
import { isWireError } from "@proj/wire-types";
import fc from "fast-check";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";
import { slotOffset } from "#src/region/slot-header.js";
import { DescriptorQueue, StreamMemory } from "../support/memory-stream.js";

const STRIDE = 256;
const NSLOTS = 4;
const fence = (): void => undefined;
const nowNs = (): bigint => 0n;

/** Words that decide more often than others do. */
const word = fc.oneof(
  fc.nat(255),
  fc.constantFrom(0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 184, 192),
  fc.nat(2 ** 32 - 1),
);
const pokes = fc.array(fc.tuple(fc.nat(255), word), { maxLength: 6 });

test("whatever a slot and a descriptor say, a frame lies within its slot or there is none", () => {
  fc.assert(
    fc.property(pokes, pokes, (inSlot, inDescriptor) => {
      const memory = new StreamMemory(NSLOTS, { 1: STRIDE });
      const queue = new DescriptorQueue();
      const producer = new Producer({ stream: memory.map(), descriptors: queue, nowNs, fence });
      const consumer = new Consumer({ nowNs, fence });
      consumer.map(memory.map());
      const template = new FrameTemplate({ dtype: "float32", shape: [2, 3] });
      producer.publish(template, new Uint8Array(24));
      const [descriptor] = queue.take();
      if (descriptor === undefined) throw new Error("no descriptor");
      const ring = new DataView(memory.ring.buffer);
      for (const [at, value] of inSlot) {
        if (at <= 252) ring.setUint32(slotOffset(0) + at, value, true);
      }
      for (const [at, value] of inDescriptor) descriptor.setUint32(at % 45, value, true);
      const got: Frame | DropReason = consumer.accept(descriptor, 0, 48);
      if (!(got instanceof Frame)) return;
      const { payload, shape } = got;
      expect(payload.byteLength).toBeLessThanOrEqual(STRIDE);
      expect(payload.byteOffset + payload.byteLength).toBeLessThanOrEqual(64 + NSLOTS * STRIDE);
      expect(shape.dims.length).toBeGreaterThan(0);
      expect(shape.dims.length).toBeLessThanOrEqual(8);
      if (payload.length > 0) expect(shape.extentBytes).toBeLessThanOrEqual(payload.length);
      expect(got.values().byteLength).toBeLessThanOrEqual(payload.length);
    }),
    fuzzRuns(500),
  );
});

test("any bytes are a superblock with its faults, or none", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 128 }), fc.boolean(), (noise, begins) => {
      const bytes = new Uint8Array(Math.max(64, noise.length));
      bytes.set(noise);
      if (begins) new DataView(bytes.buffer).setBigUint64(0, 0x544f_504c_5348_4d31n, true);
      const superblock = readSuperblock(bytes);
      if (superblock === undefined) return;
      const expected = {
        kind: "ring",
        epoch: 1n,
        streamId: 1,
        nslots: 4,
        poolId: 0,
        strideBytes: 0,
      } as const;
      superblockFault(superblock, expected);
    }),
    fuzzRuns(500),
  );
});

const decoders = [wire, driver, discovery, bridge, merge, traceLink].flatMap((codec) => {
  const entries: Readonly<Record<string, unknown>> = { ...codec };
  return Object.entries(codec.TemplateId).flatMap(([name, templateId]) => {
    const decode = entries[`decode${name}`];
    return typeof decode === "function"
      ? [
          {
            schemaId: codec.SCHEMA_ID,
            templateId,
            decode: decode as (bytes: Uint8Array) => unknown,
          },
        ]
      : [];
  });
});

test("any bytes behind any header are a message or a typed error", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...decoders),
      fc.nat(80),
      fc.uint8Array({ maxLength: 256 }),
      ({ schemaId, templateId, decode }, blockLength, body) => {
        const bytes = new Uint8Array(8 + body.length);
        const view = new DataView(bytes.buffer);
        view.setUint16(0, blockLength, true);
        view.setUint16(2, templateId, true);
        view.setUint16(4, schemaId, true);
        view.setUint16(6, 1, true);
        bytes.set(body, 8);
        try {
          decode(bytes);
        } catch (error) {
          expect(isWireError(error)).toBe(true);
        }
      },
    ),
    fuzzRuns(1_000),
  );
});
