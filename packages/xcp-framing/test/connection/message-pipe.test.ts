import { describe, expect, test } from "@jest/globals";
import { memoryPipePair, type MessagePipe, parseHex } from "@proj/wire-types";
import { type Connection, openConnection } from "@proj/xcp-framing";
import { nodePlatform } from "@proj/xcp-framing/node";
import { pattern } from "../support/connections.js";

const platform = nodePlatform;

async function pair(): Promise<[Connection, Connection, MessagePipe, MessagePipe]> {
  const [near, far] = memoryPipePair();
  const [client, server] = await Promise.all([
    openConnection(near, "initiator", { platform }),
    openConnection(far, "responder", {
      platform,
      handler: ({ bodyCodec, body }) => ({ bodyCodec, body }),
    }),
  ]);
  return [client, server, near, far];
}

describe("§20 message pipes", () => {
  test("one message is one frame, and everything else works as on a stream", async () => {
    const [client] = await pair();
    const bodies = [0, 10, 5000, 3_000_000].map((size) => pattern(size));
    const replies = await Promise.all(bodies.map((body) => client.request({ bodyCodec: 8, body })));
    expect(replies.map((reply, i) => Buffer.compare(reply.body, bodies[i] ?? reply.body))).toEqual([
      0, 0, 0, 0,
    ]);
    await client.close();
    expect(await client.closed).toBeUndefined();
  });

  test("a message that holds more than one frame ends the connection", async () => {
    const [client, server, near] = await pair();
    const ping = parseHex(
      "107aa1a902003800000000000600000000000000030002000000000004000800" +
        "0300000000000000000000000000000000000000000000000000000000000000" +
        "0000000000000000",
    );
    near.send([ping]);
    await client.ping();
    near.send([ping, ping]);
    expect(await server.closed).toMatchObject({ code: "xcp.frame_truncated" });
  });

  test("a message that is no whole frame ends the connection", async () => {
    const [client, server, near] = await pair();
    near.send([Uint8Array.from([0x10, 0x7a, 0xa1, 0xa9, 2, 0, 56, 0, 0])]);
    expect(await server.closed).toMatchObject({ code: "xcp.frame_truncated" });
    expect(await client.closed).toMatchObject({ code: "xcp.frame_truncated" });
  });
});
