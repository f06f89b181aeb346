import { describe, expect, test } from "@jest/globals";
import { isWireError } from "@proj/wire-types";
import { NetworkReader } from "#src/wire/network-reader.js";
import { NetworkWriter } from "#src/wire/network-writer.js";

// The edges of every length, 1 to 8 bytes.
const EDGES = Array.from({ length: 8 }, (_, at) => 2 ** (7 * (at + 1)))
  .flatMap((edge) => [edge - 1, edge])
  .filter((value) => value <= Number.MAX_SAFE_INTEGER);

describe("NetworkReader.varint", () => {
  test.each([0, 1, ...EDGES, Number.MAX_SAFE_INTEGER])("reads back %d", (value) => {
    const reader = new NetworkReader(new NetworkWriter().varint(value).varint(7).view());
    expect([reader.varint(), reader.varint(), reader.remaining]).toEqual([value, 7, 0]);
  });

  test("takes a short number in more bytes than it needs", () => {
    const reader = new NetworkReader(Uint8Array.of(0x85, 0x80, 0x80, 0x80, 0x00));
    expect([reader.varint(), reader.remaining]).toEqual([5, 0]);
  });

  test("refuses what ends within a number, at every length, and stays where it was", () => {
    for (let bytes = 0; bytes < 8; bytes++) {
      const reader = new NetworkReader(new Uint8Array(bytes).fill(0xff));
      expect(() => reader.varint()).toThrow("no varint at 0");
      expect(reader.offset).toBe(0);
    }
  });

  test("refuses more than 2^53 − 1", () => {
    const reader = new NetworkReader(Uint8Array.of(...new Uint8Array(7).fill(0xff), 0x7f));
    let thrown: unknown;
    try {
      reader.varint();
    } catch (error) {
      thrown = error;
    }
    expect(isWireError(thrown) && thrown.code).toBe("dwcp.protocol");
  });

  test.each([0, -1, 1, -(2 ** 27), 2 ** 27, -(2 ** 28) - 1, 2 ** 51, -(2 ** 51)])(
    "reads back %d with its sign",
    (value) => {
      const reader = new NetworkReader(new NetworkWriter().signedVarint(value).view());
      expect(reader.signedVarint()).toBe(value);
    },
  );
});
