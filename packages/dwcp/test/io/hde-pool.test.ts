import { afterAll, describe, expect, test } from "@jest/globals";
import { Codec, memorySource, OwnData, type UnitBody } from "@proj/dwcp";
import { nodeHdePlatform } from "@proj/dwcp/node";
import { HdePool } from "#src/io/workers/hde-pool.js";
import { WorkerJob } from "#src/io/workers/worker-job.js";
import { sharedBytes, type SourceSpec } from "#src/io/workers/source-spec.js";
import { isWireError } from "@proj/wire-types";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { codeOf } from "../support/failure.js";
import { limits, noise, words } from "../support/hde.js";

const pool = new HdePool(2);
const directory = mkdtempSync(join(tmpdir(), "hde-pool-"));
afterAll(async () => {
  await pool.close();
  rmSync(directory, { recursive: true });
});

const common = {
  pageBytes: 4_096,
  chunkBytes: 262_144,
  maxUnitRawBytes: limits.maxUnitRawBytes,
  maxEncodedBytes: limits.maxFrameBytes - 48,
  algorithm: "auto",
} as const;

const old = Buffer.concat([words(700_000, 1), noise(700_000, 2)]);
const raw = Buffer.concat([Buffer.from("in front"), old, words(300_000, 3)]);

function fileOf(name: string, bytes: Uint8Array): SourceSpec {
  const path = join(directory, name);
  writeFileSync(path, bytes);
  return { kind: "file", path, length: bytes.length };
}

describe.each([
  [
    "shared memory",
    (_: string, bytes: Uint8Array) => ({ kind: "shared", bytes: sharedBytes(bytes) }),
  ],
  ["files", fileOf],
] as [string, (name: string, bytes: Uint8Array) => SourceSpec][])(
  "B18: workers on %s",
  (_, spec) => {
    test("encode extents and decode units, many at once", async () => {
      const baseline = { slot: 3, spec: spec("old", old) };
      const sender = pool.open({ ...common, object: spec("raw", raw), baseline });
      await sender.index();
      const extents = await Promise.all(
        [0, 524_288, 1_048_576, 1_572_864].map((at) =>
          sender.encode(at, Math.min(524_288, raw.length - at), 3),
        ),
      );
      const units = extents.flatMap((extent) => extent.units);
      const encoded = units.reduce((sum, unit) => sum + unit.encoded.length, 0);
      expect(encoded).toBeLessThan(100_000);
      const receiver = pool.open({ ...common, baselines: [baseline] });
      const parts = await Promise.all(units.map((unit) => receiver.decode(unit)));
      expect(Buffer.compare(Buffer.concat(parts), raw)).toBe(0);
      sender.close();
      receiver.close();
    });
  },
);

describe("B18: workers", () => {
  test("hand on what they read of a file where it is stored as it is, and pack what is not", async () => {
    const whole = Buffer.concat([noise(900_000, 1), new Uint8Array(300_000), noise(900_000, 2)]);
    const mixed = Buffer.concat([noise(900_000, 1), words(900_000, 2)]);
    for (const [bytes, level, isPacked] of [
      [whole, 0, false],
      [mixed, 3, true],
    ] as const) {
      const job = pool.open({ ...common, object: fileOf("object", bytes) });
      const { units } = await job.encode(4_096, bytes.length - 4_096, level);
      const decoded = await Promise.all(units.map((unit) => job.decode(unit)));
      expect(Buffer.concat(decoded).equals(bytes.subarray(4_096))).toBe(true);
      const held = units[0]?.encoded.buffer.byteLength;
      if (isPacked) {
        const encoded = units.reduce((sum, unit) => sum + unit.encoded.length, 0);
        expect(held).toBe(encoded);
      } else {
        const stored = units.filter(({ codec }) => codec === Codec.RAW);
        expect(held).toBe(bytes.length - 4_096);
        expect(stored.map(({ encoded }) => encoded.byteOffset + 4_096)).toEqual(
          stored.map(({ rawOffset }) => rawOffset),
        );
      }
      job.close();
    }
  });

  test("refer to what was acknowledged of the object itself", async () => {
    const object = sharedBytes(Buffer.concat([noise(600_000, 7), noise(600_000, 7)]));
    const own = new OwnData(memorySource(object), await nodeHdePlatform());
    const spec = { kind: "shared", bytes: object } as const;
    const job = pool.open({ ...common, object: spec, ownSlots: own.slots });
    const alone = await job.encode(602_112, 400_000, 3);
    own.acknowledge(0, 600_000);
    const known = await job.encode(602_112, 400_000, 3, own.bytes);
    const total = (units: readonly UnitBody[]) =>
      units.reduce((sum, unit) => sum + unit.encoded.length, 0);
    expect(total(alone.units)).toBeGreaterThanOrEqual(400_000);
    expect(total(known.units)).toBeLessThan(2_000);
    job.close();
  });

  test("answer an error with its code, and go on", async () => {
    const job = pool.open(common);
    const unit: UnitBody = {
      rawOffset: 0,
      rawBytes: 10,
      codec: Codec.SAME,
      codecFlags: 0,
      baselineSlot: 3,
      dictionarySlot: 0,
      rawCrc: 0,
      encoded: new Uint8Array(0),
    };
    await expect(job.decode(unit)).rejects.toMatchObject({ code: "dwcp.baseline_missing" });
    await expect(job.encode(0, 10, 3)).rejects.toThrow("no object");
    const zeros = { ...unit, codec: Codec.ZERO, rawCrc: 0xe38a6876 };
    expect((await job.decode(zeros)).length).toBe(10);
    job.close();
  });

  test("begin nothing more for a job that is closed, and go on with others", async () => {
    const alone = new HdePool(1);
    const object = { kind: "shared", bytes: sharedBytes(words(4_194_304, 5)) } as const;
    const job = alone.open({ ...common, object });
    const encoded = [0, 1, 2, 3].map((at) => job.encode(at * 1_048_576, 1_048_576, 9));
    job.close();
    const ends = await Promise.allSettled(encoded);
    for (const end of ends) expect(end).toMatchObject({ reason: { code: "dwcp.shutdown" } });
    const other = alone.open({ ...common, object });
    expect((await other.encode(0, 1_048_576, 1)).units.length).toBeGreaterThan(0);
    await alone.close();
  });

  test("stop between two units of a job that was closed meanwhile", async () => {
    const closed = new Int32Array(new SharedArrayBuffer(4));
    const node = await nodeHdePlatform();
    let summed = 0;
    const crc32 = (bytes: Uint8Array): number => {
      summed += 1;
      Atomics.store(closed, 0, 1);
      return node.crc32(bytes);
    };
    const object = { kind: "shared", bytes: sharedBytes(noise(2_000_000, 6)) } as const;
    const job = new WorkerJob({ ...common, object, closed }, { ...node, crc32 });
    const task = { kind: "encode", offset: 0, length: 2_000_000, level: 3, ownBytes: 0 } as const;
    expect(codeOf(() => job.run(task))).toBe("dwcp.shutdown");
    expect(summed).toBe(1);
  });

  test("say that a file became shorter", async () => {
    const object = fileOf("shrinking", noise(300_000, 4));
    const job = pool.open({ ...common, object });
    truncateSync(join(directory, "shrinking"), 100_000);
    await expect(job.encode(0, 300_000, 3)).rejects.toMatchObject({ code: "dwcp.source_changed" });
    job.close();
  });

  test("that cannot open a source say so", async () => {
    const object = { kind: "file", path: join(directory, "none"), length: 5 } as const;
    const job = pool.open({ ...common, object });
    await expect(job.encode(0, 5, 3)).rejects.toThrow("could not be opened");
    job.close();
  });

  test("end with the pool, and what they did fails by its code", async () => {
    const other = new HdePool(1);
    const bytes = sharedBytes(noise(2_000_000, 5));
    const job = other.open({ ...common, object: { kind: "shared", bytes } });
    const outcome = job.encode(0, bytes.length, 9).then(
      () => "done",
      (thrown: unknown) => isWireError(thrown) && thrown.code,
    );
    await other.close();
    expect(await outcome).toBe("dwcp.shutdown");
    expect(() => other.open(common)).toThrow("closed");
    await other.close();
  });
});
