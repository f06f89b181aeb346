import { expect, test } from "@jest/globals";
import { concatBytes } from "@proj/wire-types";
import fc from "fast-check";
import { BodySource } from "#src/body-source.js";
import { fuzzRuns } from "../../../tools/jest/fuzz-runs.js";

test("gives back what was pushed, in pieces of any size, and knows its end", () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 50 })),
      fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1 }),
      (pieces, sizes) => {
        const source = new BodySource();
        for (const piece of pieces) source.push(piece);
        source.end();
        const taken: Uint8Array[] = [];
        for (let i = 0; ; i++) {
          const size = sizes[i % sizes.length] ?? 1;
          const last = source.endsWithin(size);
          const part = source.take(size);
          expect(part.length).toBeLessThanOrEqual(size);
          taken.push(part);
          if (last) break;
        }
        expect(Buffer.compare(concatBytes(taken), concatBytes(pieces))).toBe(0);
        expect(source.queuedBytes).toBe(0);
      },
    ),
    fuzzRuns(200),
  );
});
