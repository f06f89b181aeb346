import { describe, expect, test } from "@jest/globals";
import { SbeError, viewOf } from "@proj/sbe";
import {
  decodeEverything,
  encodeEmpty,
  encodeEverything,
  EmptyDecoder,
  EverythingDecoder,
  EverythingEncoder,
} from "./generated/everything.js";
import { everything } from "./support/everything.js";

const bytes = encodeEverything(everything);

describe("reading", () => {
  test("what nobody reads is skipped", () => {
    const decoder = wrapped();
    expect(decoder.photo()).toEqual(everything.photo);
    expect(decoder.extra()).toBe("new");
  });

  test("a group that was left in the middle is skipped to its end", () => {
    const decoder = wrapped();
    const legs = decoder.legs();
    expect(legs.next()).toBe(true);
    const toes = legs.toes();
    expect(toes.next()).toBe(true);
    expect(decoder.motto()).toBe(everything.motto);
  });

  test("one flyweight moves over all entries", () => {
    const lengths = Array.from(wrapped().legs(), (leg) => leg.length());
    expect(lengths).toEqual([70, 71]);
  });

  test("going back is an error, and rewinding is not", () => {
    const decoder = wrapped();
    decoder.motto();
    expect(codeOf(() => decoder.motto())).toBe("sbe.out_of_order");
    expect(codeOf(() => decoder.legs())).toBe("sbe.out_of_order");
    expect(decoder.rewind().legs().count).toBe(2);
  });

  test("the body's length is known after reading past everything", () => {
    expect(wrapped().bodyLength()).toBe(bytes.length - 8);
    expect(new EmptyDecoder().wrap(viewOf(encodeEmpty({}))).bodyLength()).toBe(0);
  });

  test("data can be read as a view without a copy", () => {
    const motto = wrapped().mottoBytes();
    expect(motto.buffer).toBe(bytes.buffer);
    expect(new TextDecoder().decode(motto)).toBe(everything.motto);
  });

  test("another message or schema is refused by code", () => {
    expect(codeOf(() => new EmptyDecoder().wrap(viewOf(bytes)))).toBe("sbe.wrong_template");
    const foreign = bytes.slice();
    foreign[4] = 99;
    expect(codeOf(() => new EverythingDecoder().wrap(viewOf(foreign)))).toBe("sbe.wrong_schema");
  });

  test("an enum value that the schema lacks is raw in the flyweight and an error in the object", () => {
    const odd = bytes.slice();
    const at = bytes.indexOf("L".charCodeAt(0), 8 + 44);
    odd[at] = 7;
    expect(new EverythingDecoder().wrap(viewOf(odd)).side()).toBe(7);
    expect(codeOf(() => decodeEverything(odd))).toBe("sbe.unknown_enum_value");
  });

  test("an array's index is checked", () => {
    expect(() => wrapped().vector(3)).toThrow(RangeError);
    expect(() => wrapped().vector(-1)).toThrow(RangeError);
  });
});

describe("versions", () => {
  test("an older message lacks what came later", () => {
    const { later: _later, ...old } = everything;
    const older = encodeEverything({ ...old, arms: [], extra: "" });
    // As version 1 wrote it: without the group `arms` (2 bytes) and the length of `extra` (2 bytes) at the end.
    const start = new EverythingDecoder().wrap(viewOf(older));
    start.legs();
    const legsEnd = older.length - 2 - (2 + 6) - (4 + 2) - 2;
    const bytesOfV1 = new Uint8Array([
      ...older.subarray(0, legsEnd),
      ...older.subarray(legsEnd + 2, older.length - 2),
    ]);
    bytesOfV1[6] = 1;
    const decoder = new EverythingDecoder().wrap(viewOf(bytesOfV1));
    expect(decoder.later()).toBeUndefined();
    expect(decoder.arms().count).toBe(0);
    expect(decoder.motto()).toBe(everything.motto);
    expect(decoder.photo()).toEqual(everything.photo);
    expect(decoder.extra()).toBe("");
  });

  test("a longer block of a newer version is read as far as it is known", () => {
    const longer = new Uint8Array(bytes.length + 16);
    longer.set(bytes.subarray(0, 168));
    longer.set(bytes.subarray(168), 184);
    longer[0] = 176;
    longer[6] = 9;
    expect(decodeEverything(longer)).toEqual(everything);
  });

  test("a block that lacks required fields is refused", () => {
    const shorter = bytes.slice();
    shorter[0] = 20;
    expect(codeOf(() => decodeEverything(shorter))).toBe("sbe.block_too_short");
  });
});

describe("hostile lengths", () => {
  test("a group whose entries cannot fit is refused before it is read", () => {
    const hostile = bytes.slice();
    hostile[8 + 160 + 2] = 0xff;
    hostile[8 + 160 + 3] = 0xff;
    expect(codeOf(() => wrapped(hostile).legs())).toBe("sbe.truncated");
  });

  test("data longer than its type allows is refused", () => {
    const encoder = new EverythingEncoder().wrap(new DataView(new ArrayBuffer(2_000_000)));
    expect(codeOf(() => encoder.photo(new Uint8Array(1_000_001)))).toBe("sbe.too_large");
  });
});

describe("writing", () => {
  test("what is left out is written as empty", () => {
    const into = new DataView(new ArrayBuffer(400));
    const length = new EverythingEncoder().wrap(into).side(76).end();
    const written = new Uint8Array(into.buffer, 0, length);
    const value = decodeEverything(written);
    expect(value).toMatchObject({ legs: [], arms: [], motto: "", extra: "", name: "", small: 0 });
  });

  test("nothing of the buffer's past shows through", () => {
    const into = new Uint8Array(400).fill(0xaa);
    const length = new EverythingEncoder().wrap(viewOf(into)).end();
    expect(into.subarray(8, 168)).not.toContain(0xaa);
    expect(into.subarray(length)).toEqual(new Uint8Array(400 - length).fill(0xaa));
  });

  test("a group must have the entries it was begun with", () => {
    const encoder = new EverythingEncoder().wrap(new DataView(new ArrayBuffer(400)));
    const legs = encoder.legs(2);
    legs.next();
    expect(codeOf(() => encoder.motto("x"))).toBe("sbe.out_of_order");
    const one = new EverythingEncoder().wrap(new DataView(new ArrayBuffer(400))).arms(1);
    one.next();
    expect(codeOf(() => one.next())).toBe("sbe.out_of_order");
    expect(() =>
      new EverythingEncoder().wrap(new DataView(new ArrayBuffer(400))).arms(256),
    ).toThrow(RangeError);
  });

  test("members are written in order", () => {
    const encoder = new EverythingEncoder().wrap(new DataView(new ArrayBuffer(400)));
    encoder.photo(new Uint8Array(1));
    expect(codeOf(() => encoder.motto("late"))).toBe("sbe.out_of_order");
  });

  test("every size of buffer that is too small says so and stays inside", () => {
    for (let size = 0; size < bytes.length; size++) {
      const into = new Uint8Array(bytes.length).fill(0xee);
      const room = new DataView(into.buffer, 0, bytes.length);
      const code = codeOf(() => {
        const encoder = new EverythingEncoder().wrap(room, 0, size);
        encoder.legs(0);
        encoder.motto("x".repeat(bytes.length));
      });
      expect(code).toBe("sbe.buffer_full");
      expect(into.subarray(size).every((byte) => byte === 0xee)).toBe(true);
    }
  });

  test("text that does not fit its field or encoding is the caller's mistake", () => {
    const encoder = new EverythingEncoder().wrap(new DataView(new ArrayBuffer(400)));
    expect(() => encoder.name("seven77")).toThrow(RangeError);
    expect(() => encoder.name("语")).toThrow(RangeError);
    expect(() => encodeEverything({ ...everything, vector: [1] })).toThrow(RangeError);
  });
});

function wrapped(from: Uint8Array = bytes): EverythingDecoder {
  return new EverythingDecoder().wrap(viewOf(from));
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof SbeError) return error.code;
    throw error;
  }
  return "no error";
}
