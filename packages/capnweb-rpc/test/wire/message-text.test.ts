import { describe, expect, test } from "@jest/globals";
import { formatMessage, LONG_BYTES, parseMessage, PlainText } from "#src/wire/message-text.js";
import { PiecedText } from "#src/wire/pieced-text.js";
import fc from "fast-check";

const numRuns = Number(process.env["FUZZ_RUNS"] ?? 200);
const long = "QUJD".repeat(LONG_BYTES / 2);
const decoded = Buffer.from(long, "base64");

describe("writing", () => {
  test("long text goes in as it is, wherever it stands", () => {
    const tree = (text: unknown) => ({ a: [text, { b: text }], "capnweb:plain": "x" });
    expect(String(formatMessage(tree(new PlainText(long))))).toBe(JSON.stringify(tree(long)));
  });

  test("text of the application that looks like the mark stays what it is", () => {
    const tree = (text: unknown) => ["capnweb:plain", text, "capnweb:plain"];
    expect(String(formatMessage(tree(new PlainText(long))))).toBe(JSON.stringify(tree(long)));
  });

  test("in pieces it has the length and the UTF-8 of the text, after the room asked for", () => {
    const before = '["push",["é😀","capnweb:plain"],';
    const message = formatMessage([new PlainText(long), "ü", new PlainText("AA")], "[0,", "]");
    const text = `[0,["${long}","ü","AA"]]`;
    expect(message).toBeInstanceOf(PiecedText);
    expect(String(message)).toBe(text);
    expect(message.length).toBe(text.length);
    const encoded = (message as PiecedText).encode(Buffer, 16);
    expect(Buffer.from(encoded).toString("utf8", 16)).toBe(text);
    // What stands around it may look like the mark, too.
    expect(formatMessage(new PlainText(long), before, "]")).toBe(`${before}"${long}"]`);
  });

  test("whoever stringifies the tree gets the text", () => {
    expect(JSON.stringify(new PlainText("abc"))).toBe('"abc"');
  });
});

describe("reading", () => {
  test("long bytes are there already", () => {
    const text = JSON.stringify({ a: ["bytes", long], b: ["bytes", `${long}=`, "ArrayBuffer"] });
    expect(parseMessage(text)).toEqual({
      a: ["bytes", decoded],
      b: ["bytes", decoded, "ArrayBuffer"],
    });
  });

  test.each([
    ["a number in their place", `[["bytes",0],["bytes","${long}"]]`],
    ["an escape", `["bytes","${long}\\n"]`],
    ["a character too many", `["bytes","${long}A"]`],
    ["a foreign character", `["bytes","${long}A!AA"]`],
    ["the same member twice", `{"a":["bytes","${long}"],"a":1}`],
    ["an instruction, which is read again and again", `["remap",["bytes","${long}"]]`],
    ["nothing but text", JSON.stringify(long)],
  ])("%s: parsed as usual", (_, text) => {
    expect(parseMessage(text)).toEqual(JSON.parse(text));
  });

  test.each([
    `["bytes","${long}"`,
    `["bytes","${long}`,
    `["bytes","${long}"5]`,
    `["bytes","${long}\u0001"]`,
    `"x["bytes","${long}"]`,
  ])("what is no JSON is refused with the same words", (text) => {
    let said: Error | undefined;
    try {
      JSON.parse(text);
    } catch (error) {
      said = error as Error;
    }
    expect(() => parseMessage(text)).toThrow(said);
  });

  test("any text around long bytes: the same tree or the same refusal", () => {
    const piece = fc.oneof(
      fc.constantFrom('["bytes","', long, '"', "]", "[", ",", "1", "{", "}", ":", "\\", "AA="),
      fc.json(),
      fc.string(),
    );
    const read = (parse: (text: string) => unknown, text: string): unknown => {
      try {
        return JSON.stringify(parse(text), (_, value: unknown) =>
          value instanceof Uint8Array ? "bytes" : value === long ? "bytes" : value,
        ).replaceAll(/\{"type":"Buffer","data":\[[0-9,]*\]\}/g, '"bytes"');
      } catch (error) {
        return (error as Error).name;
      }
    };
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), fc.array(piece, { maxLength: 6 }), (a, b) => {
        const text = `${a.join("")}["bytes","${long}"]${b.join("")}`;
        expect(read(parseMessage, text)).toBe(read(JSON.parse, text));
      }),
      { numRuns },
    );
  });

  test("numbers and tags of the fixed messages: the same tree or the same refusal", () => {
    const piece = fc.constantFrom(
      "0",
      "1",
      "23",
      "999999999",
      "-4",
      ".5",
      "e1",
      ",",
      "]",
      " ",
      '"',
    );
    const head = fc.constantFrom('["pull",', '["resolve",', '["release",', '["reject",', '["pull"');
    const read = (parse: (text: string) => unknown, text: string): unknown => {
      try {
        return parse(text);
      } catch (error) {
        return String(error);
      }
    };
    fc.assert(
      fc.property(head, fc.array(piece, { maxLength: 6 }), (start, pieces) => {
        for (const text of [`${start}${pieces.join("")}`, `${start}${pieces.join("")}]`]) {
          expect(read(parseMessage, text)).toEqual(read(JSON.parse, text));
        }
      }),
      { numRuns: 10 * numRuns },
    );
  });
});
