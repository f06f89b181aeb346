import { describe, expect, test } from "@jest/globals";
import { onKeysOld } from "#src/key-age.js";
import { ManualTime } from "@proj/wire-types";
import type { RotationOptions } from "@proj/xcp-framing";

const DAY_US = 24 * 60 * 60 * 1_000_000;

function watched(
  rotation?: "never" | RotationOptions,
  transport = "tls",
): {
  readonly time: ManualTime;
  readonly connection: { busiestBytes: number };
  calls: number;
  close(): Promise<void>;
} {
  const time = new ManualTime();
  let close: (reason: undefined) => void = () => undefined;
  const closed = new Promise<undefined>((resolve) => (close = resolve));
  const info = { transport, peer: undefined, secure: transport !== "tcp", local: true };
  const connection = { info, busiestBytes: 0, closed };
  const all = {
    time,
    connection,
    calls: 0,
    async close(): Promise<void> {
      close(undefined);
      await closed;
    },
  };
  const options = { platform: { time }, ...(rotation !== undefined && { rotation }) };
  onKeysOld(connection, options, () => void all.calls++);
  return all;
}

describe("§12: the keys of a TLS connection are old", () => {
  test("after 24 hours, once", () => {
    const it = watched();
    it.time.advance(DAY_US - 1_000_000);
    expect(it.calls).toBe(0);
    it.time.advance(1_000_000);
    it.time.advance(DAY_US);
    expect(it.calls).toBe(1);
  });

  test("after 2 · 10^9 bytes in one direction", () => {
    const it = watched();
    it.connection.busiestBytes = 1_999_999_999;
    it.time.advance(10_000_000);
    expect(it.calls).toBe(0);
    it.connection.busiestBytes = 2_000_000_000;
    it.time.advance(1_000_000);
    expect(it.calls).toBe(1);
  });

  test("by limits of the application's own", () => {
    const aged = watched({ maxAgeMs: 20 });
    aged.time.advance(20_000);
    expect(aged.calls).toBe(1);
    const used = watched({ maxBytes: 10 });
    used.connection.busiestBytes = 10;
    used.time.advance(1_000_000);
    expect(used.calls).toBe(1);
  });

  test("never where nobody wants to know, where there are no keys, and once it is closed", async () => {
    const closed = watched();
    await closed.close();
    for (const it of [watched("never"), watched(undefined, "tcp"), watched({}, "unix"), closed]) {
      it.connection.busiestBytes = 3_000_000_000;
      it.time.advance(2 * DAY_US);
      expect(it.calls).toBe(0);
    }
  });
});
