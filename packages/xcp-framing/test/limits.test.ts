import { describe, expect, test } from "@jest/globals";
import { resolveXcpLimits, XcpLimitTable } from "@proj/xcp-framing";

describe("the limits of a connection", () => {
  test("default to those of the specification", () => {
    expect(resolveXcpLimits()).toMatchObject({
      maxFrameBytes: 1_048_576,
      maxHeaderBytes: 16_384,
      maxMessageBytes: 64 * 1_048_576,
      maxInflight: 1024,
      dedupWindow: 4096,
      maxChannels: 256,
      maxQueuedBytes: 16 * 1_048_576,
      helloTimeoutMs: 5000,
      ackTimeoutMs: 5000,
      maxAttempts: 5,
      chunkTimeoutMs: 30_000,
      pingIntervalMs: 30_000,
    });
  });

  test("are checked", () => {
    expect(() => resolveXcpLimits({ maxFrameBytes: 31, dedupWindow: 65_537 })).toThrow(
      /maxFrameBytes.*dedupWindow/,
    );
    for (const { default: value, min, max } of Object.values(XcpLimitTable)) {
      expect(value).toBeGreaterThanOrEqual(min);
      expect(value).toBeLessThanOrEqual(max);
    }
  });
});
