import { describe, expect, test } from "@jest/globals";
import {
  Connection,
  type ConnectionOptions,
  ConnectionPool,
  RpcSession,
  RpcStub,
  RpcTarget,
  SessionGroup,
  transportConnector,
  withDeadline,
} from "@proj/capnweb-rpc";
import { ManualTime, SeededRandom } from "@proj/wire-types";
import { MemoryTransport, turns } from "../support/memory-transport.js";

class Api extends RpcTarget {
  readonly name: () => string;
  constructor(name: string) {
    super();
    this.name = () => name;
  }
  who() {
    return this.name();
  }
  add(a: number, b: number) {
    return a + b;
  }
  list() {
    return [1, 2];
  }
  never(): Promise<number> {
    return new Promise(() => undefined);
  }
  call(callback: () => string) {
    return callback();
  }
}

/** Servers in memory that come and go, in virtual time. */
class World {
  readonly time = new ManualTime();
  readonly servers: { readonly session: RpcSession; readonly transport: MemoryTransport }[] = [];
  readonly clients: MemoryTransport[] = [];
  down = false;

  connect(options: ConnectionOptions<Api> = {}): Connection<Api> {
    return new Connection<Api>(this.connector(), this.options(options));
  }

  options<const O extends object>(options: O): O & Pick<ConnectionOptions, "time" | "random"> {
    return { time: this.time, random: new SeededRandom(1), ...options };
  }

  connector(group?: SessionGroup) {
    return transportConnector<Api>(() => {
      if (this.down) throw new Error("refused");
      const [client, server] = MemoryTransport.pair();
      const session = new RpcSession(server, new Api(`server ${this.servers.length}`), {
        hooks: group?.hooks,
      });
      group?.add({
        session,
        close: (code) => void turns().then(() => client.lose(new Error(`closed: ${code}`))),
      });
      this.servers.push({ session, transport: server });
      this.clients.push(client);
      return client;
    });
  }

  async lose(): Promise<void> {
    this.clients.at(-1)?.lose(new Error("cable cut"));
    this.servers.at(-1)?.transport.lose(new Error("cable cut"));
    await turns();
  }

  async advance(ms: number): Promise<void> {
    this.time.advance(ms * 1000);
    await turns();
  }
}

describe("a signal", () => {
  test("closes the connection for good, with its reason", async () => {
    const world = new World();
    const controller = new AbortController();
    const connection = world.connect({ signal: controller.signal });
    await connection.opened();
    const open = connection.main.never();
    const failed = expect(open).rejects.toThrow("the user left");
    await turns();
    controller.abort(new Error("the user left"));
    await failed;
    expect(connection.state.kind).toBe("closed");
    await world.advance(60_000);
    expect(world.clients).toHaveLength(1);
  });

  test("ends attempts to connect, and is let go by a connection that is closed", async () => {
    const world = new World();
    world.down = true;
    const controller = new AbortController();
    const waiting = world.connect({ signal: controller.signal });
    const closed = world.connect({ signal: controller.signal });
    closed.close(new Error("closed before"));
    await world.advance(10_000);
    expect(waiting.state.kind).toBe("reconnecting");
    controller.abort("enough");
    expect(waiting.state).toEqual({ kind: "closed", reason: "enough" });
    expect(closed.state).toMatchObject({ reason: { message: "closed before" } });
    const late = world.connect({ signal: controller.signal });
    expect(late.state).toEqual({ kind: "closed", reason: "enough" });
    await expect(late.opened()).rejects.toBe("enough");
    await expect(async () => await late.main.who()).rejects.toBe("enough");
  });
});

describe("the durable main stub", () => {
  test("calls made before there is a session wait for it, and pipeline", async () => {
    const world = new World();
    const { main } = world.connect();
    const sum = main.add(main.add(1, 2), 3);
    expect(await sum).toBe(6);
    expect(await main.list().map((n: RpcStub<number>) => n)).toEqual([1, 2]);
    expect(await main.list()[1]).toBe(2);
  });

  test("survives a lost session; what was in flight fails as lost, what came after goes on", async () => {
    const world = new World();
    const states: string[] = [];
    const { main } = world.connect({ onState: ({ kind }) => states.push(kind) });
    expect(await main.who()).toBe("server 0");
    const inFlight = main.never().then(
      () => undefined,
      (error: unknown) => error,
    );
    await world.lose();
    expect(await inFlight).toMatchObject({
      code: "capnweb.connection_lost",
      retryable: false,
      message: "connection lost, the outcome of calls in flight is unknown: cable cut",
    });
    const queued = main.who();
    await world.advance(1000);
    expect(await queued).toBe("server 1");
    expect(await main.who()).toBe("server 1");
    expect(states).toEqual(["open", "reconnecting", "open"]);
  });

  test("stubs that came from a lost session stay broken", async () => {
    const world = new World();
    class Maker extends RpcTarget {
      make() {
        return new Api("made");
      }
    }
    const connection = new Connection<Maker>(
      transportConnector<Maker>(() => {
        const [client, server] = MemoryTransport.pair();
        world.clients.push(client);
        void new RpcSession(server, new Maker());
        return client;
      }),
      world.options({}),
    );
    const made = await connection.main.make();
    expect(await made.who()).toBe("made");
    await world.lose();
    await world.advance(1000);
    await expect(async () => await made.who()).rejects.toMatchObject({
      code: "capnweb.connection_lost",
    });
    expect(await connection.main.make().who()).toBe("made");
  });

  test("fails fast where that is the policy", async () => {
    const world = new World();
    const connection = world.connect({ outage: { calls: "fail" } });
    await connection.opened();
    await world.lose();
    await expect(async () => await connection.main.who()).rejects.toMatchObject({
      code: "capnweb.not_connected",
      retryable: true,
    });
    await world.advance(1000);
    expect(await connection.main.who()).toBe("server 1");
  });

  test("keeps so many calls and no more", async () => {
    const world = new World();
    world.down = true;
    const { main } = world.connect({ outage: { maxQueued: 2 } });
    const kept = [main.who(), main.who()];
    await expect(async () => await main.who()).rejects.toMatchObject({
      code: "capnweb.queue_full",
    });
    await turns();
    world.down = false;
    await world.advance(1000);
    expect(await Promise.all(kept)).toEqual(["server 0", "server 0"]);
  });

  test("a kept call that was awaited and given up is not made; one that is wanted for its effect is", async () => {
    const world = new World();
    world.down = true;
    const heard: string[] = [];
    const { main } = world.connect({ outage: { maxQueued: 3 } });
    await turns();
    const timers = world.time;
    const awaited = withDeadline(
      main.call(() => String(heard.push("given up"))),
      {
        timeoutMs: 1,
        timers,
      },
    ).catch((error: unknown) => error);
    const effect = main.call(() => String(heard.push("effect")));
    effect[Symbol.dispose]();
    await world.advance(1);
    expect(await awaited).toMatchObject({ code: "capnweb.timeout" });
    // There is room again for what takes the place of the one that was given up.
    const third = main.call(() => String(heard.push("third")));
    const callback = new RpcStub(() => String(heard.push("given up too")));
    const late = withDeadline(main.call(callback), { timeoutMs: 1, timers }).catch(
      (error: unknown) => error,
    );
    await world.advance(1);
    expect(await late).toMatchObject({ code: "capnweb.timeout" });
    world.down = false;
    await world.advance(1000);
    expect(await third).toBe("2");
    expect(heard).toEqual(["effect", "third"]);
    expect(world.servers[0]?.session.getStats()).toEqual({ imports: 1, exports: 1 });
  });

  test("calls are kept for so long and no longer", async () => {
    const world = new World();
    world.down = true;
    const { main } = world.connect({ outage: { maxWaitMs: 100 } });
    const call = main.who().catch((error: unknown) => error);
    const mapped = main
      .list()
      .map((n: RpcStub<number>) => main.add(n, 1))
      .catch((error: unknown) => error);
    await turns();
    await world.advance(100);
    expect(await call).toMatchObject({
      code: "capnweb.not_connected",
      message: "no connection within 100 ms",
    });
    expect(await mapped).toMatchObject({ code: "capnweb.not_connected" });
    world.down = false;
    await world.advance(1000);
    expect(await main.who()).toBe("server 0");
  });

  test("kept calls are made in order, arguments as they were", async () => {
    const world = new World();
    world.down = true;
    const heard: string[] = [];
    const { main } = world.connect();
    await turns();
    const callback = new RpcStub(() => String(heard.push("called")));
    const calls = [main.call(callback), main.who()];
    callback[Symbol.dispose]();
    world.down = false;
    await world.advance(1000);
    expect(await Promise.all(calls)).toEqual(["1", "server 0"]);
  });

  test("passed to the peer it is the peer's own object again", async () => {
    const world = new World();
    const { main } = world.connect();
    await main.who();
    await main.call(main.who as never);
    expect(world.clients[0]?.sent.join()).toContain('["pipeline",0,["who"]]');
    expect(world.clients[0]?.sent.join()).not.toContain('"export"');
  });

  test("tells who asked when it is over, and not before", async () => {
    const world = new World();
    const connection = world.connect();
    const reasons: unknown[] = [];
    connection.main.onRpcBroken((reason) => reasons.push(reason));
    const unregistered = connection.main.onRpcBroken(() => reasons.push("never"));
    unregistered[Symbol.dispose]();
    await connection.opened();
    await world.lose();
    await world.advance(1000);
    expect(reasons).toEqual([]);
    connection.close();
    expect(reasons).toMatchObject([{ code: "capnweb.closed" }]);
    await expect(async () => await connection.main.who()).rejects.toMatchObject({
      code: "capnweb.closed",
    });
    await expect(connection.opened()).rejects.toMatchObject({ code: "capnweb.closed" });
  });

  test("disposing it closes the connection", async () => {
    const world = new World();
    const connection = world.connect();
    await connection.opened();
    connection.main[Symbol.dispose]();
    expect(connection.state.kind).toBe("closed");
    expect(world.clients[0]?.aborted).toBeDefined();
  });

  test("gives up after the attempts it has, and everything kept fails with the last reason", async () => {
    const world = new World();
    world.down = true;
    const connection = world.connect({ reconnect: { maxAttempts: 2 } });
    const call = connection.main.who().then(
      () => undefined,
      (error: unknown) => error,
    );
    const opened = connection.opened().catch((error: unknown) => error);
    await turns();
    await world.advance(200);
    expect(await call).toMatchObject({ message: "refused" });
    expect(await opened).toMatchObject({ message: "refused" });
  });

  test("what prepares a session runs before kept calls; its failure is a failed attempt", async () => {
    const world = new World();
    const order: string[] = [];
    const connection = world.connect({
      prepare: async (main) => {
        order.push(`prepared by ${await main.who()}`);
        if (order.length === 1) throw new Error("not yet");
      },
    });
    const call = connection.main.who().then((who) => order.push(who));
    await turns();
    await world.advance(1000);
    await call;
    expect(order).toEqual(["prepared by server 0", "prepared by server 1", "server 1"]);
  });
});

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

describe("a pool", () => {
  test("spreads calls over its connections, round robin", async () => {
    const world = new World();
    const pool = new ConnectionPool<Api>(
      world.connector(),
      world.options({ size: 3, choice: "roundRobin" as const }),
    );
    await Promise.all(pool.members.map((member) => member.opened()));
    const who = await Promise.all([0, 1, 2, 3].map(() => pool.main.who()));
    expect(who.toSorted()).toEqual(["server 0", "server 0", "server 1", "server 2"]);
    pool.close();
  });

  test("prefers the connection with the fewest awaited results, and passes by what is down", async () => {
    const world = new World();
    const pool = new ConnectionPool<Api>(world.connector(), world.options({ size: 2 }));
    await Promise.all(pool.members.map((member) => member.opened()));
    const busy = pool.acquire();
    void busy.never().catch(() => undefined);
    await turns();
    const idle = pool.members.find(({ outstanding }) => outstanding === 0);
    for (let n = 0; n < 4; n++) {
      expect(pool.acquire()).toBe(idle?.main);
    }
    world.down = true;
    await world.lose();
    expect(pool.ready).toBe(true);
    expect(await pool.main.add(1, 2)).toBe(3);
    pool.main[Symbol.dispose]();
    expect(pool.ready).toBe(false);
  });

  test("replaces a connection when it is old enough, which finishes first", async () => {
    const world = new World();
    const pool = new ConnectionPool<Api>(
      world.connector(),
      world.options({ size: 1, maxLifetimeMs: 1000, drainMs: 5000 }),
    );
    expect(await pool.main.who()).toBe("server 0");
    let answer: (() => void) | undefined;
    const slow = pool.main
      .call((() => new Promise((resolve) => (answer = () => resolve("old")))) as never)
      .then((text) => text);
    await turns();
    await world.advance(1000);
    expect(await pool.main.who()).toBe("server 1");
    answer?.();
    expect(await slow).toBe("old");
    await turns();
    expect(await pool.drain(1000)).toBe(true);
    expect(world.clients.every(({ aborted }) => aborted !== undefined)).toBe(true);
  });

  test("of no connections is a mistake", () => {
    expect(() => new ConnectionPool(new World().connector(), { size: 0 })).toThrow(RangeError);
  });
});
