import { describe, expect, test } from "@jest/globals";
import { JsonShareMeter } from "@proj/ether-codecs";
import { CodecId } from "@proj/wire-types";

const second = 1_000_000;
const MiB = 1_048_576;

describe("§15.4: the JSON share", () => {
  test("is of bytes, not of messages", () => {
    const meter = new JsonShareMeter();
    expect(meter.share(0)).toBe(0);
    for (let i = 0; i < 99; i++) meter.record(0, CodecId.JSON, 1);
    meter.record(0, CodecId.PROTOBUF, 301);
    expect(meter.share(0)).toBeCloseTo(0.2475);
  });

  test("forgets after 60 seconds", () => {
    const meter = new JsonShareMeter();
    meter.record(0, CodecId.JSON, 100);
    meter.record(30 * second, CodecId.PROTOBUF, 100);
    expect(meter.share(59 * second)).toBe(0.5);
    expect(meter.share(60 * second)).toBe(0);
    meter.record(89 * second, CodecId.JSON, 300);
    expect(meter.share(89 * second)).toBe(0.75);
    expect(meter.share(90 * second)).toBe(1);
    expect(meter.share(10_000 * second)).toBe(0);
  });

  test("raises the alarm above 1 %, from 1 MiB on, at most once a minute", () => {
    const meter = new JsonShareMeter();
    expect(meter.record(0, CodecId.JSON, MiB - 1)).toBeUndefined();
    expect(meter.record(0, CodecId.JSON, 1)).toEqual({
      name: "xcp.json_overuse",
      share: 1,
      jsonBytes: MiB,
      totalBytes: MiB,
    });
    expect(meter.record(59 * second, CodecId.JSON, MiB)).toBeUndefined();
    expect(meter.record(60 * second, CodecId.JSON, MiB)).toBeDefined();
  });

  test("stays silent at exactly 1 %", () => {
    const meter = new JsonShareMeter();
    meter.record(0, CodecId.JSON, 20_000);
    expect(meter.record(0, CodecId.ARROW_IPC, 1_980_000)).toBeUndefined();
    expect(meter.record(0, CodecId.JSON, 1)).toBeDefined();
  });
});
