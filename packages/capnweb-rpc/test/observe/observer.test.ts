import { describe, expect, test } from "@jest/globals";
import {
  type CallInfo,
  Connection,
  healthResponse,
  Observer,
  type ObserverOptions,
  RpcSession,
  type RpcStub,
  RpcTarget,
  transportConnector,
} from "@proj/capnweb-rpc";
import { type LogRecord, ManualTime, MetricsRegistry, SeededRandom } from "@proj/wire-types";
import { until } from "@proj/wire-types/testing";
import * as reference from "capnweb";
import { AsyncLocalStorage } from "node:async_hooks";
import { MemoryTransport, turns } from "../support/memory-transport.js";
import { cloneInRealm } from "../support/realm-clone.js";

cloneInRealm();

function makeApi(Target: typeof RpcTarget) {
  return class Api extends Target {
    add(a: number, b: number) {
      return a + b;
    }
    list() {
      return [1, 2];
    }
    fail(): number {
      throw Object.assign(new RangeError("secret 4711"), { code: "E_FAIL" });
    }
    never(): Promise<number> {
      return new Promise(() => undefined);
    }
    call(callback: () => number) {
      return callback();
    }
    get name() {
      return "api";
    }
  };
}
const Api = makeApi(RpcTarget);
type Api = InstanceType<typeof Api>;

function observe(options: ObserverOptions = {}) {
  const log: LogRecord[] = [];
  const meter = new MetricsRegistry();
  const time = new ManualTime();
  const observer = new Observer({
    log: { log: (record) => log.push(record) },
    meter,
    clock: time,
    random: new SeededRandom(1),
    ...options,
  });
  const events = () => log.map(({ event }) => event.replace("capnweb.", ""));
  return { observer, log, meter, time, events };
}

describe.each(["ours", "reference"])("with a peer of %s", (kind) => {
  test("the client's calls are counted and timed by method and outcome", async () => {
    const { observer, meter, time } = observe();
    const [client, server] = MemoryTransport.pair();
    if (kind === "ours") void new RpcSession(server, new Api());
    else void new reference.RpcSession(server, new (makeApi(reference.RpcTarget))());
    const session = new RpcSession<Api>(client, undefined, { hooks: observer.hooks() });
    observer.watch(session);
    const main = session.getRemoteMain();
    const sum = main.add(1, 2).then((n) => n);
    time.advance(2000);
    expect(await sum).toBe(3);
    await expect(async () => await main.fail()).rejects.toThrow("secret");
    expect(await main.name).toBe("api");
    expect(await main.list().map((n) => main.add(n, 1))).toEqual([2, 3]);
    const dropped = main.never();
    dropped[Symbol.dispose]();
    const calls = (method: string, outcome: string) =>
      meter.value("capnweb_calls_total", { side: "client", method, outcome });
    expect([calls("add", "ok"), calls("fail", "error"), calls("name", "ok")]).toEqual([1, 1, 1]);
    expect([calls("(self)", "ok"), calls("list", "released"), calls("never", "released")]).toEqual([
      1, 0, 1,
    ]);
    const latency = meter.snapshot().find(({ name }) => name === "capnweb_call_latency_seconds");
    expect(latency?.samples.find(({ labels }) => labels["method"] === "add")).toMatchObject({
      count: 1,
      sum: 0.002,
    });
    expect(meter.value("capnweb_messages_total", { direction: "out", type: "push" })).toBe(6);
    const bytes = client.sent.reduce((size, message) => size + message.length, 0);
    expect(meter.value("capnweb_message_bytes_total", { direction: "out" })).toBe(bytes);
    observer.sample();
    expect(meter.value("capnweb_sessions")).toBe(1);
    expect(meter.value("capnweb_table_entries", { table: "imports" })).toBeGreaterThan(0);
  });

  test("the server's calls too, callbacks included", async () => {
    const started: CallInfo[] = [];
    const { observer, meter } = observe({ onCallStart: (call) => started.push(call) });
    const [client, server] = MemoryTransport.pair();
    void new RpcSession(server, new Api(), { hooks: observer.hooks({ sessionId: "s1" }) });
    const main = (
      kind === "ours"
        ? new RpcSession<Api>(client).getRemoteMain()
        : new reference.RpcSession(client).getRemoteMain()
    ) as RpcStub<Api>;
    expect(await main.add(1, 2)).toBe(3);
    expect(await main.call(() => 5)).toBe(5);
    await expect(async () => await main.fail()).rejects.toThrow("secret");
    expect(started.map(({ requestId, method, kind: what }) => [requestId, method, what])).toEqual([
      ["s1/server/1", "add", "call"],
      ["s1/server/2", "call", "call"],
      ["s1/client/1", "(self)", "call"],
      ["s1/server/3", "fail", "call"],
    ]);
    const served = (method: string, outcome: string) =>
      meter.value("capnweb_calls_total", { side: "server", method, outcome });
    expect([served("add", "ok"), served("call", "ok"), served("fail", "error")]).toEqual([1, 1, 1]);
  });

  test("nothing of it is on the wire", async () => {
    const plain = await traffic(kind, {});
    const observed = await traffic(kind, observe().observer.hooks());
    expect(observed).toEqual(plain);
  });
});

async function traffic(kind: string, hooks: object): Promise<readonly string[]> {
  const [client, server] = MemoryTransport.pair();
  if (kind === "ours") void new RpcSession(server, new Api());
  else void new reference.RpcSession(server, new (makeApi(reference.RpcTarget))());
  const main = new RpcSession<Api>(client, undefined, { hooks }).getRemoteMain();
  await main.add(1, 2);
  await main.list().map((n) => main.add(n, 1));
  await main.call(() => 3);
  await main.fail().catch(() => undefined);
  await turns();
  return [...client.sent, ...server.sent];
}

describe("logs", () => {
  test("say what happened, without payloads; a failure by name and code", async () => {
    const { observer, log, events } = observe();
    const [client, server] = MemoryTransport.pair();
    void new RpcSession(server, new Api());
    const hooks = observer.hooks({ sessionId: "s1" });
    const main = new RpcSession<Api>(client, undefined, { hooks }).getRemoteMain();
    await main.fail().catch(() => undefined);
    const never = main.never().catch(() => undefined);
    client.lose(new TypeError("cable 4711"));
    await never;
    expect(events()).toEqual([
      "session_opened",
      "call_started",
      "call_ended",
      "call_started",
      "call_ended",
      "session_ended",
    ]);
    expect(log[2]).toMatchObject({
      level: "warn",
      fields: {
        session: "s1",
        request: "s1/client/1",
        outcome: "error",
        error: "RangeError",
        code: "E_FAIL",
      },
    });
    expect(log[4]).toMatchObject({ level: "debug", fields: { outcome: "lost" } });
    expect(log[5]?.fields).toEqual({ session: "s1", why: "TypeError" });
    expect(JSON.stringify(log)).not.toContain("4711");
  });

  test("cannot be written to by a peer", () => {
    const { observer, log, meter } = observe();
    const [client, server] = MemoryTransport.pair();
    void new RpcSession(server, new Api(), { hooks: observer.hooks() });
    const method = `x\n${"y".repeat(500)}\u001b[31m`;
    client.send(JSON.stringify(["push", ["pipeline", 0, [method], []]])).catch(() => undefined);
    client.send('["constructor"]').catch(() => undefined);
    return turns().then(() => {
      const started = log.find(({ event }) => event === "capnweb.call_started");
      expect(started?.fields["method"]).toBe(`x?${"y".repeat(126)}`);
      expect(meter.value("capnweb_messages_total", { direction: "in", type: "unknown" })).toBe(1);
    });
  });

  test("and cannot fill the metrics: only so many methods have their own", async () => {
    const { observer, meter, log } = observe({ maxMethods: 2 });
    const [client, server] = MemoryTransport.pair();
    void new RpcSession(server, new Api(), { hooks: observer.hooks() });
    for (const method of ["add", "a", "b", "c", "add"]) {
      client.send(`["push",["pipeline",0,["${method}"],[]]]`).catch(() => undefined);
    }
    await turns();
    const started = (method: string) =>
      meter.value("capnweb_calls_started_total", { side: "server", method });
    expect([started("add"), started("a"), started("b"), started("(other)")]).toEqual([2, 1, 0, 2]);
    const logged = log.filter(({ event }) => event === "capnweb.call_started");
    expect(logged.map(({ fields }) => fields["method"])).toEqual(["add", "a", "b", "c", "add"]);
  });

  test("a transcript has everything, for who asks", async () => {
    const transcript: unknown[] = [];
    const { observer } = observe({
      transcript: (direction, message) => transcript.push(`${direction} ${message as string}`),
    });
    const [client, server] = MemoryTransport.pair();
    void new RpcSession(server, new Api());
    const main = new RpcSession<Api>(client, undefined, {
      hooks: observer.hooks(),
    }).getRemoteMain();
    await main.add(1, 2);
    expect(transcript).toEqual([
      'out ["push",["pipeline",0,["add"],[1,2]]]',
      'out ["pull",1]',
      'in ["resolve",1,3]',
      'out ["release",1,1]',
    ]);
  });
});

describe("traces", () => {
  const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

  test("go on at a peer that agreed, inside a context of the host", async () => {
    const context = new AsyncLocalStorage<CallInfo>();
    const spans: (string | undefined)[][] = [];
    const tracer = {
      start: (name: string, _attributes: object, traceparent?: string) => {
        spans.push([name, traceparent]);
        return { end: () => undefined };
      },
    };
    class Traced extends RpcTarget {
      async where() {
        await Promise.resolve();
        return context.getStore()?.traceparent;
      }
    }
    const [client, server] = MemoryTransport.pair();
    const serving = observe({ tracer, around: (call, run) => context.run(call, run) });
    const exchange = { exchangeTraces: true };
    void new RpcSession(server, new Traced(), { hooks: serving.observer.hooks(exchange) });
    const calling = observe({ currentTrace: () => parent });
    const main = new RpcSession<Traced>(client, undefined, {
      hooks: calling.observer.hooks(exchange),
    }).getRemoteMain();
    const seen = await main.where();
    expect(seen).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01$/);
    expect(seen).not.toBe(parent);
    expect(spans).toEqual([["capnweb where", seen]]);
    expect(client.sent[0]).toBe(`["push",["pipeline",0,["where"],[]],"${seen}"]`);
  });

  test("are not sent to a peer that did not agree, nor believed from one", async () => {
    const [client, server] = MemoryTransport.pair();
    const started: CallInfo[] = [];
    const serving = observe({ onCallStart: (call) => started.push(call) });
    void new RpcSession(server, new Api(), { hooks: serving.observer.hooks() });
    const calling = observe({ currentTrace: () => parent });
    const hooks = calling.observer.hooks();
    const main = new RpcSession<Api>(client, undefined, { hooks }).getRemoteMain();
    await main.add(1, 2);
    expect(client.sent[0]).toBe('["push",["pipeline",0,["add"],[1,2]]]');
    client.send(`["push",["pipeline",0,["add"],[1,2]],"${parent}"]`).catch(() => undefined);
    await turns();
    expect(started.map(({ traceparent }) => traceparent)).toEqual([undefined, undefined]);
  });
});

test("an application's callbacks that throw disturb no call", () => {
  // What else they throw is printed: a tap is enough here.
  const { observer } = observe({ around: () => undefined });
  let handled = 0;
  const { tap } = observer.hooks();
  tap?.received(["push", ["pipeline", 0, ["add"], []]], () => handled++);
  tap?.received(["push", 5], () => handled++);
  tap?.received("nonsense", () => handled++);
  expect(handled).toBe(3);
});

test("what waits in streams is measured until it is read", async () => {
  const { observer, meter } = observe();
  const [client, server] = MemoryTransport.pair();
  class Files extends RpcTarget {
    download() {
      return new ReadableStream({
        start(controller) {
          for (let chunk = 0; chunk < 4; chunk++) controller.enqueue("x".repeat(10_000));
          controller.close();
        },
      });
    }
  }
  void new RpcSession(server, new Files());
  const session = new RpcSession<Files>(client);
  observer.watch(session);
  const waiting = () => {
    observer.sample();
    return meter.value("capnweb_stream_bytes");
  };
  expect(waiting()).toBe(0);
  const stream = await session.getRemoteMain().download();
  await until(() => (waiting() ?? 0) > 20_000, "chunks that wait");
  expect(waiting()).toBeGreaterThan(20_000);
  expect(await new Response(stream.pipeThrough(new TextEncoderStream())).text()).toHaveLength(
    40_000,
  );
  expect(waiting()).toBe(0);
});

test("a connection is observed too, and answers probes", async () => {
  const { observer, meter, log, time } = observe();
  const [client, server] = MemoryTransport.pair();
  void new RpcSession(server, new Api());
  const connection = new Connection<Api>(
    transportConnector(() => client),
    { ...observer.connection(), health: { intervalMs: 10 }, time, random: new SeededRandom(1) },
  );
  expect(healthResponse("/health/ready", { connection })?.status).toBe(503);
  await connection.opened();
  expect(healthResponse("/health/ready", { connection })?.status).toBe(200);
  time.advance(10_000);
  await turns();
  expect(meter.value("capnweb_ping_seconds")).toBe(1);
  client.lose(new Error("gone"));
  await turns();
  expect(meter.value("capnweb_reconnects_total")).toBe(1);
  expect(log.at(-1)).toEqual({
    level: "warn",
    event: "capnweb.connection_state",
    fields: { state: "reconnecting", why: "capnweb.connection_lost" },
  });
  const response = healthResponse("/health", { connection });
  expect(await response?.json()).toEqual({
    live: true,
    ready: false,
    parts: { connection: false },
  });
  expect(response?.status).toBe(200);
  expect(healthResponse("/other", {})).toBeUndefined();
});
