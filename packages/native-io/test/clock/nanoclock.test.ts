import { expect, test } from "@jest/globals";
import { backend, portable } from "@proj/native-io";

// By which the portable one may be off: its origin is rounded, and measured between two readings of hrtime.
const ROUNDING_NS = 100_000n;

test.each([
  ["of the backend in use", backend],
  ["of the portable backend", portable],
])("the clock %s is the one of hrtime, wherever it is written", (_, { clock }) => {
  const view = new DataView(new ArrayBuffer(24));
  for (let offset = 0; offset <= 16; offset++) {
    const before = process.hrtime.bigint();
    clock.writeNs(view, offset);
    const after = process.hrtime.bigint();
    const written = view.getBigInt64(offset, true);
    expect(written).toBeGreaterThanOrEqual(before - ROUNDING_NS);
    expect(written).toBeLessThanOrEqual(after + ROUNDING_NS);
  }
  expect(() => {
    clock.writeNs(view, 17);
  }).toThrow("bounds");
});

test("it does not go back", () => {
  const view = new DataView(new ArrayBuffer(8));
  let last = 0n;
  for (let round = 0; round < 10_000; round++) {
    backend.clock.writeNs(view, 0);
    const now = view.getBigInt64(0, true);
    expect(now >= last).toBe(true);
    last = now;
  }
});
