import { expect, test } from "@jest/globals";
import { AnchorScan, indexOf, memorySource, portableAnchors } from "@proj/dwcp";
import { knownShare } from "#src/hde/known-share.js";
import { noise } from "../support/hde.js";

const platform = { anchors: portableAnchors };
const old = noise(400_000, 1);
const { slots } = indexOf(memorySource(old), platform);

function shareOf(raw: Uint8Array, here: number): number {
  const scan = new AnchorScan();
  portableAnchors.scan(raw, scan);
  return knownShare(raw, scan, [{ source: memorySource(old), slots }], here);
}

test("B10: content that moved is seen by a few of its anchors", () => {
  expect(shareOf(old.subarray(100_000, 300_000), 0)).toBeGreaterThan(0.7);
  expect(shareOf(old.subarray(100_000, 300_000), -1)).toBeGreaterThan(0.7);
});

test("B10: fresh content is not", () => {
  expect(shareOf(noise(200_000, 2), 0)).toBeLessThan(0.01);
  expect(shareOf(new Uint8Array(200_000), 0)).toBe(0);
});

test("B10: a part that moved counts as that part", () => {
  const raw = Buffer.concat([noise(100_000, 3), old.subarray(5, 100_005)]);
  expect(Math.abs(shareOf(raw, 0) - 0.5)).toBeLessThan(0.2);
});
