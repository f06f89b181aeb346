import { describe, expect, test } from "@jest/globals";
import { SeededRandom } from "@proj/wire-types";
import { backoffMs } from "@proj/xcp-framing";

function draw(attempt: number, options = {}): readonly number[] {
  const random = new SeededRandom(1);
  return Array.from({ length: 2000 }, () => backoffMs(random, attempt, options));
}

describe("§10: full jitter", () => {
  test.each([
    [0, 100],
    [3, 800],
    [30, 30_000],
    [2000, 30_000],
  ])("attempt %p waits uniform(0, %p ms)", (attempt, most) => {
    const waits = draw(attempt);
    expect(Math.min(...waits)).toBeLessThan(most * 0.01);
    expect(Math.max(...waits)).toBeLessThan(most);
    expect(Math.max(...waits)).toBeGreaterThan(most * 0.99);
  });

  test("never less than retry_after_ms", () => {
    expect(Math.min(...draw(0, { floorMs: 250 }))).toBe(250);
  });
});
