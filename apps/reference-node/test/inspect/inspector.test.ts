import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";
import { formatFrame } from "#src/inspect/hex-view.js";
import { readInput } from "#src/inspect/input.js";
import { type InspectedFrame, Inspector } from "#src/inspect/inspector.js";
import { golden, goldenBytes as vector } from "../support/golden.js";

function inspect(input: Uint8Array): readonly InspectedFrame[] {
  return [...new Inspector(input, { maxMessageBytes: 1 << 20 }).frames()];
}

describe("legal frames", () => {
  test("every byte has a name", () => {
    for (const id of [
      "frame-hello",
      "frame-caps",
      "frame-data-json",
      "frame-ack",
      "frame-nack",
      "frame-large",
    ]) {
      const input = vector(id);
      const [frame, ...more] = inspect(input);
      expect(more).toEqual([]);
      expect(frame?.findings).toEqual([]);
      const named = new Set<number>();
      for (const { offset, length } of frame?.fields ?? []) {
        for (let i = 0; i < length; i++) named.add(offset + i);
      }
      const nameless = [...input.keys()].filter((i) => !named.has(i) && input[i] !== 0);
      expect({ id, nameless }).toEqual({ id, nameless: [] });
    }
  });

  test("the header's fields stand at their offsets", () => {
    const [frame] = inspect(vector("frame-data-json"));
    const field = (name: string): unknown =>
      frame?.fields.find((candidate) => candidate.name === name);
    expect(field("MAGIC")).toMatchObject({ offset: 0, length: 4 });
    expect(field("channelId")).toMatchObject({ offset: 24, length: 4, value: "1" });
    expect(field("msgType")).toMatchObject({ offset: 28, length: 2, value: "0x0100 DATA" });
    expect(field("schemaKey.kindId")).toMatchObject({ value: "0xbde64e3e text" });
    expect(frame?.content.join("\n")).toContain('payload.text: "hello"');
  });

  test("control bodies are decoded field by field", () => {
    const [frame] = inspect(vector("frame-nack"));
    expect(frame?.summary).toContain("NACK");
    expect(frame?.fields.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["msg_id", "error_code"]),
    );
    expect(frame?.content.join("\n")).toContain("errorCode: 0x0002 xcp.codec_unsupported");
  });

  test("chunks are joined, compression is undone, seals are left alone", () => {
    const frames = inspect(vector("frame-chunk-0", "frame-chunk-1", "frame-comp", "frame-crypt"));
    expect(frames.map(({ findings }) => findings.length)).toEqual([0, 0, 0, 0]);
    const content = frames.map((frame) => frame.content.join("\n"));
    expect(content[0]).toContain("Chunk 0 of message 4");
    expect(content[1]).toContain('payload.text: "hello"');
    expect(content[2]).toContain("Decompressed");
    expect(content[2]).toContain('payload.text: "hello"');
    expect(content[3]).toContain("sealed");
  });

  test("both JSON profiles are read", () => {
    const frames = [...inspect(vector("json-hello")), ...inspect(vector("json-caps"))];
    expect(frames.map(({ findings }) => findings)).toEqual([[], []]);
    expect(frames[0]?.summary).toContain("v0.2-json HELLO");
    const [old] = inspect(vector("v01-data"));
    expect(old?.summary).toContain("v0.1 DATA");
  });
});

describe("broken frames", () => {
  test.each([
    ["neg-magic", "xcp.version_unsupported", 4],
    ["neg-version", "xcp.version_unsupported", 4],
    ["neg-flag", "xcp.flags_reserved", 5],
  ])("%s: %s at byte %i", (id, code, offset) => {
    const [frame] = inspect(vector(id));
    // Swapped MAGIC is that of v0.1, whose frames have lengths of their own.
    if (id === "neg-magic") expect(frame?.findings.length).toBeGreaterThan(0);
    else expect(frame?.findings).toMatchObject([{ code, offset }]);
  });

  test("a wrong CRC is found at the CRC, and the next frame is read", () => {
    const frames = inspect(vector("neg-crc", "frame-ack"));
    const crcAt = vector("neg-crc").length - 4;
    expect(frames[0]?.findings).toMatchObject([{ code: "xcp.crc_mismatch", offset: crcAt }]);
    expect(frames[1]?.findings).toEqual([]);
  });

  test("a truncated frame is told with what is missing", () => {
    const input = vector("frame-data-json").subarray(0, 100);
    const [frame] = inspect(input);
    expect(frame?.findings).toMatchObject([{ code: "xcp.frame_truncated", offset: 100 }]);
  });

  test("bytes that are no XCP are told at the first one", () => {
    const [frame] = inspect(Buffer.from("GET / HTTP/1.1\r\n\r\n"));
    expect(frame?.findings).toMatchObject([{ code: "xcp.bad_magic", offset: 0 }]);
  });

  test.each(["neg-hdr-oob", "neg-hdr-amplify", "neg-hdr-loop", "neg-hdr-hash15"])(
    "%s is found inside the header",
    (id) => {
      const header = vector(id);
      const length = Buffer.alloc(2);
      length.writeUInt16LE(header.length);
      const head = Buffer.concat([Buffer.from("107aa1a90200", "hex"), length, header]);
      const [frame] = inspect(Buffer.concat([head, Buffer.alloc(8)]));
      expect(frame?.findings[0]).toMatchObject({ code: "xcp.header_malformed" });
      const offset = frame?.findings[0]?.offset ?? 0;
      expect(offset).toBeGreaterThanOrEqual(8);
      expect(offset).toBeLessThan(head.length);
    },
  );
});

test("a HLEN that no header can have is found at HLEN", () => {
  const frame = Buffer.concat([
    Buffer.from("107aa1a902000800", "hex"),
    vector("neg-hdr-segs"),
    Buffer.alloc(8),
  ]);
  expect(inspect(frame)[0]?.findings).toMatchObject([{ code: "xcp.header_malformed", offset: 6 }]);
});

describe("any input", () => {
  test("is explained, never thrown at", () => {
    const seeds = [...golden.values()].filter((bytes) => bytes[0] === 0x10 || bytes[0] === 0xa9);
    fc.assert(
      fc.property(
        fc.constantFrom(...seeds),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }),
        fc.nat(),
        (seed, flips, cut) => {
          const input = Uint8Array.from(seed);
          for (const [at, byte] of flips) input[at % input.length] = byte;
          const part = input.subarray(0, 1 + (cut % input.length));
          for (const frame of inspect(part)) formatFrame(frame, part);
        },
      ),
      fuzzRuns(200),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const input = readInput(bytes, "auto");
        if (typeof input === "string") return;
        for (const frame of inspect(input)) formatFrame(frame, input);
      }),
      fuzzRuns(200),
    );
  });
});

describe("hex text", () => {
  const frame = vector("frame-ack");
  const hex = Buffer.from(frame).toString("hex");

  test.each([
    ["plain", hex],
    ["with blanks and comments", `# an ACK\n${hex.replaceAll(/(..)/g, "$1 ")} // end\n`],
    ["with colons", hex.replaceAll(/(..)(?=.)/g, "$1:")],
    ["with 0x", hex.replaceAll(/(..)/g, "0x$1, ")],
    [
      "from xxd",
      hex
        .match(/.{1,32}/g)
        ?.map(
          (line, i) =>
            `${(i * 16).toString(16).padStart(8, "0")}: ${line.replaceAll(/(....)/g, "$1 ")} ................`,
        )
        .join("\n") ?? "",
    ],
    [
      "from hexdump -C",
      hex
        .match(/.{1,32}/g)
        ?.map(
          (line, i) =>
            `${(i * 16).toString(16).padStart(8, "0")}  ${line.replaceAll(/(..)/g, "$1 ")} |${".".repeat(line.length / 2)}|`,
        )
        .join("\n") ?? "",
    ],
  ])("%s is read", (_, text) => {
    expect(readInput(Buffer.from(text), "auto")).toEqual(new Uint8Array(frame));
  });

  test("raw frames are never taken for text", () => {
    expect(readInput(frame, "auto")).toEqual(new Uint8Array(frame));
  });

  test("what is no hex is told", () => {
    expect(readInput(Buffer.from("10 7g"), "hex")).toBe('"g" is no hex digit');
    expect(readInput(Buffer.from("107"), "hex")).toBe("3 hex digits: one is missing");
  });
});
