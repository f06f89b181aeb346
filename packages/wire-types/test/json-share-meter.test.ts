import { describe, expect, test } from "@jest/globals";
import { JsonShareMeter } from "@proj/wire-types";

const SECOND = 1_000_000;
const MIB = 1_048_576;

describe("§15.4: the JSON share", () => {
  test("is of bytes, not of messages", () => {
    const meter = new JsonShareMeter();
    expect(meter.share(0)).toBe(0);
    for (let i = 0; i < 99; i++) meter.add(0, 1, 1);
    meter.add(0, 301, 0);
    expect(meter.share(0)).toBeCloseTo(0.2475);
  });

  test("forgets after 60 seconds", () => {
    const meter = new JsonShareMeter();
    meter.add(0, 100, 100);
    meter.add(30 * SECOND, 100, 0);
    expect(meter.share(59 * SECOND)).toBe(0.5);
    expect(meter.share(60 * SECOND)).toBe(0);
    meter.add(89 * SECOND, 300, 300);
    expect(meter.share(89 * SECOND)).toBe(0.75);
    expect(meter.share(90 * SECOND)).toBe(1);
    expect(meter.share(10_000 * SECOND)).toBe(0);
  });

  test("raises the alarm above 1 %, from 1 MiB on, at most once a minute", () => {
    const meter = new JsonShareMeter();
    meter.add(0, MIB - 1, MIB - 1);
    expect(meter.alarm(0)).toBeUndefined();
    meter.add(0, 1, 1);
    expect(meter.alarm(0)).toEqual({ share: 1, jsonBytes: MIB, totalBytes: MIB });
    expect(meter.alarm(0)).toBeUndefined();
    meter.add(59 * SECOND, MIB, MIB);
    expect(meter.alarm(59 * SECOND)).toBeUndefined();
    expect(meter.alarm(60 * SECOND)).toBeDefined();
  });

  test("stays silent at exactly 1 %", () => {
    const meter = new JsonShareMeter();
    meter.add(0, 2_000_000, 20_000);
    expect(meter.alarm(0)).toBeUndefined();
    meter.add(0, 1, 1);
    expect(meter.alarm(0)).toBeDefined();
  });
});
