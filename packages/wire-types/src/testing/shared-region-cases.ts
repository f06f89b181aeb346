import type { SharedRegion } from "@proj/wire-types";
import { type Case, check } from "./case.js";
import type { MakePair } from "./pair.js";

/**
 * What every `SharedRegion` must do. `makePair` maps one piece of memory twice: `a` may write, `b` need not.
 * It has at least two bytes.
 */
export function sharedRegionCases(makePair: MakePair<SharedRegion>): readonly Case[] {
  const mapped = (name: string, body: (a: SharedRegion, b: SharedRegion) => void): Case => ({
    name,
    async run() {
      const pair = await makePair();
      try {
        body(pair.a, pair.b);
      } finally {
        pair.a.unmap();
        pair.b.unmap();
        await pair.dispose();
      }
    },
  });
  return [
    mapped("says what it is", (a, b) => {
      check(!a.readOnly, "the writing side says that it may not write");
      check(a.name !== "" && a.name === b.name, "the two sides disagree about the name");
      check(a.bytes.length === a.size && b.bytes.length === b.size, "size is not what is mapped");
      check(a.size === b.size, "the two sides disagree about the size");
    }),
    mapped("shows on one side what is written on the other", (a, b) => {
      for (const value of [1, 2]) {
        a.bytes[0] = value;
        a.bytes[a.size - 1] = value + 10;
        check(b.bytes[0] === value, "the first byte did not come through");
        check(b.bytes[b.size - 1] === value + 10, "the last byte did not come through");
      }
    }),
    mapped("is empty once unmapped, and may be unmapped twice", (a) => {
      a.unmap();
      check(a.bytes.length === 0, "bytes are still there");
      a.unmap();
    }),
    mapped("lives on when the other side unmaps", (a, b) => {
      a.bytes[1] = 42;
      a.unmap();
      check(b.bytes[1] === 42, "the memory went with the side that wrote it");
    }),
  ];
}
