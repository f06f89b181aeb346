import { expect, test } from "@jest/globals";
import { DcquicCodes } from "@proj/dcquic-core";
import { outcomeError } from "#src/pool/outcome-error.js";
import { id64 } from "#src/wire/id64.js";

const FACTS = { peer: "10.0.0.2:9950", stream: id64(1, 2), token: undefined };
const travelling = Object.entries(DcquicCodes).flatMap(([code, info]) =>
  "wire" in info ? [{ code, status: info.wire }] : [],
);

test.each(travelling)(
  "§15: an end without a reason says in words why: $code",
  ({ code, status }) => {
    const error = outcomeError({ status, reason: "", rootCause: undefined }, FACTS);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(/^a stream with 10\.0\.0\.2:9950 ended: [a-z].{10,}$/);
    expect(error.details).toMatchObject({ status, peer: FACTS.peer });
  },
);

test("§15: a reason that travelled is said as it came; a status of the application by its number", () => {
  const said = outcomeError({ status: 2, reason: "not today", rootCause: undefined }, FACTS);
  expect(said.message).toBe("a stream with 10.0.0.2:9950 ended: not today");
  const own = outcomeError({ status: 300, reason: "", rootCause: undefined }, FACTS);
  expect(own.message).toBe("a stream with 10.0.0.2:9950 ended: the application says 300");
});
