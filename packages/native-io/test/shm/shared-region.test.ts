import { afterAll, describe, expect, test } from "@jest/globals";
import { type Backend, NativeIoError, portable, unitsPerSegment } from "@proj/native-io";
import { describeWith } from "@proj/peers";
import { sharedRegionCases } from "@proj/wire-types/testing";
import { native } from "../native-peer.js";
import { scratch } from "./scratch.js";

function regionTests({ shm, kind }: Backend): void {
  const place = scratch();
  afterAll(() => place.remove());
  const folders = shm.allow([place.folder]);
  let made = 0;
  const fresh = () => place.path(`region-${kind}-${made++}`);

  for (const each of sharedRegionCases(() => {
    const path = fresh();
    const file = folders.create(path, { sizeBytes: 10_000 });
    const reader = folders.open(path, { access: "read" });
    const pair = { a: file.map(), b: reader.map(), dispose: () => Promise.resolve() };
    file.close();
    reader.close();
    folders.unlink(path);
    return Promise.resolve(pair);
  })) {
    test(each.name, () => each.run());
  }

  test("a mapping of a part begins at its first byte", () => {
    const path = fresh();
    const file = folders.create(path, { sizeBytes: 100_000 });
    const whole = file.map();
    const part = file.map({ offset: 8256, length: 70_000 });
    expect(part.bytes.byteOffset % 8).toBe(0);
    part.bytes[0] = 7;
    part.bytes[69_999] = 9;
    expect([whole.bytes[8256], whole.bytes[8256 + 69_999]]).toEqual([7, 9]);
    whole.unmap();
    part.unmap();
    file.close();
  });

  test("segments cover the file and divide no unit", () => {
    const file = folders.create(fresh(), { sizeBytes: 64 * 100 });
    const regions = file.mapSegments(64);
    expect(regions.map(({ size }) => size)).toEqual([6400]);
    for (const region of regions) region.unmap();
    file.close();
    expect(unitsPerSegment(8 * 2 ** 20)).toBe(512);
  });

  test("atomics work on a mapping", () => {
    const file = folders.create(fresh(), { sizeBytes: 4096 });
    const [a, b] = [file.map(), file.map()];
    const [left, right] = [new Int32Array(a.bytes.buffer), new Int32Array(b.bytes.buffer)];
    const wide = new BigInt64Array(a.bytes.buffer);
    expect(Atomics.add(left, 3, 5)).toBe(0);
    expect(Atomics.compareExchange(right, 3, 5, 6)).toBe(5);
    expect(Atomics.exchange(left, 3, 1)).toBe(6);
    expect(Atomics.add(wide, 4, 1n << 40n)).toBe(0n);
    expect(Atomics.load(wide, 4)).toBe(1n << 40n);
    a.unmap();
    b.unmap();
    file.close();
  });

  test.each([
    ["no bytes", { length: 0 }, RangeError],
    ["a part past the end", { offset: 64, length: 4096 }, RangeError],
    ["a negative offset", { offset: -64 }, RangeError],
    ["an odd offset", { offset: 8 }, RangeError],
    ["half a byte", { length: 0.5 }, RangeError],
  ])("refuses to map %s", (_, options, refusal) => {
    const file = folders.create(fresh(), { sizeBytes: 4096 });
    expect(() => file.map(options)).toThrow(refusal);
    file.close();
  });

  test("what was opened for reading is not mapped for writing", () => {
    const path = fresh();
    folders.create(path, { sizeBytes: 4096 }).close();
    const file = folders.open(path, { access: "read" });
    expect(() => file.map({ readOnly: false })).toThrow(TypeError);
    const region = file.map();
    expect(region.readOnly).toBe(true);
    region.unmap();
    file.close();
  });

  test("a closed file and closed folders refuse, and may be closed twice", () => {
    const file = folders.create(fresh(), { sizeBytes: 4096 });
    file.close();
    file.close();
    expect(() => file.map()).toThrow(expect.objectContaining({ code: "native_io.closed" }));
    const others = shm.allow([place.folder]);
    others.close();
    others.close();
    const closed = expect.objectContaining({ code: "native_io.closed" });
    expect(() => others.open(fresh(), { access: "read" })).toThrow(closed);
    expect(() => others.create(fresh(), { sizeBytes: 1 })).toThrow(closed);
    expect(() => others.unlink(fresh())).toThrow(closed);
  });

  test("creates once, and takes what is there only when told to", () => {
    const path = fresh();
    const file = folders.create(path, { sizeBytes: 4096 });
    const region = file.map();
    region.bytes[5] = 5;
    const details = expect.objectContaining({ errno: "EEXIST" });
    expect(() => folders.create(path, { sizeBytes: 4096 })).toThrow(
      expect.objectContaining({ code: "native_io.system", details }),
    );
    const again = folders.create(path, { sizeBytes: 4096, reuse: true });
    const second = again.map();
    expect(second.bytes[5]).toBe(5);
    const size = { code: "native_io.shm_refused", details: { check: "size" } };
    expect(() => folders.create(path, { sizeBytes: 8192, reuse: true })).toThrow(
      expect.objectContaining(size),
    );
    for (const each of [region, second]) each.unmap();
    for (const each of [file, again]) each.close();
  });

  test("an unlinked file is gone by name and stays mapped", () => {
    const path = fresh();
    const file = folders.create(path, { sizeBytes: 4096 });
    const region = file.map();
    file.close();
    expect(folders.unlink(path)).toBe(true);
    expect(folders.unlink(path)).toBe(false);
    const details = expect.objectContaining({ errno: "ENOENT" });
    expect(() => folders.open(path, { access: "read" })).toThrow(
      expect.objectContaining({ code: "native_io.system", details }),
    );
    region.bytes[0] = 1;
    expect(region.bytes[0]).toBe(1);
    region.unmap();
  });

  test("copies what lies inside both arrays, and nothing else", () => {
    const target = new Uint8Array(10);
    const source = Uint8Array.of(1, 2, 3, 4);
    shm.copy({ target, targetOffset: 6, source, sourceOffset: 1, length: 3 });
    expect([...target.subarray(5)]).toEqual([0, 2, 3, 4, 0]);
    const copy = (change: object) => () =>
      shm.copy({ target, targetOffset: 0, source, sourceOffset: 0, length: 4, ...change });
    // The addon throws errors of the realm that loaded it.
    const named = (name: string) => expect.objectContaining({ name });
    expect(copy({ targetOffset: 7 })).toThrow(named("RangeError"));
    expect(copy({ sourceOffset: 1 })).toThrow(named("RangeError"));
    expect(copy({ length: -1 })).toThrow(named("RangeError"));
    expect(copy({ source: [1, 2, 3, 4] })).toThrow(named("TypeError"));
    shm.fence();
  });

  test("a size that no file has is the caller's mistake", () => {
    for (const sizeBytes of [0, -1, 1.5, Number.NaN, 2 ** 53]) {
      expect(() => folders.create(fresh(), { sizeBytes })).toThrow(RangeError);
    }
  });

  test("more than there is room for is refused and leaves nothing", () => {
    const path = fresh();
    const thrown = (() => {
      try {
        folders.create(path, { sizeBytes: 2 ** 45 });
      } catch (error) {
        return error;
      }
      return undefined;
    })();
    expect(thrown).toBeInstanceOf(NativeIoError);
    expect(thrown).toMatchObject({ code: "native_io.no_space", retryable: true });
    expect(folders.unlink(path)).toBe(false);
  });
}

describe("shared memory, portable backend", () => regionTests(portable));
describeWith("shared memory, native backend", native, regionTests);
