import { describe, expect, test } from "@jest/globals";
import { concatBytes, crc32c } from "@proj/wire-types";
import { encodeFrame } from "@proj/xcp-framing";
import fc from "fast-check";
import { FrameSplitter } from "#src/io/frame-splitter.js";

const limits = { maxHeaderBytes: 1000, maxFrameBytes: 100_000 };
const runs = Number(process.env["FUZZ_RUNS"] ?? 200);

function frame(payload: Uint8Array, profile: "v0.2" | "v0.2-json" = "v0.2"): Uint8Array {
  const header = {
    channelId: 1,
    msgType: 0x0100,
    bodyCodec: 1,
    schemaKey: undefined,
    msgId: 2,
    inReplyTo: 0,
    tags: [{ key: "k", val: "v" }],
  };
  return concatBytes(encodeFrame(profile, { flags: 0, header, payload }, crc32c));
}

function split(splitter: FrameSplitter, bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const frames: Uint8Array[] = [];
  let from = 0;
  for (const cut of [...cuts, bytes.length].toSorted((a, b) => a - b)) {
    splitter.push(bytes.subarray(from, cut), (whole) => frames.push(whole));
    from = Math.max(from, cut);
  }
  return frames;
}

test("any sequence of frames comes out whole, whatever the cuts", () => {
  const payloads = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 });
  const profiles = fc.constantFrom("v0.2" as const, "v0.2-json" as const);
  fc.assert(
    fc.property(payloads, profiles, fc.array(fc.nat(3000)), (bodies, profile, cuts) => {
      const frames = bodies.map((body) => frame(body, profile));
      const stream = concatBytes(frames);
      const splitter = new FrameSplitter(limits);
      const within = cuts.map((cut) => cut % (stream.length + 1));
      expect(split(splitter, stream, within)).toEqual(frames);
      expect(splitter.partial).toBe(false);
    }),
    { numRuns: runs },
  );
});

test("one byte at a time", () => {
  const bytes = concatBytes([frame(new Uint8Array(70_000)), frame(new Uint8Array(0))]);
  const splitter = new FrameSplitter(limits);
  const cuts = Array.from({ length: bytes.length }, (_, at) => at);
  expect(concatBytes(split(splitter, bytes, cuts))).toEqual(bytes);
});

test("random bytes are refused with a code or wait for more", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const splitter = new FrameSplitter(limits);
      try {
        splitter.push(bytes, () => undefined);
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^xcp\./) });
      }
    }),
    { numRuns: runs * 5 },
  );
});

describe("sizes meet the limits before anything is allocated", () => {
  const prefix = [0x10, 0x7a, 0xa1, 0xa9, 0x02];
  test.each([
    ["another MAGIC", [1, 2, 3, 4, 2, 0, 16, 0], "xcp.bad_magic"],
    ["a header above the limit", [...prefix, 0, 0xe9, 0x03], "xcp.header_malformed"],
    [
      "a payload above the limit",
      [...prefix, 0, 0, 0, 0xa1, 0x86, 0x01, 0x00],
      "xcp.message_too_large",
    ],
    [
      "a LARGE payload above the limit",
      [...prefix, 0x10, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0],
      "xcp.message_too_large",
    ],
    [
      "a LARGE payload above 2^53-1",
      [...prefix, 0x10, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255],
      "xcp.length_overflow",
    ],
  ])("%s", (_name, bytes, code) => {
    for (const size of [1, bytes.length]) {
      const splitter = new FrameSplitter(limits);
      const push = (): void => {
        for (let at = 0; at < bytes.length; at += size) {
          splitter.push(Uint8Array.from(bytes.slice(at, at + size)), () => undefined);
        }
      };
      expect(push).toThrow(expect.objectContaining({ code }));
    }
  });
});
