import { expect, test } from "@jest/globals";
import { DeliveryMeter } from "#src/rate/delivery-meter.js";
import { SessionRate } from "#src/rate/session-rate.js";
import { Pacer } from "#src/session/pacer.js";
import { DEFAULT_TUNING } from "#src/session/session-options.js";

const STORED = 98_304;
const STREAMS = 32;

function begin(): { pacer: Pacer; rate: SessionRate; meter: DeliveryMeter } {
  const rate = new SessionRate(0.5);
  const meter = new DeliveryMeter();
  const parts = { tuning: DEFAULT_TUNING, streams: { alive: STREAMS }, rate, meter };
  return { pacer: new Pacer(0, { ...parts, mostEncodedBytes: 1_048_576 }), rate, meter };
}

/** Hands over what may go at once; returns the bytes. */
function fill(nowUs: number, { pacer, meter }: ReturnType<typeof begin>): number {
  let bytes = 0;
  while (pacer.freeUs(nowUs, STORED) <= nowUs) {
    pacer.take(nowUs, STORED);
    meter.sent(nowUs, STORED);
    bytes += STORED;
  }
  return bytes;
}

test("fresh connections are given what widens their windows: two long units each, not four", () => {
  expect(fill(0, begin())).toBe((4 + 2 * STREAMS) * STORED);
});

test("what widens windows is not paced by a rate that was measured before they were wider", () => {
  const session = begin();
  const { rate, meter } = session;
  const stamp = meter.sent(0, STORED);
  const before = fill(0, session);
  const sample = meter.acknowledged(400_000, STORED, stamp);
  const { inflightBytes } = meter;
  rate.sample({ ...sample, nowUs: 400_000, rttUs: 400_000, inflightBytes });
  // A quarter of a megabyte per second, as far as is known: the pace would let one unit go.
  expect(rate.pacingRate).toBeLessThan(1_000_000);
  for (let i = 0; i < before / STORED; i++) meter.lost(STORED);
  // Four short ones each: what comes on top of that is paced.
  const fresh = 4 * STREAMS * 32_768;
  expect(fill(400_000, session)).toBeGreaterThan(fresh);
  expect(meter.inflightBytes).toBeLessThan(1.2 * fresh);
});
