import { expect, test } from "@jest/globals";
import { RpcPromise, RpcSession, RpcTarget } from "@proj/capnweb-rpc";
import type { PulledResult, SessionTap } from "#src/session/session-hooks.js";
import { MemoryTransport, turns } from "../support/memory-transport.js";

class Api extends RpcTarget {
  add(a: number, b: number) {
    return a + b;
  }
  never(): Promise<number> {
    return new Promise(() => undefined);
  }
}

test("a ping runs nothing and leaves nothing", async () => {
  const [client, server] = MemoryTransport.pair();
  const served = new RpcSession(server, new Api());
  const session = new RpcSession(client);
  await session.ping();
  await turns();
  expect(client.sent).toEqual(['["push",null]', '["pull",1]', '["release",1,1]']);
  expect([session.getStats(), served.getStats()]).toEqual([
    { imports: 1, exports: 1 },
    { imports: 1, exports: 1 },
  ]);
  client.lose(new Error("gone"));
  await turns();
  await expect(session.ping()).rejects.toThrow("gone");
});

test("a tap sees every message, its size and the end", async () => {
  const seen: unknown[] = [];
  const tap: SessionTap = {
    sending: (message) => {
      seen.push(["out", ...message]);
      return undefined;
    },
    received: (message, handle) => {
      seen.push(["in", ...(message as unknown[])]);
      handle();
    },
    carried: (direction, message) => void seen.push([direction, (message as string).length]),
    ended: (reason) => void seen.push((reason as Error).message),
  };
  const [client, server] = MemoryTransport.pair();
  void new RpcSession(server, new Api());
  const main = new RpcSession<Api>(client, undefined, { hooks: { tap } }).getRemoteMain();
  expect(await main.add(1, 2)).toBe(3);
  expect(client.sent[0]).toBe('["push",["pipeline",0,["add"],[1,2]]]');
  client.lose(new Error("gone"));
  await turns();
  expect(seen).toEqual([
    ["out", "push", ["pipeline", 0, ["add"], [1, 2]]],
    ["out", 37],
    ["out", "pull", 1],
    ["out", 10],
    ["in", 15],
    ["in", "resolve", 1, 3],
    ["out", "release", 1, 1],
    ["out", 15],
    // Who cannot receive may be able to send.
    ["out", "abort", ["error", "Error", "gone"]],
    ["out", 34],
    "gone",
  ]);
});

test("a result that was asked for can be given up, and is given back", async () => {
  const pulled: PulledResult[] = [];
  let heard = 0;
  const [client, server] = MemoryTransport.pair();
  const served = new RpcSession(server, new Api());
  const session = new RpcSession<Api>(client, undefined, {
    hooks: {
      pulled: (result) => {
        pulled.push(result);
        return () => void heard++;
      },
    },
  });
  const main = session.getRemoteMain();
  const never = main.never().then((n) => n);
  expect(pulled.map(({ settled }) => settled)).toEqual([false]);
  pulled[0]?.giveUp(new Error("too late"));
  pulled[0]?.giveUp(new Error("twice"));
  await expect(never).rejects.toThrow("too late");
  expect(pulled[0]?.settled).toBe(true);
  await turns();
  expect(client.sent.at(-1)).toBe('["release",1,1]');
  expect(served.getStats()).toEqual({ imports: 1, exports: 1 });
  const added = main.add(1, 1);
  expect(await added).toBe(2);
  pulled[1]?.giveUp(new Error("late"));
  expect(await added).toBe(2);
  expect(heard).toBe(2);
});

test("a promise that turned out to be the peer's goes back to it as its own", async () => {
  const [client, server] = MemoryTransport.pair();
  void new RpcSession(server, new Api());
  const main = new RpcSession<Api>(client).getRemoteMain();
  // A local promise of the main stub: what is asked of it waits for one turn.
  const later = new RpcPromise(Promise.resolve(main.dup())) as unknown as typeof main;
  const sum = later.add(1, 2);
  expect(await later.add(sum, 3)).toBe(6);
  expect(client.sent.slice(0, 2)).toEqual([
    '["push",["pipeline",0,["add"],[1,2]]]',
    '["push",["pipeline",0,["add"],[["pipeline",1],3]]]',
  ]);
});

test("what a peer pushes can be refused", async () => {
  const [client, server] = MemoryTransport.pair();
  let refusal: Error | undefined;
  void new RpcSession(server, new Api(), { hooks: { refusal: () => refusal } });
  const main = new RpcSession<Api>(client).getRemoteMain();
  const before = main.add(1, 2);
  await turns();
  refusal = new Error("going away");
  await expect(async () => await main.add(1, 2)).rejects.toThrow("going away");
  expect(await before).toBe(3);
});
