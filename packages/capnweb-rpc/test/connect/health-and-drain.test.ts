import { describe, expect, test } from "@jest/globals";
import { Connection, RpcSession, SessionGroup, withDeadline } from "@proj/capnweb-rpc";
import { MemoryTransport, turns } from "../support/memory-transport.js";
import { type Api, World } from "./world.js";

describe("health, timeouts and drain", () => {
  test("a silent peer is dropped and another session opened", async () => {
    const world = new World();
    const roundTrips: number[] = [];
    const connection = world.connect({
      health: { intervalMs: 1000, timeoutMs: 100, threshold: 1 },
      onPing: (ms) => roundTrips.push(ms),
    });
    await connection.opened();
    await world.advance(1000);
    expect(roundTrips).toEqual([0]);
    const client = world.clients[0];
    if (client !== undefined) client.other = undefined;
    const waiting = connection.main.never().then(
      () => undefined,
      (error: unknown) => error,
    );
    await world.advance(1000);
    await world.advance(100);
    expect(await waiting).toMatchObject({ code: "capnweb.ping_timeout" });
    await world.advance(1000);
    expect(await connection.main.who()).toBe("server 1");
  });

  test("an awaited result that takes too long fails, and is given back", async () => {
    const world = new World();
    const { main } = world.connect({ callTimeoutMs: 50 });
    await main.who();
    const late = main.never().then(
      () => undefined,
      (error: unknown) => error,
    );
    await turns();
    await world.advance(30);
    const later = main.never().then(
      () => undefined,
      (error: unknown) => error,
    );
    await turns();
    await world.advance(20);
    expect(await late).toMatchObject({
      name: "TimeoutError",
      code: "capnweb.timeout",
      details: { timeoutMs: 50 },
    });
    expect(world.servers[0]?.session.getStats()).toEqual({ imports: 1, exports: 2 });
    await world.advance(30);
    expect(await later).toMatchObject({ code: "capnweb.timeout" });
    expect(world.servers[0]?.session.getStats()).toEqual({ imports: 1, exports: 1 });
    expect(await main.who()).toBe("server 0");
    expect(world.time.pending).toBe(0);
  });

  test("one operation can have a deadline or a signal of its own", async () => {
    const world = new World();
    const { main } = world.connect();
    await main.who();
    const timers = world.time;
    const late = withDeadline(main.never(), { timeoutMs: 20, timers });
    const outcome = late.catch((error: unknown) => error);
    await world.advance(20);
    expect(await outcome).toMatchObject({ name: "TimeoutError", code: "capnweb.timeout" });
    const controller = new AbortController();
    const cancelled = withDeadline(main.never(), { signal: controller.signal }).catch(
      (error: unknown) => error,
    );
    controller.abort(new Error("enough"));
    expect(await cancelled).toMatchObject({
      code: "capnweb.cancelled",
      cause: { message: "enough" },
    });
    await expect(withDeadline(main.who(), { signal: controller.signal })).rejects.toMatchObject({
      code: "capnweb.cancelled",
    });
    expect(await withDeadline(main.who(), { timeoutMs: 20, timers })).toBe("server 0");
    await turns();
    expect(world.servers[0]?.session.getStats()).toEqual({ imports: 1, exports: 1 });
    expect(world.time.pending).toBe(0);
  });

  test("a drain refuses new calls, waits for what is awaited, and closes", async () => {
    const world = new World();
    const connection = world.connect();
    await connection.opened();
    let answer: (() => void) | undefined;
    const slow = connection.main.call(
      (() => new Promise((resolve) => (answer = () => resolve("done")))) as never,
    );
    const awaited = slow.then((text) => text);
    await turns();
    expect(connection.outstanding).toBe(1);
    const drained = connection.drain(1000);
    expect(connection.state.kind).toBe("draining");
    await expect(async () => await connection.main.who()).rejects.toMatchObject({
      code: "capnweb.draining",
    });
    answer?.();
    expect(await awaited).toBe("done");
    expect(await drained).toBe(true);
    expect(connection.state.kind).toBe("closed");
  });

  test("a drain ends at its deadline", async () => {
    const world = new World();
    const connection = world.connect();
    await connection.opened();
    const never = connection.main.never().catch((error: unknown) => error);
    await turns();
    const drained = connection.drain(1000);
    await world.advance(1000);
    expect(await drained).toBe(false);
    expect(await never).toMatchObject({ code: "capnweb.closed" });
  });

  test("a server drains its sessions: it takes no more, answers what was asked, closes with 1001", async () => {
    const world = new World();
    const group = new SessionGroup({ time: world.time, callsWhileDraining: "refuse" });
    const connection = new Connection<Api>(
      world.connector(group),
      world.options({ reconnect: false }),
    );
    await connection.opened();
    expect([group.size, group.ready]).toEqual([1, true]);
    let answer: (() => void) | undefined;
    const slow = connection.main
      .call((() => new Promise((resolve) => (answer = () => resolve("done")))) as never)
      .then((text) => text);
    await turns();
    const drained = group.drain(1000);
    expect(group.ready).toBe(false);
    await expect(async () => await connection.main.who()).rejects.toMatchObject({
      code: "capnweb.draining",
    });
    answer?.();
    expect(await slow).toBe("done");
    expect(await drained).toEqual({ answered: 1, cut: 0 });
    await turns();
    expect(connection.state).toMatchObject({ reason: { cause: { message: "closed: 1001" } } });
    const closed: number[] = [];
    const late = {
      session: new RpcSession(MemoryTransport.pair()[0]),
      close: (code: number) => closed.push(code),
    };
    expect(group.add(late)).toBe(false);
    expect(closed).toEqual([1001]);
  });

  test("a server's drain cuts off at its deadline", async () => {
    const world = new World();
    const group = new SessionGroup({ time: world.time, maxSessions: 1 });
    const connection = new Connection<Api>(world.connector(group), world.options({}));
    await connection.opened();
    expect(group.ready).toBe(false);
    const never = connection.main.never().catch((error: unknown) => error);
    await turns();
    const drained = group.drain(10);
    await world.advance(10);
    expect(await drained).toEqual({ answered: 0, cut: 1 });
    expect(await never).toMatchObject({ code: "capnweb.connection_lost" });
  });
});
