import { describe, expect, test } from "@jest/globals";
import { type LogRecord, MetricsRegistry, WireError } from "@proj/wire-types";
import {
  type IncomingMessage,
  type MessageHandler,
  openConnection,
  XcpError,
} from "@proj/xcp-framing";
import { nodePlatform } from "@proj/xcp-framing/node";
import { memoryStreamPair, silentTelemetry } from "@proj/wire-types";
import { connectionPair, pattern, turn } from "../support/connections.js";

const echo: MessageHandler = ({ bodyCodec, body }) => ({ bodyCodec, body });
const ping = { bodyCodec: 8, body: new Uint8Array([1]) };

function code(error: unknown): unknown {
  return error instanceof WireError ? error.code : error;
}

describe("requests", () => {
  test("of both sides are answered, at once and in any order", async () => {
    const [client, server] = await connectionPair({ handler: echo }, { handler: echo });
    const bodies = Array.from({ length: 50 }, (_, i) => pattern(i * 1000, i + 1));
    const replies = await Promise.all(
      bodies.flatMap((body) => [
        client.request({ bodyCodec: 8, body }),
        server.request({ bodyCodec: 8, body }),
      ]),
    );
    const wrong = replies.filter((reply, i) => {
      const sent = bodies[i >> 1];
      return sent === undefined || Buffer.compare(reply.body, sent) !== 0;
    });
    expect(wrong).toEqual([]);
    await client.close();
  });

  test("a slow handler does not hold up a quick one", async () => {
    let finish: () => void = () => undefined;
    const slow = new Promise<void>((resolve) => (finish = resolve));
    const handler: MessageHandler = async (message) => {
      if (message.body[0] === 0) await slow;
      return { bodyCodec: 8, body: message.body };
    };
    const [client] = await connectionPair({}, { handler });
    const order: number[] = [];
    const first = client
      .request({ bodyCodec: 8, body: new Uint8Array([0]) })
      .then((reply) => order.push(reply.body[0] ?? -1));
    await client
      .request({ bodyCodec: 8, body: new Uint8Array([1]) })
      .then((reply) => order.push(reply.body[0] ?? -1));
    finish();
    await first;
    expect(order).toEqual([1, 0]);
    client.destroy();
  });

  test("messages of one tick leave in one write", async () => {
    const [near, far] = memoryStreamPair();
    let writes = 0;
    const counting = new Proxy(near, {
      get(stream, name) {
        if (name === "write") writes++;
        const value: unknown = Reflect.get(stream, name, stream);
        return typeof value === "function" ? value.bind(stream) : value;
      },
    });
    const [client, server] = await Promise.all([
      openConnection(counting, "initiator", { platform: nodePlatform }),
      openConnection(far, "responder", { platform: nodePlatform, handler: echo }),
    ]);
    writes = 0;
    await Promise.all(Array.from({ length: 20 }, () => client.request(ping)));
    expect(writes).toBe(1);
    server.destroy();
  });

  test("time out alone, and a late reply is dropped", async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const handler: MessageHandler = async (message) => {
      await held;
      return { bodyCodec: 8, body: message.body };
    };
    const [client, server] = await connectionPair({}, { handler });
    await expect(client.request(ping, { timeoutMs: 20 })).rejects.toMatchObject({
      code: "xcp.timeout",
    });
    release();
    await expect(client.request(ping)).resolves.toMatchObject({ inReplyTo: 3 });
    expect(server.stats().inflightReceived).toBe(0);
    await client.close();
  });

  test("are cancelled by their signal, before and after they left", async () => {
    const [client] = await connectionPair({}, { handler: () => new Promise(() => undefined) });
    const early = new AbortController();
    early.abort();
    await expect(client.request(ping, { signal: early.signal })).rejects.toMatchObject({
      code: "xcp.cancelled",
    });
    const late = new AbortController();
    const request = client.request(ping, { signal: late.signal });
    await turn();
    late.abort("enough");
    await expect(request).rejects.toMatchObject({ code: "xcp.cancelled", cause: "enough" });
    expect(client.stats().inflightSent).toBe(0);
    client.destroy();
  });

  test("fail with the code that the handler threw, anything else is ERR_APP without detail", async () => {
    const handler: MessageHandler = ({ body }) => {
      if (body[0] === 1) throw new XcpError("xcp.app_not_found", "no such thing");
      throw new Error("the password is 1234");
    };
    const [client] = await connectionPair({}, { handler });
    await expect(client.request(ping)).rejects.toMatchObject({
      code: "xcp.app_not_found",
      message: expect.stringContaining("no such thing"),
    });
    const other = client.request({ bodyCodec: 8, body: new Uint8Array([2]) });
    await expect(other).rejects.toMatchObject({ code: "xcp.app" });
    await other.catch((error: Error) => expect(error.message).not.toContain("1234"));
    client.destroy();
  });

  test("without a handler are refused", async () => {
    const [client] = await connectionPair();
    await expect(client.request(ping, { attempts: 1 })).rejects.toMatchObject({
      code: "xcp.app_unavailable",
    });
    client.destroy();
  });

  test("what a retryable refusal repeats runs again, and succeeds", async () => {
    let runs = 0;
    const handler: MessageHandler = (message) => {
      runs++;
      if (runs < 3) throw new XcpError("xcp.busy", "later", { details: { retry_after_ms: 1 } });
      return { bodyCodec: 8, body: message.body };
    };
    const [client] = await connectionPair({}, { handler });
    await client.request(ping);
    expect(runs).toBe(3);
    expect(client.stats().retransmissions).toBe(2);
    client.destroy();
  });

  test("fail with wire.closed when the connection is lost", async () => {
    const [client, server] = await connectionPair(
      {},
      { handler: () => new Promise(() => undefined) },
    );
    const request = client.request(ping);
    await turn();
    server.destroy();
    await expect(request).rejects.toMatchObject({ code: "wire.closed" });
    expect(await client.closed).toBeInstanceOf(WireError);
  });

  test("a handler learns that its connection is gone", async () => {
    let aborted: unknown;
    const handler: MessageHandler = (_message, { signal }) =>
      new Promise((resolve) =>
        signal.addEventListener("abort", () => {
          aborted = code(signal.reason);
          resolve(undefined);
        }),
      );
    const [client, server] = await connectionPair({}, { handler });
    void client.request(ping).catch(() => undefined);
    await turn();
    client.destroy();
    await server.closed;
    await turn();
    expect(aborted).toBe("wire.closed");
  });
});

describe("send", () => {
  test("resolves when written; with acknowledge when the peer's handler is done", async () => {
    const seen: IncomingMessage[] = [];
    let finish: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (finish = resolve));
    const handler: MessageHandler = async (message) => {
      seen.push(message);
      await held;
      return undefined;
    };
    const [client] = await connectionPair({}, { handler });
    await client.send(ping);
    let acked = false;
    const acknowledged = client.send(ping, { acknowledge: true }).then(() => (acked = true));
    await turn();
    await turn();
    expect([seen.length, acked]).toEqual([2, false]);
    finish();
    await acknowledged;
    client.destroy();
  });

  test("a handler may acknowledge before it is done", async () => {
    let finish: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (finish = resolve));
    const handler: MessageHandler = async (_message, context) => {
      context.acknowledge();
      await held;
      return undefined;
    };
    const [client] = await connectionPair({}, { handler });
    await client.send(ping, { acknowledge: true });
    finish();
    client.destroy();
  });
});

describe("clarification over connections", () => {
  test("a handler asks, the sender answers, the reply comes", async () => {
    const handler: MessageHandler = async (_message, context) => {
      const { values } = await context.clarify({
        reason: 1,
        fields: [{ path: "/payload/top_k", reason: 1 }],
      });
      const { decision } = await context.confirm({ plan: "go", params: new Map() });
      const answer = values.get("/payload/top_k")?.[0] ?? 0;
      return { bodyCodec: 8, body: new Uint8Array([answer, decision]) };
    };
    const [client] = await connectionPair(
      {
        onClarify: ({ fields }) => ({
          declined: false,
          values: new Map([[fields[0]?.path ?? "", new Uint8Array([20])]]),
        }),
        onConfirm: async () => ({ decision: 1, corrections: new Map() }),
      },
      { handler },
    );
    expect([...(await client.request(ping)).body]).toEqual([20, 1]);
    client.destroy();
  });

  test("without handlers questions are declined, and the request fails with that", async () => {
    const handler: MessageHandler = async (_message, context) => {
      await context.clarify({ reason: 1, fields: [] });
      return undefined;
    };
    const [client] = await connectionPair({}, { handler });
    await expect(client.request(ping)).rejects.toMatchObject({
      code: "xcp.clarification_declined",
    });
    client.destroy();
  });
});

describe("the life of a connection", () => {
  test("ping measures, negotiate changes, stats count", async () => {
    const [client, server] = await connectionPair({}, { handler: echo });
    expect(await client.ping()).toBeGreaterThan(0);
    await Promise.all([client.ping(), client.ping(), server.ping()]);
    await client.negotiate({ maxFrameBytes: 5000 });
    expect(client.negotiated.maxFrameBytes).toBe(5000);
    const body = pattern(40_000);
    expect((await client.request({ bodyCodec: 8, body })).body).toEqual(body);
    expect(client.stats().sent.messages).toBe(1);
    expect(client.stats().sent.frames).toBeGreaterThan(8);
    await server.close();
  });

  test("close finishes what is under way on both sides, then both are closed without error", async () => {
    const handler: MessageHandler = async (message) => {
      await turn();
      return { bodyCodec: 8, body: message.body };
    };
    const [client, server] = await connectionPair({ handler }, { handler });
    const requests = [client.request(ping), server.request(ping)];
    await turn();
    await client.close();
    await Promise.all(requests);
    expect(await client.closed).toBeUndefined();
    expect(await server.closed).toBeUndefined();
    await expect(client.request(ping)).rejects.toMatchObject({ code: "wire.closed" });
  });

  test("verifyAuth decides, also later", async () => {
    const secret = new Uint8Array([4, 2]);
    const verifyAuth = async ({ auth }: { auth: Uint8Array | undefined }): Promise<boolean> => {
      await turn();
      return auth !== undefined && auth[0] === 4;
    };
    const [client] = await connectionPair({ auth: secret }, { verifyAuth, handler: echo });
    await client.request(ping);
    client.destroy();
    const [near, far] = memoryStreamPair();
    const refused = openConnection(far, "responder", { platform: nodePlatform, verifyAuth });
    await expect(
      openConnection(near, "initiator", { platform: nodePlatform }),
    ).rejects.toMatchObject({ code: "xcp.auth_required" });
    await expect(refused).rejects.toMatchObject({ code: "xcp.auth_required" });
  });

  test("§21: every record about a message has its trace", async () => {
    const records: LogRecord[] = [];
    const telemetry = {
      ...silentTelemetry,
      log: { log: (each: LogRecord) => void records.push(each) },
    };
    let asked = 0;
    const handler: MessageHandler = async (_message, context) => {
      await context.clarify({ reason: 1, fields: [] });
      throw new XcpError(asked++ === 0 ? "xcp.app_unavailable" : "xcp.app", "no");
    };
    const answer = { values: new Map(), declined: false };
    const [client, server] = await connectionPair(
      { telemetry, onClarify: () => answer },
      { telemetry, handler },
    );
    const tags = [{ key: "trace_id", val: "t-1" }];
    await expect(client.request({ ...ping, tags })).rejects.toMatchObject({ code: "xcp.app" });
    await Promise.all([client.close(), server.close()]);
    const about = records.filter(({ fields }) => fields["msg_id"] !== undefined);
    expect(new Set(about.map(({ event }) => event))).toEqual(
      new Set(["xcp.clarify", "xcp.nack_sent", "xcp.nack_received", "xcp.retransmit"]),
    );
    expect(about.filter(({ fields }) => fields["trace_id"] !== "t-1")).toEqual([]);
  });

  test("metrics and logs tell the story", async () => {
    const meter = new MetricsRegistry();
    const events: string[] = [];
    const telemetry = {
      ...silentTelemetry,
      meter,
      log: { log: ({ event }: { event: string }) => void events.push(event) },
    };
    const [client, server] = await connectionPair({ telemetry }, { handler: echo });
    await client.request(ping);
    await client.close();
    await server.closed;
    expect(events).toEqual(
      expect.arrayContaining(["xcp.open", "xcp.handshake", "xcp.caps", "xcp.close"]),
    );
    const find = (name: string) => meter.snapshot().find((metric) => metric.name === name);
    expect(find("xcp_messages_total")).toMatchObject({
      samples: expect.arrayContaining([
        { labels: { direction: "sent", codec: "PROTOBUF" }, value: 1 },
      ]),
    });
    expect(find("xcp_connections")).toMatchObject({ samples: [{ value: 0 }] });
    expect(find("xcp_request_latency_seconds")).toMatchObject({ samples: [{ count: 1 }] });
  });
});
