import { afterEach, expect, test } from "@jest/globals";
import { equalBytes } from "@proj/wire-types";
import { type Connection, type ConnectionOptions, openConnection } from "@proj/xcp-framing";
import { connectTcp, listenTcp, nodePlatform } from "@proj/xcp-framing/node";
import { pattern } from "../support/connections.js";
import { portOf } from "../support/pairs.js";

const CODEC = 32;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** Connects to an echo over TCP, both ends encrypted. */
async function echo(extra: Partial<ConnectionOptions> = {}): Promise<Connection> {
  const options: ConnectionOptions = {
    platform: nodePlatform,
    codecs: [CODEC, 8, 1],
    key: new Uint8Array(32).fill(7),
    cryptPolicy: "required",
    ...extra,
  };
  const handler: ConnectionOptions["handler"] = ({ body }) => ({ bodyCodec: CODEC, body });
  const listener = await listenTcp({ port: 0 }, (stream) => {
    void openConnection(stream, "responder", { ...options, handler });
  });
  cleanups.push(() => listener.close());
  const stream = await connectTcp({ port: portOf(listener) });
  const connection = await openConnection(stream, "initiator", options);
  cleanups.push(() => connection.close());
  return connection;
}

test.each([
  ["one after the other", 1],
  ["so many that writes are held up", 24],
])("messages in chunks arrive whole, %s, while memory is used again", async (_name, inFlight) => {
  const connection = await echo();
  for (let round = 0; round < 3; round++) {
    const bodies = Array.from({ length: inFlight }, (_, i) =>
      pattern(300_000 + 131_072 * (i % 5) + i, round * 100 + i),
    );
    const replies = await Promise.all(
      bodies.map((body) => connection.request({ bodyCodec: CODEC, body })),
    );
    for (const [i, body] of bodies.entries()) {
      expect(equalBytes(replies[i]?.body ?? new Uint8Array(0), body)).toBe(true);
    }
  }
});

test("sealed chunks go out in a few buffers that are used again", async () => {
  let chunks = 0;
  const counting = {
    ...nodePlatform,
    allocate(bytes: number) {
      // The longest chunks of this message are of this size, rounded up.
      if (bytes === 114_688) chunks++;
      return Buffer.allocUnsafeSlow(bytes);
    },
  };
  const connection = await echo({ platform: counting, limits: { sealedFrameBytes: 110_000 } });
  const body = pattern(4 * 110_000);
  for (let i = 0; i < 50; i++) await connection.request({ bodyCodec: CODEC, body });
  expect(chunks).toBeGreaterThan(0);
  // 400 chunks in each direction, of which 100 are of that size.
  expect(chunks).toBeLessThan(100);
});

test("what an encrypted message takes, beside its own length, does not grow with their number", async () => {
  let taken = 0;
  const counting = {
    ...nodePlatform,
    allocate(bytes: number) {
      taken += bytes;
      return Buffer.allocUnsafeSlow(bytes);
    },
  };
  const connection = await echo({ platform: counting });
  const body = pattern(1_000_000);
  for (let i = 0; i < 60; i++) await connection.request({ bodyCodec: CODEC, body });
  // Each end takes the memory of a message that it receives.
  expect(taken).toBeGreaterThan(120_000_000);
  expect(taken).toBeLessThan(126_000_000);
});
