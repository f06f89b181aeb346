import { describe, expect, test } from "@jest/globals";
import {
  type ByteStream,
  type ByteStreamHandlers,
  memoryStreamPair,
  wireError,
} from "@proj/wire-types";
import { until } from "@proj/wire-types/testing";
import {
  type ClientOptions,
  type ClientState,
  type MessageHandler,
  type ServerOptions,
  XcpClient,
  XcpServer,
} from "@proj/xcp-framing";
import { nodePlatform } from "@proj/xcp-framing/node";
import { turn } from "../support/connections.js";

const platform = nodePlatform;
const echo: MessageHandler = ({ bodyCodec, body }) => ({ bodyCodec, body });
const ping = { bodyCodec: 8, body: new Uint8Array([1]) };
const quick = { baseMs: 1, capMs: 5 };

interface Net {
  readonly client: XcpClient;
  readonly server: XcpServer;
  readonly lines: ByteStream[];
  readonly states: ClientState["kind"][];
}

function net(server: Partial<ServerOptions> = {}, client: Partial<ClientOptions> = {}): Net {
  const lines: ByteStream[] = [];
  const states: ClientState["kind"][] = [];
  const xcpServer = new XcpServer({ platform, handler: echo, ...server });
  const dial = async (): Promise<ByteStream> => {
    const [near, far] = memoryStreamPair();
    lines.push(near);
    xcpServer.serve(far);
    return near;
  };
  const xcpClient = new XcpClient({
    platform,
    dial,
    reconnect: quick,
    onState: (state) => void states.push(state.kind),
    ...client,
  });
  return { client: xcpClient, server: xcpServer, lines, states };
}

/** A stream in memory that passes for one over TLS. */
function asTls(stream: ByteStream): ByteStream {
  const bound = ["open", "write", "end", "pause", "resume", "destroy"] as const;
  return Object.create(stream, {
    info: { value: { ...stream.info, transport: "tls" } },
    ...Object.fromEntries(bound.map((name) => [name, { value: stream[name].bind(stream) }])),
  }) as ByteStream;
}

describe("a client", () => {
  test("connects on demand and closes in order", async () => {
    const { client, server, states } = net();
    expect(client.state.kind).toBe("idle");
    await client.request(ping);
    expect(server.connections.size).toBe(1);
    await client.close();
    expect(states).toEqual(["connecting", "connected", "closed"]);
    await expect(client.request(ping)).rejects.toMatchObject({ code: "wire.closed" });
  });

  test("comes back after its connection was lost", async () => {
    const { client, lines } = net();
    await client.request(ping);
    lines[0]?.destroy();
    await turn();
    await client.request(ping);
    expect(lines).toHaveLength(2);
    await client.close();
  });

  test("a request that was under way runs once, and its reply comes over the next connection", async () => {
    let runs = 0;
    let finish: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (finish = resolve));
    const handler: MessageHandler = async (message) => {
      runs++;
      await held;
      return { bodyCodec: 8, body: message.body };
    };
    const { client, lines } = net({ handler });
    const request = client.request({ bodyCodec: 8, body: new Uint8Array([42]) });
    for (let i = 0; i < 5; i++) await turn();
    expect(runs).toBe(1);
    lines[0]?.destroy();
    for (let i = 0; i < 5; i++) await turn();
    finish();
    await turn();
    lines[1]?.destroy();
    const reply = await request;
    expect(reply.body[0]).toBe(42);
    expect(runs).toBe(1);
    await client.close();
  });

  test("where the session is not known any more only idempotent requests run again", async () => {
    let runs = 0;
    const forgetful = async (): Promise<ByteStream> => {
      const [near, far] = memoryStreamPair();
      lines.push(near);
      // Every connection meets a server that was just started.
      new XcpServer({
        platform,
        handler: async (message) => {
          runs++;
          if (runs < 3) await new Promise(() => undefined);
          return { bodyCodec: 8, body: message.body };
        },
      }).serve(far);
      return near;
    };
    const lines: ByteStream[] = [];
    const client = new XcpClient({ platform, dial: forgetful, reconnect: quick });
    const once = client.request(ping);
    const again = client.request(ping, { idempotent: true });
    for (let i = 0; i < 5; i++) await turn();
    lines[0]?.destroy();
    await expect(once).rejects.toMatchObject({ code: "wire.closed" });
    await again;
    expect(runs).toBe(3);
    await client.close();
  });

  test("reports an endpoint that was never reached at once, and may try again", async () => {
    let reachable = false;
    const server = new XcpServer({ platform, handler: echo });
    const client = new XcpClient({
      platform,
      reconnect: quick,
      dial: async () => {
        if (!reachable) throw wireError("wire.connection_failed", "nobody listens");
        const [near, far] = memoryStreamPair();
        server.serve(far);
        return near;
      },
    });
    await expect(client.connect()).rejects.toMatchObject({ code: "wire.connection_failed" });
    reachable = true;
    await client.request(ping);
    await client.close();
  });

  test("goes on over a new connection when the server says GOAWAY", async () => {
    const { client, server, lines } = net();
    await client.request(ping);
    const [first] = server.connections;
    await first?.close();
    await client.request(ping);
    expect(lines).toHaveLength(2);
    await client.close();
  });

  test("replaces a TLS connection whose keys are old, and loses nothing", async () => {
    const server = new XcpServer({ platform, handler: echo });
    let dialled = 0;
    const client = new XcpClient({
      platform,
      rotation: { maxAgeMs: 20 },
      dial: async () => {
        dialled++;
        const [near, far] = memoryStreamPair();
        server.serve(far);
        return asTls(near);
      },
    });
    const isReplaced = async (): Promise<boolean> => {
      await client.request(ping);
      return dialled > 2;
    };
    await until(isReplaced, "a third session", { everyMs: 2 });
    expect(dialled).toBeGreaterThan(2);
    await client.close();
  });

  test("auto falls back to v0.2-json once and remembers it", async () => {
    const server = new XcpServer({ platform, handler: echo });
    let dialled = 0;
    const client = new XcpClient({
      platform,
      profile: "auto",
      reconnect: quick,
      codecs: [1],
      dial: async () => {
        dialled++;
        const [near, far] = memoryStreamPair();
        // The reference drops its connection when the header is not JSON.
        let first = true;
        server.serve({
          info: far.info,
          queuedBytes: 0,
          open: (handlers: ByteStreamHandlers) =>
            far.open({
              ...handlers,
              drain: () => handlers.drain(),
              end: () => handlers.end(),
              close: (error) => handlers.close(error),
              data: (bytes) => {
                if (first && bytes[8] !== 0x7b) far.destroy();
                else handlers.data(bytes);
                first = false;
              },
            }),
          write: (parts) => far.write(parts),
          end: () => far.end(),
          pause: () => far.pause(),
          resume: () => far.resume(),
          destroy: (error) => far.destroy(error),
        });
        return near;
      },
    });
    const connection = await client.connect();
    expect(connection.negotiated.profile).toBe("v0.2-json");
    expect(dialled).toBe(2);
    connection.destroy();
    await turn();
    const next = await client.connect();
    expect(next.negotiated.profile).toBe("v0.2-json");
    expect(dialled).toBe(3);
    await client.close();
  });

  test("a refusal that trying again cannot change is final", async () => {
    const { client } = net({ verifyAuth: () => false });
    await expect(client.request(ping)).rejects.toMatchObject({ code: "xcp.auth_required" });
  });

  test("a request waits for a connection no longer than its own time", async () => {
    const client = new XcpClient({ platform, dial: () => new Promise(() => undefined) });
    await expect(client.request(ping, { timeoutMs: 20 })).rejects.toMatchObject({
      code: "xcp.timeout",
    });
    await client.close();
  });
});

describe("a server", () => {
  test("drops what exceeds its connections", async () => {
    const { client, server } = net({ maxConnections: 1 });
    await client.connect();
    const [near, far] = memoryStreamPair();
    server.serve(far);
    const closed = new Promise((resolve) =>
      near.open({
        data: () => undefined,
        drain: () => undefined,
        end: () => undefined,
        close: resolve,
      }),
    );
    expect(await closed).toBeDefined();
    await client.close();
  });

  test("says GOAWAY on a TLS connection whose keys are old; its client goes on over another", async () => {
    const server = new XcpServer({ platform, handler: echo, rotation: { maxAgeMs: 20 } });
    const lines: ByteStream[] = [];
    const client = new XcpClient({
      platform,
      reconnect: quick,
      rotation: "never",
      dial: async () => {
        const [near, far] = memoryStreamPair();
        lines.push(near);
        server.serve(asTls(far));
        return near;
      },
    });
    const isBack = async (): Promise<boolean> => {
      await client.request(ping, { idempotent: true });
      return lines.length >= 3;
    };
    await until(isBack, "a third connection", { everyMs: 2 });
    await client.close();
  });

  test("closes in order: requests under way finish", async () => {
    const handler: MessageHandler = async (message) => {
      await turn();
      await turn();
      return { bodyCodec: 8, body: message.body };
    };
    const { client, server } = net({ handler }, { reconnect: "never" });
    await client.connect();
    const request = client.request(ping);
    await turn();
    await server.close();
    await request;
    expect(server.connections.size).toBe(0);
  });
});
