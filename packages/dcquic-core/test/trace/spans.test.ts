import { setImmediate } from "node:timers/promises";
import { describe, expect, test } from "@jest/globals";
import {
  type BidirectionalCall,
  EventGroup,
  type Incoming,
  nullCrypto,
  Status,
  type TraceSpan,
} from "@proj/dcquic-core";
import { World } from "@proj/dcquic-core/sim";
import { SeededRandom, uniform } from "@proj/wire-types";
import { attachedInSim } from "../support/lanes.js";
import { repeatOf, seedsOf } from "../support/mixes.js";
import { runUntil, simPools } from "../support/sim-pools.js";
import { spanProblems, traced } from "../support/traced.js";

type Pools = ReturnType<typeof simPools>;

const settle = (): Promise<unknown> => setImmediate();
const ignore = (promise: Promise<unknown>): void => void promise.catch(() => {});
const streams = (spans: readonly TraceSpan[]): readonly TraceSpan[] =>
  spans.filter(({ kind }) => kind === "client" || kind === "server");
const phasesOf = (spans: readonly TraceSpan[], kind: "producer" | "consumer"): string[][] =>
  spans.filter((span) => span.kind === kind).map(({ moments }) => moments.map(({ name }) => name));

const echo = {
  accept: async (incoming: Incoming): Promise<void> => {
    await incoming.reply((await incoming.request()).bytes);
  },
};

function echoing(options: Parameters<typeof simPools>[0] = {}): Pools {
  const pools = simPools(options);
  for (const { index } of pools.world.hosts) pools.pool(index).serve(echo);
  return pools;
}

describe("§21: spans of streams, messages and phases of transfers", () => {
  test("both sides of a call are in one trace, which its traceparent names", async () => {
    const pools = simPools();
    const parents: (string | undefined)[] = [];
    pools.pool(1).serve({
      accept: async (incoming) => {
        parents.push(incoming.traceparent);
        await echo.accept(incoming);
      },
    });
    const sides = [traced(pools.pool(0)), traced(pools.pool(1))] as const;
    const large = new Uint8Array(100_000);
    await runUntil(pools, pools.pool(0).unaryRpc("1", large, { track: true }).response);
    await pools.run(pools.world.nowUs + 1e6, settle);
    for (const { book } of sides) book.flush();
    const [caller, answerer] = sides;
    expect(spanProblems([caller.spans, answerer.spans])).toEqual([]);
    const [client] = streams(caller.spans);
    const [server] = streams(answerer.spans);
    expect(client?.traceId).toBe(server?.traceId);
    expect(server?.parentSpanId).toBe(client?.spanId);
    expect(parents).toEqual([`00-${client?.traceId}-${client?.spanId}-01`]);
    const served = ["queued", "announced", "accepted", "serving", "drained"];
    const pulled = ["offered", "pulling", "receiving", "delivered"];
    expect(phasesOf(caller.spans, "producer")).toEqual([served]);
    expect(phasesOf(answerer.spans, "producer")).toEqual([served]);
    expect(phasesOf(caller.spans, "consumer")).toEqual([pulled]);
    expect(phasesOf(answerer.spans, "consumer")).toEqual([pulled]);
    const sent = caller.spans.find(({ kind }) => kind === "producer");
    const received = answerer.spans.find(({ kind }) => kind === "consumer");
    expect(received?.links).toEqual([{ traceId: sent?.traceId, spanId: sent?.spanId }]);
    expect(sent?.links).toEqual([{ traceId: received?.traceId, spanId: received?.spanId }]);
    expect(sides.map(({ book }) => book.stats.open)).toEqual([0, 0]);
  });

  test("phases can be moments of their message's span only", async () => {
    const pools = echoing();
    const { book, spans } = traced(pools.pool(0), { phases: "moments" });
    await runUntil(pools, pools.pool(0).unaryRpc("1", new Uint8Array(3)).response);
    await pools.run(pools.world.nowUs + 1e6, settle);
    book.flush();
    expect(spans.map(({ name }) => name).toSorted()).toEqual([
      "dcquic.message",
      "dcquic.message",
      "dcquic.unary",
    ]);
  });

  test("calls of both sides at the same time have traces of their own, tracked or not", async () => {
    const pools = echoing();
    const sides = [traced(pools.pool(0)), traced(pools.pool(1))];
    const calls = [true, false].flatMap((track) => [
      pools.pool(0).unaryRpc("1", new Uint8Array(5), { track }).response,
      pools.pool(1).unaryRpc("0", new Uint8Array(5), { track }).response,
    ]);
    await runUntil(pools, Promise.all(calls));
    await pools.run(pools.world.nowUs + 1e6, settle);
    for (const { book } of sides) book.flush();
    expect(spanProblems(sides.map(({ spans }) => spans))).toEqual([]);
    const both = sides.flatMap(({ spans }) => streams(spans));
    expect(both).toHaveLength(8);
    expect(new Set(both.map(({ traceId }) => traceId)).size).toBe(4);
  });

  test("a refusal, a cancelled call and a deadline end with their codes on both sides", async () => {
    const pools = simPools();
    pools.pool(1).serve({
      accept: (incoming) => {
        if (incoming.meta.length > 0) incoming.reject(Status.NoAcceptor);
        else incoming.accept();
      },
    });
    const sides = [traced(pools.pool(0)), traced(pools.pool(1))];
    const [caller] = [pools.pool(0)];
    ignore(caller.unaryRpc("1", new Uint8Array(5), { meta: new Uint8Array(1) }).response);
    ignore(caller.unaryRpc("1", new Uint8Array(50_000), { deadlineMs: 50 }).response);
    const call = caller.unaryRpc("1", new Uint8Array(50_000));
    ignore(call.response);
    await pools.run(20_000, settle);
    call.cancel();
    await pools.run(20e6, settle);
    for (const { book } of sides) book.flush();
    expect(spanProblems(sides.map(({ spans }) => spans))).toEqual([]);
    const codes = ["dcquic.cancelled", "dcquic.deadline", "dcquic.no_acceptor"];
    for (const { book, spans } of sides) {
      expect(
        streams(spans)
          .map(({ failure }) => failure?.type ?? "")
          .toSorted(),
      ).toEqual(codes);
      expect(book.stats.open).toBe(0);
    }
  });

  test("an attached thread traces its pool's streams as the pool itself does", async () => {
    const pools = echoing();
    const { pool } = await attachedInSim(pools, 0);
    const [own, attached] = [traced(pools.pool(0)), traced(pool)];
    await settle();
    await runUntil(pools, pool.unaryRpc("1", new Uint8Array(5), { track: true }).response);
    await pools.run(pools.world.nowUs + 1e6, settle);
    for (const { book } of [own, attached]) book.flush();
    const named = ({ traceId, spanId, name }: TraceSpan): string => `${traceId} ${spanId} ${name}`;
    expect(attached.spans.map(named)).toEqual(own.spans.map(named));
    expect(streams(own.spans)).toHaveLength(1);
    await runUntil(pools, pool.close());
  });

  test("a subscriber whose ring is too short is left with no open span", async () => {
    const pools = simPools({}, { eventsRing: 6 });
    pools.pool(1).serve(echo);
    const { book, spans } = traced(pools.pool(0));
    for (let i = 0; i < 20; i++) ignore(pools.pool(0).unaryRpc("1", new Uint8Array(20)).response);
    await pools.run(pools.world.nowUs + 10e6, settle);
    expect(book.stats.open).toBe(0);
    expect(book.stats.cut.eventsDropped).toBeGreaterThan(0);
    book.flush();
    expect(streams(spans).map(({ failure }) => failure?.type)).toContain(
      "dcquic.trace.eventsDropped",
    );
  });

  test("nothing is made while nobody wants it, nor after", async () => {
    const pools = echoing();
    const { stop, book, spans } = traced(pools.pool(0));
    const kinds: string[] = [];
    stop();
    const info = pools.pool(0).subscribe({ onEvent: ({ kind }) => void kinds.push(kind) });
    await runUntil(pools, pools.pool(0).unaryRpc("1", new Uint8Array(50_000)).response);
    book.close();
    info();
    expect(spans).toEqual([]);
    expect(kinds).toEqual([]);
  });

  test.each([
    [0, false],
    [EventGroup.transfer, true],
  ])("an engine that is to watch %d tells phases: %p", (groups, tells) => {
    const told = new Set<string>();
    const world = new World({
      seed: 1,
      hosts: 2,
      crypto: nullCrypto,
      onEvent: (_, { kind }) => void told.add(kind),
    });
    for (const host of world.hosts) host.watch(groups);
    const path = world.connect(0, 1);
    const { engine } = world.host(0);
    engine.announce(0, path, {
      shape: 0x30,
      priority: 3,
      messageSeq: 0,
      payload: new Uint8Array(10),
    });
    world.host(0).pump();
    world.run(1e6);
    expect(told.has("transferAnnounced")).toBe(tells);
    expect(told.has("transferOffered")).toBe(true);
  });
});

describe("§21: whatever happens", () => {
  const seeds = seedsOf(12);

  test.each(seeds)("seed %d: every span ends, within a parent that exists", async (seed) => {
    const random = new SeededRandom(seed);
    const draw = (): number => uniform(random);
    const pools = simPools({
      seed,
      hosts: 3,
      faults: {
        loss: draw() * 0.1,
        duplicate: draw() * 0.1,
        reorder: { probability: draw() * 0.3, delayUs: draw() * 2000 },
        ...(draw() < 0.3
          ? { partitions: [{ from: 0, to: 1, fromUs: draw() * 5e4, untilUs: draw() * 30e6 }] }
          : {}),
      },
    });
    const sides = pools.world.hosts.map(({ index }) => traced(pools.pool(index)));
    for (const { index } of pools.world.hosts) pools.pool(index).serve(moody(draw));
    for (let i = 0; i < 24; i++) {
      const from = Math.floor(draw() * 3);
      begin(pools, from, (from + 1 + Math.floor(draw() * 2)) % 3, draw);
      await pools.run(pools.world.nowUs + draw() * 5000, settle);
    }
    await pools.run(pools.world.nowUs + 120e6, settle);
    for (const { book } of sides) book.flush();
    const repeat = repeatOf(seed, "trace/spans");
    expect({ repeat, problems: spanProblems(sides.map(({ spans }) => spans)) }).toEqual({
      repeat,
      problems: [],
    });
    for (const { book } of sides) {
      expect(book.stats).toMatchObject({ open: 0, untraced: 0, lost: 0 });
      expect(book.stats.cut).toMatchObject({ eventsDropped: 0, ceiling: 0, closed: 0 });
    }
    // Whoever answered was called by someone.
    const clients = new Set(
      sides.flatMap(({ spans }) => spans.filter(({ kind }) => kind === "client")).map(traceOf),
    );
    const servers = sides.flatMap(({ spans }) => spans.filter(({ kind }) => kind === "server"));
    expect(servers.filter((span) => !clients.has(traceOf(span)))).toEqual([]);
    expect(servers.length).toBeGreaterThan(0);
  });
});

const traceOf = ({ traceId }: TraceSpan): string => traceId;

// Answers, refuses, forgets, or answers without a look.
function moody(draw: () => number) {
  return {
    accept: async (incoming: Incoming): Promise<void> => {
      const mood = draw();
      if (mood < 0.1) return incoming.reject(Status.Rejected);
      if (mood < 0.2) return incoming.close(300, "no");
      // Who does not read what may go on has to say that nobody will.
      if (mood < 0.3 && incoming.pattern === "unary") return incoming.reply(new Uint8Array(1));
      let size = 0;
      for await (const message of incoming) size += message.bytes.length;
      await incoming.reply(new Uint8Array(Math.min(size, 80_000)));
    },
  };
}

function begin(pools: Pools, from: number, to: number, draw: () => number): void {
  const pool = pools.pool(from);
  const options = {
    track: draw() < 0.5,
    ...(draw() < 0.3 ? { headers: new Uint8Array(9) } : {}),
    ...(draw() < 0.2 ? { deadlineMs: 1 + draw() * 20 } : {}),
  };
  const payload = new Uint8Array(draw() < 0.5 ? 20 : Math.floor(draw() * 90_000));
  if (draw() < 0.6) {
    const call = pool.unaryRpc(String(to), payload, options);
    ignore(call.response);
    if (draw() < 0.2) pools.world.schedule(pools.world.nowUs + draw() * 3000, () => call.cancel());
    return;
  }
  const call = pool.bidirectional(String(to), options);
  ignore(send(call, payload, 1 + Math.floor(draw() * 4)));
  ignore(drain(call));
}

async function send(call: BidirectionalCall, payload: Uint8Array, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await call.write(payload.slice());
  call.end();
}

async function drain(call: AsyncIterable<unknown>): Promise<void> {
  for await (const message of call) if (message === undefined) break;
}
