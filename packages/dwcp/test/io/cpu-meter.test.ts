import { expect, test } from "@jest/globals";
import { CpuMeter, parseCpuMax } from "@proj/dwcp/node";

test.each([
  ["200000 100000\n", 2],
  ["50000 100000\n", 0.5],
  ["max 100000\n", undefined],
  ["", undefined],
  ["0 100000", undefined],
])("B11: the quota in %j", (text, cores) => {
  expect(parseCpuMax(text)).toBe(cores);
});

test("B11: the use of the CPU is a share", () => {
  const meter = new CpuMeter();
  const { use, cores } = meter.read();
  expect(use).toBeGreaterThanOrEqual(0);
  expect(use).toBeLessThanOrEqual(1);
  expect(cores).toBeGreaterThan(0);
});
