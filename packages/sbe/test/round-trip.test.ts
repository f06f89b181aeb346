import { describe, expect, test } from "@jest/globals";
import { viewOf } from "@proj/sbe";
import * as big from "./generated/everything-big-endian.js";
import * as little from "./generated/everything.js";
import { everything } from "./support/everything.js";

const header = 8;

describe.each([
  ["little-endian", little],
  ["big-endian", big],
] as const)("%s", (order, codec) => {
  const isLittle = order === "little-endian";
  const bytes = codec.encodeEverything(everything);
  const view = viewOf(bytes);

  test("a message with everything comes back as it was", () => {
    expect(codec.decodeEverything(bytes)).toEqual(everything);
  });

  test("the header and the fields lie where the schema puts them", () => {
    expect(view.getUint16(0, isLittle)).toBe(160);
    expect(view.getUint16(2, isLittle)).toBe(1);
    expect(view.getUint16(4, isLittle)).toBe(codec.SCHEMA_ID);
    expect(view.getUint16(6, isLittle)).toBe(2);
    expect(view.getInt8(header)).toBe(-5);
    expect(view.getUint16(header + 1, isLittle)).toBe(40_000);
    expect(view.getBigUint64(header + 8, isLittle)).toBe(everything.wide);
    expect(view.getUint16(header + 160, isLittle)).toBe(4);
    expect(view.getUint16(header + 162, isLittle)).toBe(2);
  });

  test("optional fields that are left out are null on the wire and absent to the reader", () => {
    const { maybe, maybeFloat, maybeDouble, maybeBig, zeroIsNull, maybeSide, ...rest } = everything;
    expect([maybe, maybeFloat, maybeDouble, maybeBig, zeroIsNull, maybeSide]).not.toContain(
      undefined,
    );
    const decoder = new codec.EverythingDecoder().wrap(viewOf(codec.encodeEverything(rest)));
    expect(decoder.maybe()).toBeUndefined();
    expect(decoder.maybeFloat()).toBeUndefined();
    expect(decoder.maybeDouble()).toBeUndefined();
    expect(decoder.maybeBig()).toBeUndefined();
    expect(decoder.zeroIsNull()).toBeUndefined();
    expect(decoder.maybeSide()).toBeUndefined();
  });

  test("constants take no bytes", () => {
    const decoder = new codec.EverythingDecoder().wrap(view);
    expect(decoder.unit()).toBe("metres");
    expect(decoder.answer()).toBe(42);
    expect(decoder.fixedSide()).toBe(codec.Side.RIGHT);
    expect(decoder.price().exponent()).toBe(-3);
  });

  test("the halves of 64-bit fields are those of the whole", () => {
    const decoder = new codec.EverythingDecoder().wrap(view);
    expect(decoder.wideLow()).toBe(0x7654_3210);
    expect(decoder.wideHigh()).toBe(0xfedc_ba98);
    const into = new Uint8Array(bytes.length);
    const encoder = new codec.EverythingEncoder().wrap(viewOf(into));
    encoder.wideWords(0x7654_3210, 0xfedc_ba98);
    encoder.end();
    expect(new codec.EverythingDecoder().wrap(viewOf(into)).wide()).toBe(everything.wide);
  });

  test("a field whose name is taken gets another one", () => {
    expect(new codec.EverythingDecoder().wrap(view).countField()).toBe(40_000);
  });
});
