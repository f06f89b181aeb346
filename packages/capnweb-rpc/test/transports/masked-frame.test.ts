import { describe, expect, test } from "@jest/globals";
import { FRAME_ROOM, maskTextFrame } from "#src/transports/masked-frame.js";
import { SeededRandom } from "@proj/wire-types";
import fc from "fast-check";
import * as ws from "ws";

const numRuns = Number(process.env["FUZZ_RUNS"] ?? 100);

interface Receiver {
  on(event: "message", listener: (data: Buffer, isBinary: boolean) => void): void;
  on(event: "error", listener: (error: Error) => void): void;
  write(bytes: Uint8Array): void;
}
// Its types leave it out.
const { Receiver } = ws as unknown as {
  Receiver: new (options: { isServer: boolean }) => Receiver;
};

/** What a server of `ws` takes `frame` for. */
function received(frame: Uint8Array): Promise<{ text: string; isBinary: boolean }> {
  return new Promise((resolve, reject) => {
    const receiver = new Receiver({ isServer: true });
    receiver.on("message", (data, isBinary) => resolve({ text: data.toString(), isBinary }));
    receiver.on("error", reject);
    receiver.write(frame);
  });
}

function room(text: string): Buffer<ArrayBuffer> {
  const buffer = Buffer.allocUnsafeSlow(FRAME_ROOM + Buffer.byteLength(text));
  buffer.write(text, FRAME_ROOM);
  return buffer;
}

describe("a masked frame", () => {
  test.each([126, 127, 128, 129, 65_535, 65_536, 65_537, 200_003])(
    "of %i bytes is what RFC 6455 says, as ws reads it",
    async (length) => {
      const text = "0123456789".repeat(length).slice(0, length);
      const frame = maskTextFrame(room(text), new SeededRandom(length));
      expect(await received(Buffer.from(frame))).toEqual({ text, isBinary: false });
    },
  );

  test("whatever the text", async () => {
    const texts = fc.string({ unit: "grapheme", minLength: 126, maxLength: 400 });
    await fc.assert(
      fc.asyncProperty(texts, fc.integer(), async (text, seed) => {
        const frame = maskTextFrame(room(text), new SeededRandom(seed));
        expect(await received(Buffer.from(frame))).toEqual({ text, isBinary: false });
      }),
      { numRuns },
    );
  });

  test("its mask is the random source's, and a new one each time", () => {
    const random = new SeededRandom(1);
    const masks = [1, 2].map(() => {
      const frame = maskTextFrame(room("x".repeat(130)), random);
      return Buffer.from(frame.subarray(4, 8)).toString("hex");
    });
    expect(masks[0]).not.toBe(masks[1]);
    expect(masks[0]).toBe(Buffer.from(new SeededRandom(1).fill(new Uint8Array(4))).toString("hex"));
  });

  test("text that is too short for the form of the head is refused", () => {
    expect(() => maskTextFrame(room("x".repeat(125)), new SeededRandom(1))).toThrow(RangeError);
  });
});
