import { describe, expect, test } from "@jest/globals";
import { concatBytes } from "@proj/wire-types";
import type { MessageHandler, StreamSink } from "@proj/xcp-framing";
import { connectionPair, pattern, turn } from "../support/connections.js";

const MIB = 1024 * 1024;

async function* pieces(whole: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < whole.length; at += size) {
    await turn();
    yield whole.subarray(at, at + size);
  }
}

class Collector implements StreamSink {
  readonly chunks: Uint8Array[] = [];
  aborted: unknown;
  ended = false;

  chunk(bytes: Uint8Array): void {
    this.chunks.push(bytes.slice());
  }

  end(): { bodyCodec: number; body: Uint8Array } {
    this.ended = true;
    const bytes = this.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    return { bodyCodec: 8, body: new TextEncoder().encode(String(bytes)) };
  }

  abort(error: unknown): void {
    this.aborted = error;
  }
}

const echo: MessageHandler = ({ bodyCodec, body }) => ({ bodyCodec, body });

describe("streamed bodies", () => {
  test("arrive whole at a handler, with and without a known length", async () => {
    const [client] = await connectionPair({}, { handler: echo });
    const whole = pattern(3 * MIB);
    for (const extra of [{}, { bodyBytes: whole.length }]) {
      const reply = await client.request({ bodyCodec: 8, body: pieces(whole, 100_000), ...extra });
      expect(Buffer.compare(reply.body, whole)).toBe(0);
    }
    await client.close();
  });

  test("may be empty", async () => {
    const [client] = await connectionPair({}, { handler: echo });
    const reply = await client.request({ bodyCodec: 8, body: pieces(new Uint8Array(0), 1) });
    expect(reply.body).toHaveLength(0);
    client.destroy();
  });

  test("go chunk by chunk into a sink, whose result is the reply", async () => {
    const sink = new Collector();
    const [client] = await connectionPair({}, { onStream: () => sink });
    const whole = pattern(2 * MIB + 5);
    const reply = await client.request({ bodyCodec: 8, body: pieces(whole, 64 * 1024) });
    expect(new TextDecoder().decode(reply.body)).toBe(String(whole.length));
    expect(sink.chunks.length).toBeGreaterThan(2);
    expect(Buffer.compare(concatBytes(sink.chunks), whole)).toBe(0);
    client.destroy();
  });

  test("a reply may be streamed, and streamed into a sink", async () => {
    const whole = pattern(2 * MIB);
    const handler: MessageHandler = () => ({ bodyCodec: 8, body: pieces(whole, 50_000) });
    const [client] = await connectionPair({}, { handler });
    const reply = await client.request({ bodyCodec: 8, body: new Uint8Array(1) });
    expect(Buffer.compare(reply.body, whole)).toBe(0);
    client.destroy();

    const sink = new Collector();
    const [other] = await connectionPair({ onStream: () => sink }, { handler });
    await other.request({ bodyCodec: 8, body: new Uint8Array(1) });
    expect(Buffer.compare(concatBytes(sink.chunks), whole)).toBe(0);
    other.destroy();
  });

  test("a body that throws aborts the message: it is not delivered, the sink learns it", async () => {
    const sink = new Collector();
    const [client] = await connectionPair({}, { onStream: () => sink, handler: echo });
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(300_000);
      await turn();
      await turn();
      throw new Error("disk on fire");
    }
    await expect(client.request({ bodyCodec: 8, body: broken() })).rejects.toMatchObject({
      code: "xcp.cancelled",
    });
    await turn();
    await turn();
    expect(sink.ended).toBe(false);
    expect(sink.aborted).toMatchObject({ code: "xcp.cancelled" });
    client.destroy();
  });

  test("cancelling aborts the chunk train and closes the iterator", async () => {
    const sink = new Collector();
    const [client] = await connectionPair({}, { onStream: () => sink });
    let closed = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) {
          await turn();
          yield new Uint8Array(10_000);
        }
      } finally {
        closed = true;
      }
    }
    const controller = new AbortController();
    const request = client.request(
      { bodyCodec: 8, body: endless() },
      { signal: controller.signal },
    );
    for (let i = 0; i < 20; i++) await turn();
    controller.abort();
    await expect(request).rejects.toMatchObject({ code: "xcp.cancelled" });
    for (let i = 0; i < 5; i++) await turn();
    expect(closed).toBe(true);
    expect(sink.aborted).toMatchObject({ code: "xcp.cancelled" });
    client.destroy();
  });

  test("a sink that is slow slows the sender down, and memory stays bounded", async () => {
    let taken = 0;
    let produced = 0;
    let worst = 0;
    const sink: StreamSink = {
      async chunk(bytes) {
        await turn();
        taken += bytes.length;
      },
      end: () => undefined,
      abort: () => undefined,
    };
    const [client, server] = await connectionPair(
      {},
      { onStream: () => sink, limits: { maxQueuedBytes: MIB, maxFrameBytes: 64 * 1024 } },
    );
    async function* body(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 256; i++) {
        produced += 64 * 1024;
        worst = Math.max(worst, produced - taken);
        yield new Uint8Array(64 * 1024);
      }
    }
    await client.send({ bodyCodec: 8, body: body() }, { acknowledge: true });
    expect(taken).toBe(16 * MIB);
    expect(worst).toBeLessThan(4 * MIB);
    expect(server.stats().partialBytes).toBe(0);
    client.destroy();
  });

  test("a sink that throws refuses the message", async () => {
    const sink: StreamSink = {
      chunk: () => {
        throw new Error("full");
      },
      end: () => undefined,
      abort: () => undefined,
    };
    const [client] = await connectionPair({}, { onStream: () => sink });
    await expect(
      client.request({ bodyCodec: 8, body: pieces(pattern(2 * MIB), 100_000) }),
    ).rejects.toMatchObject({ code: "xcp.app" });
    expect(client.stats().queuedBytes).toBe(0);
    client.destroy();
  });

  test("small messages of other channels overtake a large one", async () => {
    const done: string[] = [];
    const [client] = await connectionPair(
      { limits: { maxFrameBytes: 64 * 1024 } },
      { handler: echo },
    );
    const large = client
      .request({ bodyCodec: 8, body: pattern(8 * MIB), channelId: client.openChannel() })
      .then(() => done.push("large"));
    const small = client
      .request({ bodyCodec: 8, body: pattern(10), channelId: client.openChannel() })
      .then(() => done.push("small"));
    await Promise.all([large, small]);
    expect(done).toEqual(["small", "large"]);
    client.destroy();
  });

  test("compressed messages reach a sink in one piece", async () => {
    const sink = new Collector();
    const [client] = await connectionPair(
      { compression: { mode: "on" } },
      { onStream: () => sink },
    );
    const whole = new Uint8Array(500_000).fill(7);
    await client.request({ bodyCodec: 8, body: whole });
    expect(sink.chunks).toHaveLength(1);
    expect(client.stats().sent.bytes).toBeLessThan(10_000);
    client.destroy();
  });
});
