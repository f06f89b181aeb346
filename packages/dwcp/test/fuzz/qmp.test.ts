import { expect, test } from "@jest/globals";
import { decodeQmpMessage, type QmpMessage, QmpReader } from "@proj/dwcp";
import fc from "fast-check";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";
import { codeOf } from "../support/failure.js";

const codes = ["dwcp.protocol", "dwcp.limit"];

test("any line of a monitor is a message or a typed error", () => {
  const member = fc.constantFrom(
    "QMP",
    "event",
    "error",
    "return",
    "id",
    "version",
    "class",
    "desc",
  );
  const value = fc.oneof(fc.jsonValue(), fc.dictionary(member, fc.jsonValue(), { maxKeys: 4 }));
  const line = fc.oneof(
    fc.string(),
    fc.dictionary(member, value, { maxKeys: 4 }).map((each) => JSON.stringify(each)),
  );
  fc.assert(
    fc.property(line, (text) => {
      const code = codeOf(() => void decodeQmpMessage(text));
      if (code !== undefined) expect(code).toBe("dwcp.protocol");
    }),
    fuzzRuns(300),
  );
});

test("messages of a monitor come whole out of any pieces, and any bytes are typed errors", () => {
  const message = fc.oneof(
    fc.record({ return: fc.jsonValue(), id: fc.nat() }),
    fc.record({ event: fc.string(), data: fc.jsonValue() }),
  );
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 6 }),
      fc.integer({ min: 1, max: 40 }),
      (all, size) => {
        const bytes = Buffer.from(all.map((each) => `${JSON.stringify(each)}\r\n`).join(""));
        const reader = new QmpReader();
        const found: QmpMessage[] = [];
        for (let at = 0; at < bytes.length; at += size) {
          found.push(...reader.push(bytes.subarray(at, at + size)));
        }
        expect(found.map(({ kind }) => kind)).toEqual(
          all.map((each) => ("event" in each ? "event" : "return")),
        );
      },
    ),
    fuzzRuns(200),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const code = codeOf(() => [...new QmpReader().push(bytes)]);
      if (code !== undefined) expect(codes).toContain(code);
    }),
    fuzzRuns(200),
  );
});
