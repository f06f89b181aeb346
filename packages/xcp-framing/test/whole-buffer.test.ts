import { describe, expect, test } from "@jest/globals";
import { concatBytes } from "@proj/wire-types";
import fc from "fast-check";
import { WholeBuffer } from "#src/whole-buffer.js";
import { fuzzRuns } from "../../../tools/jest/fuzz-runs.js";

const KIB = 1024;

function recorded(): { readonly sizes: number[]; allocate(bytes: number): Uint8Array } {
  const sizes: number[] = [];
  return {
    sizes,
    allocate(bytes) {
      sizes.push(bytes);
      return new Uint8Array(bytes).fill(0xee);
    },
  };
}

describe("WholeBuffer", () => {
  test("gives back what came, whether it was copied in or written to its place", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.uint8Array({ maxLength: 40 }), fc.boolean())), (parts) => {
        const expected = concatBytes(parts.map(([bytes]) => bytes));
        const whole = new WholeBuffer(expected.length, (bytes) => new Uint8Array(bytes).fill(0xee));
        for (const [bytes, inPlace] of parts) {
          const place = inPlace ? whole.place(bytes.length) : undefined;
          place?.set(bytes);
          whole.append(place ?? bytes);
        }
        expect(Buffer.compare(whole.take(), expected)).toBe(0);
      }),
      fuzzRuns(200),
    );
  });

  test("takes at most 1 MiB, or twice what came, of an announced length", () => {
    const memory = recorded();
    const whole = new WholeBuffer(64 * KIB * KIB, memory.allocate);
    const part = new Uint8Array(256 * KIB);
    for (let i = 0; i < 5; i++) whole.append(part);
    expect(memory.sizes).toEqual([KIB * KIB, 2 * KIB * KIB]);
  });

  test("keeps a first part as it is, for an owner that wants the rest in pieces", () => {
    const memory = recorded();
    const whole = new WholeBuffer(1000, memory.allocate);
    const part = new Uint8Array(600).fill(1);
    whole.append(part);
    expect(whole.place(400)?.length).toBe(400);
    expect(whole.takeParts()).toEqual([part]);
    expect(whole.takeParts()).toEqual([]);
  });

  test("has places from the first part on, up to the announced length", () => {
    const memory = recorded();
    const whole = new WholeBuffer(10, memory.allocate);
    expect(whole.place(11)).toBeUndefined();
    whole.append((whole.place(4) ?? new Uint8Array(0)).fill(1));
    expect(whole.place(7)).toBeUndefined();
    whole.append((whole.place(6) ?? new Uint8Array(0)).fill(2));
    expect([...whole.take()]).toEqual([1, 1, 1, 1, 2, 2, 2, 2, 2, 2]);
    expect(memory.sizes).toEqual([10]);
  });

  test("a first part that was not written to its place is taken all the same", () => {
    const whole = new WholeBuffer(4, (bytes) => new Uint8Array(bytes).fill(0xee));
    whole.place(2);
    whole.append(Uint8Array.of(1, 2));
    whole.append(Uint8Array.of(3, 4));
    expect([...whole.take()]).toEqual([1, 2, 3, 4]);
  });
});
