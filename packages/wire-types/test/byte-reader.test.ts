import { describe, expect, test } from "@jest/globals";
import { ByteReader, ByteWriter, isWireError } from "@proj/wire-types";
import fc from "fast-check";
import { fuzzRuns } from "../../../tools/jest/fuzz-runs.js";

const truncated = expect.objectContaining({ code: "wire.truncated" });

const reads = {
  u8: (r: ByteReader) => r.u8(),
  u16: (r: ByteReader) => r.u16(),
  u32: (r: ByteReader) => r.u32(),
  i32: (r: ByteReader) => r.i32(),
  u64: (r: ByteReader) => r.u64(),
  i64: (r: ByteReader) => r.i64(),
  f32: (r: ByteReader) => r.f32(),
  f64: (r: ByteReader) => r.f64(),
  leb128: (r: ByteReader) => r.leb128(),
  leb128Big: (r: ByteReader) => r.leb128Big(),
  view: (r: ByteReader) => r.view(3),
  text: (r: ByteReader) => r.text(2),
  skip: (r: ByteReader) => r.skip(5),
} as const;

describe("a byte reader", () => {
  test("reads little-endian from any offset of any view", () => {
    const bytes = Uint8Array.of(9, 9, 9, 1, 2, 3, 4, 5, 6, 7, 8).subarray(2);
    const reader = new ByteReader(bytes, 1);
    expect([reader.u8(), reader.u16(), reader.u32()]).toEqual([1, 0x0302, 0x07060504]);
    expect([reader.offset, reader.remaining]).toEqual([8, 1]);
  });

  test.each(Object.entries(reads))("%s beyond the end throws and stays where it was", (_, read) => {
    for (const bytes of [new Uint8Array(0), Uint8Array.of(0x80)]) {
      const reader = new ByteReader(bytes, bytes.length === 0 ? 0 : 1);
      expect(() => read(reader)).toThrow(truncated);
      expect(reader.remaining).toBe(0);
    }
  });

  test("views what it does not copy", () => {
    const bytes = Uint8Array.of(1, 2, 3);
    const view = new ByteReader(bytes).view(2);
    bytes[0] = 7;
    expect([...view]).toEqual([7, 2]);
  });

  test("refuses lengths that are no lengths", () => {
    const reader = new ByteReader(new Uint8Array(4));
    for (const length of [-1, Number.NaN, Number.POSITIVE_INFINITY, 5]) {
      expect(() => reader.view(length)).toThrow(truncated);
    }
    expect(reader.offset).toBe(0);
  });

  test("refuses text that is not UTF-8", () => {
    expect(() => new ByteReader(Uint8Array.of(0xff)).text(1)).toThrow(
      expect.objectContaining({ code: "wire.invalid_utf8" }),
    );
  });

  test("any reads of any bytes give values or errors by code, and never move past the end", () => {
    const names = fc.array(fc.constantFrom(...Object.keys(reads)), { maxLength: 10 });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), names, (bytes, order) => {
        const reader = new ByteReader(bytes);
        for (const name of order) {
          const before = reader.offset;
          try {
            reads[name as keyof typeof reads](reader);
          } catch (error) {
            if (!isWireError(error)) throw error;
            if (error.code === "wire.truncated") expect(reader.offset).toBe(before);
          }
          expect(reader.offset).toBeLessThanOrEqual(bytes.length);
        }
      }),
      fuzzRuns(300),
    );
  });
});

describe("a byte writer", () => {
  test("pads to an alignment", () => {
    const writer = new ByteWriter(1);
    writer.u8(1).align(4).u8(2).align(4).align(4);
    expect([...writer.view()]).toEqual([1, 0, 0, 0, 2, 0, 0, 0]);
  });

  test("zeros overwrite what an earlier use left", () => {
    const writer = new ByteWriter(8);
    writer.u64(2n ** 64n - 1n);
    writer.reset();
    writer.zeros(8);
    expect(writer.copy()).toEqual(new Uint8Array(8));
  });

  test("its view lasts until the next write, its copy for good", () => {
    const writer = new ByteWriter(4).u8(1);
    const copy = writer.copy();
    writer.reset();
    writer.u8(2);
    expect([...copy]).toEqual([1]);
  });

  test("writes lone surrogates as U+FFFD, with the right length before them", () => {
    const bytes = new ByteWriter().lengthAndText("a\ud800").view();
    const reader = new ByteReader(bytes);
    expect(reader.text(reader.leb128())).toBe("a\ufffd");
    expect(reader.remaining).toBe(0);
  });
});
