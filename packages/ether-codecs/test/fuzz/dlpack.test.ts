import { expect, test } from "@jest/globals";
import {
  decodeDlpack,
  DlpackCodec,
  encodeDlpack,
  EtherError,
  resolveEtherLimits,
} from "@proj/ether-codecs";
import { TensorView } from "@proj/wire-types";
import fc from "fast-check";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";
import { goldenBytes } from "../golden.js";

const limits = resolveEtherLimits({ maxBodyBytes: 1 << 20 });
const codec = new DlpackCodec({ readShm: (_, size) => new Uint8Array(size) });

function outcome(body: Uint8Array): unknown {
  try {
    const [ether] = codec.decode(body, { limits });
    const tensor = ether?.payload["data"];
    if (!(tensor instanceof TensorView)) return "no tensor";
    tensor.toBytes();
  } catch (error) {
    if (!(error instanceof EtherError)) return error;
  }
  return "typed";
}

const descriptor = fc
  .record({
    type: fc.constantFrom([2, 32], [2, 16], [4, 16], [0, 8], [1, 64], [6, 8], [0, 16]),
    lanes: fc.integer({ min: 1, max: 3 }),
    shape: fc.array(fc.nat(4), { maxLength: 3 }),
    strides: fc.option(fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 3, maxLength: 3 })),
    byteOffset: fc.nat(8).map((n) => 8 * n),
    storage: fc.uint8Array({ maxLength: 256 }),
  })
  .map(({ type: [typeCode = 0, bits = 8], lanes, shape, strides, byteOffset, storage }) => ({
    deviceType: 1,
    deviceId: 0,
    typeCode,
    bits,
    lanes,
    shape,
    ...(strides === null ? {} : { strides: strides.slice(0, shape.length) }),
    byteOffset,
    storageBytes: storage.length,
    leaseMs: 0,
    readOnly: false,
    isCopy: false,
    handle: { kind: "inline" as const, storage },
  }));

// The bytes of element `index` by the definition of strides, to compare with.
function elementAt(each: ReturnType<typeof encodeOf>, index: readonly number[]): readonly number[] {
  const { shape, strides, lanes, bits, byteOffset, handle } = each;
  const steps = strides ?? shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1));
  const item = (bits * lanes) / 8;
  const at = byteOffset + index.reduce((sum, i, axis) => sum + i * (steps[axis] ?? 0), 0) * item;
  return [...handle.storage.subarray(at, at + item)];
}

function encodeOf(each: ReturnType<(typeof descriptor)["generate"]>["value"]): typeof each {
  return each;
}

test("every element lies where its strides say, or the descriptor is refused", () => {
  fc.assert(
    fc.property(descriptor, (each) => {
      let body: Uint8Array;
      try {
        body = encodeDlpack(each);
      } catch (error) {
        expect(error).toBeInstanceOf(EtherError);
        return;
      }
      expect(decodeDlpack(body)).toEqual(each);
      const [ether] = codec.decode(body, { limits });
      const tensor = ether?.payload["data"] as TensorView;
      if (each.typeCode === 4) return;
      const wanted: number[] = [];
      const visit = (index: readonly number[]): void => {
        if (index.length === each.shape.length) wanted.push(...elementAt(each, index));
        else for (let i = 0; i < (each.shape[index.length] ?? 0); i++) visit([...index, i]);
      };
      visit([]);
      expect([...tensor.toBytes()]).toEqual(wanted);
    }),
    fuzzRuns(500),
  );
});

test("mutations, truncations and random bytes give a tensor or an EtherError", () => {
  const valid = fc.oneof(
    fc.constant(goldenBytes("dlpack-inline")),
    fc.constant(goldenBytes("dlpack-shm")),
  );
  const edit = fc.tuple(fc.nat(), fc.nat(255));
  fc.assert(
    fc.property(valid, fc.array(edit, { maxLength: 5 }), fc.nat(), (body, edits, cut) => {
      const broken = body.slice(0, cut % 8 === 0 ? cut % body.length : body.length);
      for (const [at, byte] of edits) if (broken.length > 0) broken[at % broken.length] = byte;
      expect(outcome(broken)).toBe("typed");
    }),
    fuzzRuns(500),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
      expect(outcome(bytes)).toBe("typed");
    }),
    fuzzRuns(500),
  );
});
