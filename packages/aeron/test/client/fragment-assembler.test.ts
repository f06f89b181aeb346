import { expect, test } from "@jest/globals";
import { AtomicBuffer, FragmentAssembler, FragmentHeader } from "@proj/aeron";

const BEGIN = 0x80;
const END = 0x40;

interface Part {
  readonly session: number;
  readonly offset: number;
  readonly flags: number;
  readonly text: string;
}

/** Lays fragments into a term at their offsets and hands them to an assembler; returns the messages that come out. */
function assemble(parts: readonly Part[]): string[] {
  const term = new AtomicBuffer(new Uint8Array(4_096));
  const messages: string[] = [];
  const assembler = new FragmentAssembler((buffer, offset, length) => {
    messages.push(new TextDecoder().decode(buffer.bytes.subarray(offset, offset + length)));
  });
  const header = new FragmentHeader();
  for (const { session, offset, flags, text } of parts) {
    const bytes = new TextEncoder().encode(text);
    term.view.setInt32(offset, bytes.length + 32, true);
    term.view.setUint8(offset + 5, flags);
    term.view.setInt32(offset + 12, session, true);
    term.bytes.set(bytes, offset + 32);
    header.lay(term, offset, offset);
    assembler.handle(term, offset + 32, bytes.length, header);
  }
  return messages;
}

test("§13.5: sessions may be interleaved", () => {
  expect(
    assemble([
      { session: 1, offset: 0, flags: BEGIN, text: "on" },
      { session: 2, offset: 1_024, flags: BEGIN, text: "tw" },
      { session: 3, offset: 2_048, flags: BEGIN | END, text: "whole" },
      { session: 2, offset: 1_088, flags: END, text: "o" },
      { session: 1, offset: 64, flags: END, text: "e" },
    ]),
  ).toEqual(["whole", "two", "one"]);
});

test("§13.5: a message without its middle is dropped, and the next one is whole", () => {
  expect(
    assemble([
      { session: 1, offset: 0, flags: BEGIN, text: "first" },
      { session: 1, offset: 128, flags: END, text: "third" },
      { session: 1, offset: 192, flags: BEGIN, text: "o" },
      { session: 1, offset: 256, flags: END, text: "k" },
    ]),
  ).toEqual(["ok"]);
});

test("a message without its beginning is dropped", () => {
  expect(
    assemble([
      { session: 1, offset: 0, flags: 0, text: "middle" },
      { session: 1, offset: 64, flags: END, text: "end" },
    ]),
  ).toEqual([]);
});

test("a beginning in the middle of a message starts over", () => {
  expect(
    assemble([
      { session: 1, offset: 0, flags: BEGIN, text: "lost" },
      { session: 1, offset: 64, flags: BEGIN, text: "ne" },
      { session: 1, offset: 128, flags: END, text: "w" },
    ]),
  ).toEqual(["new"]);
});
