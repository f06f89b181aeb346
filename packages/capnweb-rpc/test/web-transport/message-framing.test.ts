import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  encodeMessages,
  type MessageFraming,
  MessageReader,
} from "#src/web-transport/message-framing.js";

const runs = { numRuns: Number(process.env["FUZZ_RUNS"] ?? 200) };
const framings: readonly MessageFraming[] = ["newline", "length"];
const message = fc
  .json()
  .map((text) => JSON.stringify(JSON.parse(text)))
  .filter((text) => text !== "");

/** Cuts `bytes` at the given places, wherever those are. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = places.map((place) => place % (bytes.length + 1)).toSorted((a, b) => a - b);
  return [...ends, bytes.length].map((end, i) => bytes.slice(i === 0 ? 0 : ends[i - 1], end));
}

describe.each(framings)("%s", (framing) => {
  test("messages survive any chunking", () => {
    fc.assert(
      fc.property(fc.array(message), fc.array(fc.nat()), (messages, places) => {
        const reader = new MessageReader(framing, 1_000_000);
        const bytes = messages.length === 0 ? new Uint8Array() : encodeMessages(messages, framing);
        expect(cut(bytes, places).flatMap((part) => reader.push(part))).toEqual(messages);
        expect(reader.atBoundary).toBe(true);
      }),
      runs,
    );
  });

  test("any bytes give messages or a TypeError", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), (chunks) => {
        const reader = new MessageReader(framing, 64);
        try {
          for (const chunk of chunks) {
            for (const text of reader.push(chunk)) expect(text.length).toBeLessThanOrEqual(64);
          }
        } catch (error) {
          // TextDecoder throws the TypeError of another realm.
          expect((error as Error).name).toBe("TypeError");
        }
      }),
      runs,
    );
  });

  test("blank messages are left out, and the end inside a message is noticed", () => {
    const reader = new MessageReader(framing, 100);
    const bytes = encodeMessages(["", "[1]", "", "[2]"], framing);
    expect(reader.push(bytes.slice(0, -1))).toEqual(["[1]"]);
    expect(reader.atBoundary).toBe(false);
    expect(reader.push(bytes.slice(-1))).toEqual(["[2]"]);
  });

  test("a message above the limit is refused before it is there", () => {
    const reader = new MessageReader(framing, 10);
    expect(reader.push(encodeMessages(["1234567890"], framing))).toEqual(["1234567890"]);
    const large = encodeMessages(["12345678901"], framing);
    expect(() => reader.push(large.slice(0, framing === "length" ? 4 : 11))).toThrow(
      "Incoming message exceeds maximum size of 10 bytes.",
    );
  });
});

test("a length is four bytes, little-endian, of UTF-8", () => {
  expect([...encodeMessages(["é"], "length")]).toEqual([2, 0, 0, 0, 0xc3, 0xa9]);
});

test("a line may end with CR LF", () => {
  const reader = new MessageReader("newline", 100);
  const lines = reader.push(new TextEncoder().encode('["a"]\r\n\r\n["b"]\r\n'));
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([["a"], ["b"]]);
});
