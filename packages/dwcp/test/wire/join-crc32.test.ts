import { expect, test } from "@jest/globals";
import { crc32 } from "@proj/dwcp";
import { joinCrc32 } from "#src/wire/join-crc32.js";
import fc from "fast-check";

test("the checksum of two stretches is that of both in a row", () => {
  const bytes = fc.uint8Array({ maxLength: 2_000 });
  fc.assert(
    fc.property(bytes, bytes, (first, second) => {
      const both = Buffer.concat([first, second]);
      expect(joinCrc32(crc32(first), crc32(second), second.length)).toBe(crc32(both));
    }),
    { numRuns: Number(process.env["FUZZ_RUNS"] ?? 200), verbose: true },
  );
});
