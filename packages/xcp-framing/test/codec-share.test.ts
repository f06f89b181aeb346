import { describe, expect, test } from "@jest/globals";
import { CodecShare } from "#src/codec-share.js";

const SECOND = 1_000_000;
const MIB = 1024 * 1024;

describe("§15.4 JSON share", () => {
  test("counts bytes, not messages, of the last 60 s", () => {
    const share = new CodecShare();
    expect(share.share(0)).toBe(0);
    share.add(0, 100, 100);
    share.add(0, 300, 0);
    expect(share.share(59 * SECOND)).toBe(0.25);
    share.add(30 * SECOND, 100, 0);
    expect(share.share(59 * SECOND)).toBe(0.2);
    expect(share.share(60 * SECOND)).toBe(0);
    expect(share.share(1000 * SECOND)).toBe(0);
  });

  test("raises the alarm above 1 % with at least 1 MiB, at most once a minute", () => {
    const share = new CodecShare();
    share.add(0, MIB - 1, MIB - 1);
    expect(share.alarm(0)).toBe(false);
    share.add(0, 1, 1);
    expect([share.alarm(0), share.alarm(0)]).toEqual([true, false]);
    share.add(59 * SECOND, MIB, MIB);
    expect(share.alarm(59 * SECOND)).toBe(false);
    expect(share.alarm(60 * SECOND)).toBe(true);
  });

  test("one per cent is not too much", () => {
    const share = new CodecShare();
    share.add(0, MIB, MIB);
    share.add(0, 99 * MIB, 0);
    expect(share.alarm(0)).toBe(false);
  });
});
