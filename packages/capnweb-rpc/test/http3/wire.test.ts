import { describe, expect, test } from "@jest/globals";
import { BlockReader, encodeBlock } from "#src/http3/block-reader.js";
import { encodeSettings, takesWebTransport } from "#src/http3/http3-settings.js";
import { decodeHuffman } from "#src/http3/huffman.js";
import { decodeFields, encodeFields, type Field } from "#src/http3/qpack.js";
import { encodeVarints, readVarint } from "#src/http3/quic-varint.js";
import fc from "fast-check";

const numRuns = Number(process.env["FUZZ_RUNS"] ?? 200);
const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));

describe("varints", () => {
  test.each([
    ["25", 37],
    ["4025", 37],
    ["7bbd", 15_293],
    ["9d7f3e7d", 494_878_333],
    ["c000000000000001", 1],
  ])("RFC 9000 A.1: %s is %d", (bytes, value) => {
    expect(readVarint(hex(bytes), 0)).toEqual({ value, next: bytes.length / 2 });
    expect(readVarint(hex(bytes).slice(0, -1), 0)).toBeUndefined();
  });

  test("what is written is read, and is as short as it goes", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        const bytes = encodeVarints(value);
        expect(readVarint(bytes, 0)).toEqual({ value, next: bytes.length });
        const bits = value < 2 ** 6 ? 1 : value < 2 ** 14 ? 2 : value < 2 ** 30 ? 4 : 8;
        expect(bytes).toHaveLength(bits);
      }),
      { numRuns },
    );
    expect(() => encodeVarints(-1)).toThrow(RangeError);
  });
});

describe("Huffman code", () => {
  test.each([
    ["f1e3c2e5f23a6ba0ab90f4ff", "www.example.com"],
    ["a8eb10649cbf", "no-cache"],
    ["25a849e95ba97d7f", "custom-key"],
    ["6402", "302"],
    ["aec3771a4b", "private"],
    ["d07abe941054d444a8200595040b8166e082a62d1bff", "Mon, 21 Oct 2013 20:13:21 GMT"],
    ["9d29ad171863c78f0b97c8e9ae82ae43d3", "https://www.example.com"],
  ])("RFC 7541 C.4, C.6: %s is %s", (bytes, text) => {
    expect(Buffer.from(decodeHuffman(hex(bytes))).toString()).toBe(text);
  });

  test.each(["ffffffff", "1fff", "ff"])("%s is refused", (bytes) => {
    expect(() => decodeHuffman(hex(bytes))).toThrow("malformed Huffman code");
  });
});

describe("fields", () => {
  test("what is written is read", () => {
    const name = fc.stringMatching(/^:?[a-z0-9-]{1,200}$/);
    const value = fc.stringMatching(/^[ -~]{0,300}$/);
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value)), (fields) => {
        expect(decodeFields(encodeFields(fields))).toEqual(fields);
      }),
      { numRuns },
    );
  });

  test("rows of the static table are read, with their own value or another", () => {
    // Prefix; indexed 15, 23, 1; :path by row 1 with a value; a row that nobody looks at; origin by row 90.
    const bytes = hex("0000cfd7c151032f7274ff205f4b0178");
    const expected: Field[] = [
      [":method", "CONNECT"],
      [":scheme", "https"],
      [":path", "/"],
      [":path", "/rt"],
      ["origin", "x"],
    ];
    expect(decodeFields(bytes)).toEqual(expected);
  });

  test.each([
    ["", "ends early"],
    ["0100", "dynamic table"],
    ["000080", "dynamic table"],
    ["000040", "dynamic table"],
    ["000010", "dynamic table"],
    ["0000ff64", "row 163"],
    ["000025616263", "ends early"],
    ["0000ffffffffffffff", "2^32"],
  ])("%s is refused: %s", (bytes, message) => {
    expect(() => decodeFields(hex(bytes))).toThrow(message);
  });

  test("any bytes give fields or an error of QPACK", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          decodeFields(Uint8Array.from([0, 0, ...bytes]));
        } catch (error) {
          expect(error).toMatchObject({ code: "QPACK_DECOMPRESSION_FAILED" });
        }
      }),
      { numRuns },
    );
  });
});

describe("blocks", () => {
  test("wanted ones survive any chunking, others are skipped", () => {
    const block = fc.record({ type: fc.nat(3), payload: fc.uint8Array({ maxLength: 100 }) });
    fc.assert(
      fc.property(fc.array(block), fc.integer({ min: 1, max: 50 }), (blocks, step) => {
        const reader = new BlockReader([1, 2], 100);
        const bytes = blocks.flatMap(({ type, payload }) => [...encodeBlock(type, payload)]);
        const read = [];
        for (let at = 0; at < bytes.length; at += step) {
          const part = Uint8Array.from(bytes.slice(at, at + step));
          read.push(...reader.push(part).map(({ type, payload }) => [type, ...payload]));
        }
        const wanted = blocks.filter(({ type }) => type === 1 || type === 2);
        expect(read).toEqual(wanted.map(({ type, payload }) => [type, ...payload]));
      }),
      { numRuns },
    );
  });

  test("one above the limit is refused before it is there", () => {
    const reader = new BlockReader([1], 10);
    expect(() => reader.push(encodeVarints(1, 11))).toThrow("a block of 11 bytes");
    expect(new BlockReader([1], 10).push(encodeVarints(2, 2 ** 40))).toEqual([]);
  });
});

describe("settings", () => {
  test("ours take WebTransport; those of either generation do, and none do not", () => {
    expect(takesWebTransport(encodeSettings())).toBe(true);
    expect(takesWebTransport(encodeVarints(0x2b603742, 1))).toBe(true);
    expect(takesWebTransport(encodeVarints(0xc671706a, 5))).toBe(true);
    expect(takesWebTransport(encodeVarints(0xc671706a, 0))).toBe(false);
    expect(takesWebTransport(new Uint8Array())).toBe(false);
    expect(() => takesWebTransport(encodeVarints(8))).toThrow("SETTINGS end early");
  });
});
