import { describe, expect, test } from "@jest/globals";
import { agreeMinor, coversKind } from "@proj/xcp-framing";

const range = (kindId: number, major: number, minMinor: number, maxMinor: number) => ({
  kindId,
  major,
  minMinor,
  maxMinor,
});

describe("§6 kind agreement", () => {
  test("the highest minor inside both ranges", () => {
    const emits = [range(7, 1, 0, 5)];
    expect(agreeMinor(emits, [range(7, 1, 2, 9)], { kindId: 7, major: 1, wanted: 0 })).toBe(5);
    expect(
      agreeMinor(emits, [range(7, 1, 6, 9)], { kindId: 7, major: 1, wanted: 0 }),
    ).toBeUndefined();
    expect(
      agreeMinor(emits, [range(7, 2, 0, 9)], { kindId: 7, major: 1, wanted: 0 }),
    ).toBeUndefined();
  });

  test("an empty list is every kind", () => {
    expect(agreeMinor([], [], { kindId: 7, major: 1, wanted: 3 })).toBe(3);
    expect(agreeMinor([], [range(7, 1, 0, 4)], { kindId: 7, major: 1, wanted: 9 })).toBe(4);
    expect(coversKind([], { nsHash: 0, kindId: 9, major: 3, minor: 1 })).toBe(true);
  });

  test("a message without a key claims nothing", () => {
    const ranges = [range(7, 1, 0, 1)];
    expect(coversKind(ranges, undefined)).toBe(true);
    expect(coversKind(ranges, { nsHash: 0, kindId: 0, major: 0, minor: 0 })).toBe(true);
    expect(coversKind(ranges, { nsHash: 0, kindId: 7, major: 1, minor: 2 })).toBe(false);
  });

  test("§2: a published alias is its kind", () => {
    const text = [range(0xbde64e3e, 1, 0, 1)];
    expect(coversKind(text, { nsHash: 0, kindId: 0x6ea7e21b, major: 1, minor: 0 })).toBe(true);
    expect(coversKind(text, { nsHash: 0, kindId: 0x8b4e3a2c, major: 1, minor: 0 })).toBe(false);
  });
});
