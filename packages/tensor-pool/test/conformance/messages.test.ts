import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { bridge, discovery, driver, merge, traceLink, wire } from "@proj/tensor-pool";
import { isWireError, parseHex } from "@proj/wire-types";

interface Message {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly decode: (bytes: Uint8Array) => unknown;
  readonly encode: (value: unknown) => Uint8Array;
}

const HEADER_BYTES = 8;
const file = join(import.meta.dirname, "../../vectors/tensor-pool-golden.json");
const { vectors } = JSON.parse(readFileSync(file, "utf8")) as {
  vectors: readonly { readonly schema: number; readonly name: string; readonly hex: string }[];
};
const modules = new Map<number, Readonly<Record<string, unknown>>>(
  [wire, driver, discovery, bridge, merge, traceLink].map((each) => [each.SCHEMA_ID, each]),
);

/** Other forms, which have readers and tests of their own. */
const otherForm = /v1[.]1|of blockLength 4$/;

/** Every message of the vectors that has a codec: what lies in regions is no message. */
const messages = vectors.flatMap(({ schema, name, hex }): Message[] => {
  const [title = ""] = name.split(" ");
  const codec = modules.get(schema);
  const decode = codec?.[`decode${title}`];
  const encode = codec?.[`encode${title}`];
  if (otherForm.test(name) || typeof decode !== "function" || typeof encode !== "function")
    return [];
  const bytes = parseHex(hex);
  if (new DataView(bytes.buffer).getUint16(4, true) !== schema) return [];
  return [
    { name, bytes, decode: decode as Message["decode"], encode: encode as Message["encode"] },
  ];
});

function blockEnd(bytes: Uint8Array): number {
  return HEADER_BYTES + new DataView(bytes.buffer, bytes.byteOffset).getUint16(0, true);
}

/** What comes of bytes: a value, or the code of a typed error. */
function outcome({ decode }: Message, bytes: Uint8Array): unknown {
  try {
    return decode(bytes);
  } catch (error) {
    if (!isWireError(error)) throw error;
    return error.code;
  }
}

test("§26.2: every message of the catalogue is among them", () => {
  const names = new Set(messages.map(({ name }) => name.split(" ")[0]));
  const catalogue = [...modules.values()].flatMap((codec) =>
    Object.keys(codec["TemplateId"] as Readonly<Record<string, number>>),
  );
  const inMemory = ["ShmRegionSuperblock", "SlotHeader", "TensorHeader"];
  expect(catalogue.filter((name) => !names.has(name) && !inMemory.includes(name))).toEqual([]);
});

describe.each(messages)("§26.2: $name", (message) => {
  const { bytes, decode, encode } = message;
  const value = decode(bytes);

  test("comes back as it was", () => {
    expect(decode(encode(value))).toEqual(value);
  });

  test("is refused at every truncation but those before trailing texts, which are then empty", () => {
    for (let length = 0; length < bytes.length; length++) {
      const part = bytes.slice(0, length);
      const got = outcome(message, part);
      if (typeof got === "string") continue;
      const again = encode(got);
      expect(again.slice(0, Math.min(length, again.length))).toEqual(part.slice(0, again.length));
      expect(again.slice(length).every((byte) => byte === 0)).toBe(true);
    }
  });

  test("is read past a longer block", () => {
    const end = blockEnd(bytes);
    const longer = new Uint8Array(bytes.length + 16).fill(0xaa);
    longer.set(bytes.subarray(0, end));
    longer.set(bytes.subarray(end), end + 16);
    const view = new DataView(longer.buffer);
    view.setUint16(0, view.getUint16(0, true) + 16, true);
    const got = outcome(message, longer);
    // A descriptor without a trace id has one when its block is longer: the tail is where it lies.
    if (titleOf(message) === "FrameDescriptor" && end < HEADER_BYTES + 40) return;
    expect(got).toEqual(value);
  });

  test("with a count or a length of 2^32-1 is refused, and takes no memory", () => {
    const end = blockEnd(bytes);
    const before = process.memoryUsage().arrayBuffers;
    for (let at = end; at + 4 <= bytes.length; at++) {
      const damaged = bytes.slice();
      damaged.fill(0xff, at, at + 4);
      const got = outcome(message, damaged);
      if (at === end) expect(typeof got).toBe("string");
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16_777_216);
  });
});

function titleOf({ name: full }: Message): string {
  return full.split(" ")[0] ?? "";
}
