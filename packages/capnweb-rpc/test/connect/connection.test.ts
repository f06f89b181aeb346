import { describe, expect, test } from "@jest/globals";
import {
  Connection,
  RpcSession,
  RpcStub,
  RpcTarget,
  transportConnector,
  withDeadline,
} from "@proj/capnweb-rpc";
import { MemoryTransport, turns } from "../support/memory-transport.js";
import { Api, World } from "./world.js";

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
