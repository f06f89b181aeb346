import { expect, test } from "@jest/globals";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { PassThrough } from "node:stream";
import { concatBytes, SeededRandom } from "@proj/wire-types";
import { until } from "@proj/wire-types/testing";
import { PartWriter } from "#src/io/part-writer.js";

async function socketPair(): Promise<readonly [near: Socket, far: Socket, close: () => void]> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("no address");
  const accepted = once(server, "connection");
  const near = connect({ port: address.port, host: "127.0.0.1" });
  const [far] = (await accepted) as [Socket];
  await once(near, "connect");
  const close = (): void => {
    near.destroy();
    far.destroy();
    server.close();
  };
  return [near, far, close];
}

test("small writes share memory and still arrive as they were, also behind one that was held up", async () => {
  const [near, far, close] = await socketPair();
  try {
    const pool = new SeededRandom(5).fill(new Uint8Array(80_000));
    const writer = new PartWriter(near);
    const sent: Uint8Array[] = [];
    // Nobody reads yet: the system's buffers fill up, and writes are held up from then on.
    for (let i = 0; i < 3000; i++) {
      const sizes = i % 100 === 50 ? [70_000, 3, 70_000] : [64, 1 + (i % 5000), 4];
      const parts = sizes.map((size, at) => pool.slice((i + at) % 8192, ((i + at) % 8192) + size));
      sent.push(concatBytes(parts));
      writer.write(parts);
    }
    expect(near.writableLength).toBeGreaterThan(0);
    const expected = concatBytes(sent);
    const received: Uint8Array[] = [];
    let bytes = 0;
    far.on("data", (chunk: Buffer) => {
      received.push(chunk);
      bytes += chunk.length;
    });
    while (bytes < expected.length) await once(far, "data");
    expect(Buffer.compare(concatBytes(received), expected)).toBe(0);
  } finally {
    close();
  }
});

test("a stream that is no plain socket gets memory of its own each time", () => {
  const stream = new PassThrough();
  const writer = new PartWriter(stream);
  writer.write([Uint8Array.of(1), Uint8Array.of(2)]);
  writer.write([Uint8Array.of(3), Uint8Array.of(4)]);
  writer.write([new Uint8Array(0)]);
  writer.write([]);
  const read: number[] = [];
  // Up to Node 24 all at once, from Node 26 on one write after the other.
  for (let part: unknown = stream.read(); part instanceof Uint8Array; part = stream.read()) {
    read.push(...part);
  }
  expect(read).toEqual([1, 2, 3, 4]);
});

test("memory is released once the system has the bytes, whether at once or after a write was held up", async () => {
  const [near, far, close] = await socketPair();
  try {
    const writer = new PartWriter(near);
    near.on("drain", () => writer.drained());
    const released: (readonly Uint8Array[])[] = [];
    writer.onReleased((parts) => released.push(parts));
    const first = [new Uint8Array(100_000)];
    writer.write(first);
    expect(released).toEqual([first]);
    let writes = 1;
    while (near.writableLength === 0) {
      writer.write([new Uint8Array(100_000)]);
      writes++;
    }
    expect(released).toHaveLength(writes - 1);
    far.resume();
    await until(() => released.length >= writes, "everything to be released");
    expect(near.writableLength).toBe(0);
  } finally {
    close();
  }
});
