import { connect, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "@jest/globals";
import { CodecId, crc32c, type WireError } from "@proj/wire-types";
import { encodeFrame, encodeHello, type XcpClient } from "@proj/xcp-framing";
import { connectXcp, serveXcp, type ServeXcpOptions } from "@proj/xcp-framing/node";
import { Arrivals } from "../support/arrivals.js";

/** How long a server waits for HELLO: the bystander has to say it in this time too, on a busy machine. */
const PATIENCE_MS = 2_000;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** A server, a well-behaved client that must not notice anything, and a way to misbehave. */
async function serve(options: Partial<ServeXcpOptions> = {}) {
  const refused = new Arrivals<WireError>();
  const running = await serveXcp({
    listen: ["xcp://127.0.0.1:0"],
    handler: ({ bodyCodec, body }) => ({ bodyCodec, body }),
    onRefused: refused.add,
    ...options,
  });
  cleanups.push(running.close);
  const url = running.urls[0] ?? "";
  const bystander = await connectXcp(url);
  cleanups.push(() => bystander.close());
  const attack = (): Socket => {
    const socket = connect({ port: Number(new URL(url).port), host: "127.0.0.1" });
    socket.on("error", () => undefined);
    cleanups.push(() => socket.destroy());
    return socket;
  };
  return { running, refused, bystander, attack };
}

async function undisturbed(bystander: XcpClient): Promise<void> {
  const body = new Uint8Array(100_000).fill(3);
  const reply = await bystander.request({ bodyCodec: CodecId.PROTOBUF, body });
  expect(reply.body.length).toBe(body.length);
}

function gone(socket: Socket): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("end", () => socket.destroy());
    socket.on("close", () => resolve(Buffer.concat(chunks)));
  });
}

/** HELLO as our own initiator would send it. */
function hello(): Uint8Array {
  const payload = encodeHello(
    {
      codecs: [CodecId.PROTOBUF, CodecId.JSON],
      accepts: [],
      emits: [],
      sharedMem: false,
      features: 0,
      verMinor: 2,
    },
    CodecId.PROTOBUF,
  );
  const header = {
    channelId: 0,
    msgType: 0,
    bodyCodec: CodecId.PROTOBUF,
    schemaKey: undefined,
    msgId: 1,
    inReplyTo: 0,
    tags: [],
  };
  return Buffer.concat(encodeFrame("v0.2", { flags: 0, header, payload }, crc32c));
}

describe("a server survives a peer that", () => {
  test("never says HELLO", async () => {
    const { refused, bystander, attack } = await serve({ limits: { helloTimeoutMs: PATIENCE_MS } });
    const socket = attack();
    await gone(socket);
    expect((await refused.next()).code).toBe("xcp.hello_timeout");
    await undisturbed(bystander);
  });

  test("trickles HELLO byte by byte without end", async () => {
    const { refused, bystander, attack } = await serve({ limits: { helloTimeoutMs: PATIENCE_MS } });
    const socket = attack();
    const bytes = hello();
    let at = 0;
    const trickle = setInterval(() => {
      if (at < bytes.length - 1) socket.write(bytes.subarray(at, ++at));
    }, 5);
    await gone(socket);
    clearInterval(trickle);
    expect((await refused.next()).code).toBe("xcp.hello_timeout");
    await undisturbed(bystander);
  });

  test("§3: starts with garbage, which is not answered", async () => {
    const { refused, bystander, attack } = await serve();
    const socket = attack();
    socket.write("GET / HTTP/1.1\r\nhost: example\r\n\r\n");
    expect((await gone(socket)).length).toBe(0);
    expect((await refused.next()).code).toBe("xcp.bad_magic");
    await undisturbed(bystander);
  });

  test("ends before HELLO is whole", async () => {
    const { refused, bystander, attack } = await serve();
    const socket = attack();
    socket.end(hello().subarray(0, 30));
    await gone(socket);
    await refused.next();
    await undisturbed(bystander);
  });

  test("resets the connection in the middle of a frame", async () => {
    const { running, bystander, attack } = await serve();
    const socket = attack();
    const opened = new Promise<void>((resolve) => {
      socket.once("data", () => resolve());
    });
    socket.write(hello());
    await opened;
    const [attacker] = [...running.server.connections].slice(1);
    socket.write(hello().subarray(0, 12), () => socket.resetAndDestroy());
    expect((await attacker?.closed)?.code).toMatch(/^(wire\.closed|xcp\.frame_truncated)$/);
    expect(running.server.connections.size).toBe(1);
    await undisturbed(bystander);
  });

  test("half-closes in the middle of a frame", async () => {
    const { running, bystander, attack } = await serve();
    const socket = attack();
    socket.write(hello());
    await new Promise<void>((resolve) => {
      socket.once("data", () => resolve());
    });
    const [attacker] = [...running.server.connections].slice(1);
    socket.end(hello().subarray(0, 12));
    await gone(socket);
    expect((await attacker?.closed)?.code).toBe("xcp.frame_truncated");
    await undisturbed(bystander);
  });

  test("announces four gigabytes and sends none of them", async () => {
    const { bystander, attack } = await serve();
    const socket = attack();
    const head = Uint8Array.from(hello().subarray(0, 8));
    const { buffer, byteOffset } = head;
    const headerBytes = new DataView(buffer, byteOffset).getUint16(6, true);
    socket.write(hello().subarray(0, 8 + headerBytes));
    socket.write(Uint8Array.of(0xff, 0xff, 0xff, 0xff));
    await gone(socket);
    await undisturbed(bystander);
  });

  test("comes two hundred times at once and leaves at once", async () => {
    const { running, bystander, attack } = await serve({ maxConnections: 50 });
    const sockets = Array.from({ length: 200 }, () => attack());
    await Promise.all(
      sockets.map(async (socket, index) => {
        if (index % 2 === 0) socket.write(hello().subarray(0, index % 40));
        const closed = gone(socket);
        setImmediate(() => (index % 3 === 0 ? socket.resetAndDestroy() : socket.end()));
        await closed;
      }),
    );
    expect(running.server.connections.size).toBe(1);
    await undisturbed(bystander);
  });
});
