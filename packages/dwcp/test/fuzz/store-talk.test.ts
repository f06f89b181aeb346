import { expect, test } from "@jest/globals";
import { MAX_DICTIONARY_BYTES } from "@proj/dwcp";
import fc from "fast-check";
import type { StoreMessage } from "#src/session/session-events.js";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";
import { id, talking } from "../support/talking.js";

test("B11, B12: whatever a peer says of dictionaries and baselines, it gets at most one answer for it", () => {
  const hexId = fc.constantFrom(id("a"), id("b"), id("c"), id("d"));
  const ids = fc.array(hexId, { maxLength: 4 });
  const message: fc.Arbitrary<StoreMessage> = fc.oneof(
    fc.record({ kind: fc.constant("DICT_STATE" as const), have: ids, need: ids }),
    fc.record({
      kind: fc.constant("DICT_OFFER" as const),
      id: fc
        .uint8Array({ minLength: 32, maxLength: 32 })
        .map((bytes) => Buffer.from(bytes).toString("hex")),
      resourceClass: fc.string({ maxLength: 8 }),
      length: fc.nat(2 * MAX_DICTIONARY_BYTES),
    }),
    fc.record({
      kind: fc.constant("DICT_DATA" as const),
      id: hexId,
      offset: fc.nat(200_000),
      data: fc.base64String({ maxLength: 100 }),
    }),
    fc.record({ kind: fc.constant("BASELINE_QUERY" as const), ids }),
    fc.record({ kind: fc.constant("BASELINE_DROP" as const), ids }),
    fc.record({ kind: fc.constant("BASELINE_STATE" as const), present: ids, missing: ids }),
  );
  fc.assert(
    fc.property(fc.array(message, { maxLength: 60 }), (messages) => {
      const { talk, host, said } = talking([id("a")]);
      for (const each of messages) talk.hear(host, each);
      expect(said.length).toBeLessThanOrEqual(messages.length);
    }),
    fuzzRuns(100),
  );
});
