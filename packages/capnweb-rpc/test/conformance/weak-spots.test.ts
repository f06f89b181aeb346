// §21, where the reference is weak: one test for each item, by its number.
import { expect, test } from "@jest/globals";
import {
  newHttpBatchRpcResponse,
  newHttpBatchRpcSession,
  RpcSession,
  RpcTarget,
} from "@proj/capnweb-rpc";
import { inspect } from "node:util";
import { connect, failureOf, libraries, type Stub } from "../support/implementations.js";
import { MemoryTransport, turns } from "../support/memory-transport.js";

const { ours, reference } = libraries;

class Counter extends RpcTarget {
  disposals = 0;
  #count = 0;
  inc(by = 1) {
    this.#count += by;
    return this.#count;
  }
  [Symbol.dispose]() {
    this.disposals++;
  }
}

class Api extends RpcTarget {
  readonly counter = new Counter();
  kept: Stub;
  make() {
    return new Counter();
  }
  echo(value: unknown) {
    return value;
  }
  async awaitAndEcho(stub: Stub) {
    await stub.inc();
    return { stub };
  }
  keep(stub: Stub) {
    this.kept = stub.dup();
    return stub.inc();
  }
  numbers() {
    return [10, 20, 30];
  }
  twice(n: number) {
    return n * 2;
  }
  slow(ms: number) {
    return new Promise((resolve) => {
      setTimeout(() => resolve(ms), ms);
    });
  }
  fail(): never {
    throw new Error("secret");
  }
}

const atRest = { imports: 1, exports: 1 };

test("§21.1: a stub passed back to its owner is a plain stub there", async () => {
  const { main } = connect(ours, new Api());
  const counter = await main.make();
  expect(await main.keep(counter)).toBe(1);
  const back = await main.awaitAndEcho(counter);
  expect(await back.stub.inc()).toBe(3);
});

test("§21.2: an argument stub can be returned, and lives on with its result", async () => {
  const { main, session, served } = connect(ours, new Api());
  const counter = new Counter();
  const echoed = await main.echo(counter);
  await turns();
  expect(counter.disposals).toBe(0);
  expect(await echoed.inc(5)).toBe(5);
  echoed[Symbol.dispose]();
  await turns();
  expect(counter.disposals).toBe(1);
  expect([session.getStats(), served.getStats()]).toEqual([atRest, atRest]);
});

test("§21.3: elements are reached through promises, ours asking by number, anybody by text", async () => {
  const { main, client } = connect(ours, new Api());
  expect(await main.numbers()[1]).toBe(20);
  expect(client.sent[1]).toBe('["push",["pipeline",1,[1]]]');
  const old = connect(ours, new Api());
  old.server.inject('["push",["pipeline",0,["numbers"],[]]]');
  old.server.inject('["push",["pipeline",1,["2"]]]');
  old.server.inject('["pull",2]');
  await turns();
  expect(old.server.sent).toEqual(['["resolve",2,30]']);
});

test("§21.4: a release counts every introduction of its id", async () => {
  const [transport] = MemoryTransport.pair();
  const main: Stub = new RpcSession(transport).getRemoteMain();
  const pair = main.pair();
  void pair.then((value: Stub) => value[Symbol.dispose]());
  await turns();
  transport.inject('["resolve",1,[[["export",-1],["export",-1]]]]');
  await turns();
  expect(transport.sent.at(-1)).toBe('["release",-1,2]');
});

test.each([
  '["release",0,1.5]',
  '["release",0,-1]',
  '["release",0,0]',
  '["push",["export",1]]',
  '["push",["export",-1.5]]',
  '["push",["import",0.5]]',
  '["resolve",0,1]',
  '["pull",1e999]',
])("§21.5: %s is a violation", async (message) => {
  const { server } = connect(ours, new Api());
  server.inject(message);
  await turns();
  expect(server.sent).toHaveLength(1);
  expect(server.sent[0]).toMatch(/^\["abort",/);
});

test("§21.6: a hook that answers nonsense replaces nothing", async () => {
  for (const answer of ["text", 5, null, { message: "fake" }]) {
    const { main } = connect(ours, new Api(), { server: { onSendError: () => answer } });
    expect(await failureOf(() => main.fail())).toBe("Error: secret");
  }
});

test("§21.7: a batch server answers whatever it is sent", async () => {
  for (const body of ["{", '["abort",5]', '["pull",7]', "\n\n", "[]", "null"]) {
    const request = new Request("http://x/", { method: "POST", body });
    const response = await newHttpBatchRpcResponse(request, new Api());
    expect([200, 400]).toContain(response.status);
  }
});

test("§21.8: a broken-callback can be taken back, and goes with its stub", async () => {
  const { main, client } = connect(ours, new Api());
  const heard: string[] = [];
  const registration = main.onRpcBroken(() => heard.push("taken back"));
  registration[Symbol.dispose]();
  registration[Symbol.dispose]();
  const counter = await main.make();
  counter.onRpcBroken(() => heard.push("disposed"));
  counter[Symbol.dispose]();
  main.onRpcBroken(() => heard.push("kept"));
  client.lose(new Error("gone"));
  await turns();
  expect(heard).toEqual(["kept"]);
});

test("§21.9: a call that was given back is not answered, whatever becomes of it", async () => {
  const { main, server } = connect(ours, new Api());
  for (const call of [main.slow(2), main.echo(1).missing()]) {
    void call.then(
      () => undefined,
      () => undefined,
    );
    // The pull leaves first.
    await Promise.resolve();
    call[Symbol.dispose]();
  }
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(server.sent.filter((text) => text.startsWith('["resolve",1'))).toEqual([]);
  expect(server.sent.filter((text) => text.startsWith('["reject",1'))).toEqual([]);
});

test("§21.10: an asynchronous mapper is refused in so many words", () => {
  const { main, client } = connect(ours, new Api());
  const numbers = main.numbers();
  // That is what is refused.
  expect(() => numbers.map(async (n: Stub) => n)).toThrow("RPC map() callbacks cannot be async.");
  expect(client.sent).toHaveLength(1);
});

test("§21.11: the results of a map travel with it", async () => {
  const { main, client, server } = connect(ours, new Api());
  expect(await main.numbers().map((n: Stub) => main.twice(n))).toEqual([20, 40, 60]);
  await turns();
  expect(server.sent).toEqual(['["resolve",2,[[20,40,60]]]']);
  expect(client.sent).toHaveLength(4);
});

test("§21.12: nested maps cannot multiply without end", async () => {
  const { main } = connect(ours, new Api(), { server: { limits: { maxMapWork: 1000 } } });
  const deep = (depth: number): Stub =>
    main.numbers().map((n: Stub) => (depth === 0 ? n : deep(depth - 1)));
  expect(await failureOf(() => deep(8))).toMatch(/RangeError: map\(\) exceeded its budget/);
});

test("§21.14: a batch takes headers, a fetch of one's own, and a time limit", async () => {
  const seen: string[] = [];
  const batch = newHttpBatchRpcSession<Api>("http://x/", {
    headers: { "x-token": "t" },
    timeoutMs: 1000,
    fetch: (request) => {
      seen.push(request.headers.get("x-token") ?? "");
      return newHttpBatchRpcResponse(request, new Api());
    },
  });
  expect(await batch.twice(4)).toBe(8);
  expect(seen).toEqual(["t"]);
});

test("§21.16: every use after disposal has a stack of its own", async () => {
  const { main } = connect(ours, new Api());
  const counter = await main.make();
  counter[Symbol.dispose]();
  const errors = await Promise.all(
    [1, 2].map(() => counter.inc().catch((error: unknown) => error)),
  );
  expect(errors[0]).not.toBe(errors[1]);
});

test("§21.16a: what a mapper captures is given back, also when it throws", async () => {
  const { main, session, served } = connect(ours, new Api());
  const counter = await main.make();
  const numbers = main.numbers();
  const mapped = await numbers.map((n: Stub) => [counter.inc(n), counter.dup()]);
  expect(mapped).toHaveLength(3);
  expect(() =>
    numbers.map((n: Stub) => {
      counter.dup().inc(n);
      throw new Error("in the mapper");
    }),
  ).toThrow("in the mapper");
  numbers[Symbol.dispose]();
  expect(await counter.inc()).toBe(61);
  counter[Symbol.dispose]();
  mapped[Symbol.dispose]();
  await turns();
  expect([session.getStats(), served.getStats()]).toEqual([atRest, atRest]);
});

test("§21.17: a stub prints as a short label", () => {
  const { main } = connect(ours, new Api());
  expect(inspect(main)).toBe("[object RpcStub]");
  expect(inspect(main.anything)).toBe("[object RpcPromise]");
  expect(`${main}`).toBe("[object RpcStub]");
});

test("§5.2: pipes opened for arguments that cannot cross are closed", async () => {
  const { main, session, served } = connect(ours, new Api());
  let canceled: unknown;
  const source = new ReadableStream({
    cancel: (reason) => {
      canceled = reason;
    },
  });
  expect(() => main.echo([source, new Map()])).toThrow(TypeError);
  await turns(200);
  expect(canceled).toBeInstanceOf(Error);
  expect([session.getStats(), served.getStats()]).toEqual([atRest, atRest]);
});

test("§9.3: a clock that stands still stops no stream, ours towards the reference", async () => {
  const now = performance.now.bind(performance);
  performance.now = () => 5;
  try {
    class Sink extends reference["RpcTarget"] {
      async size(stream: ReadableStream) {
        let size = 0;
        for await (const chunk of stream as unknown as AsyncIterable<string>) size += chunk.length;
        return size;
      }
    }
    const [client, server] = MemoryTransport.pair();
    void new reference["RpcSession"](server, new Sink());
    const main: Stub = new RpcSession(client).getRemoteMain();
    let sent = 0;
    const source = new ReadableStream({
      pull(controller) {
        controller.enqueue("x".repeat(50_000));
        if (++sent === 40) controller.close();
      },
    });
    expect(await main.size(source)).toBe(2_000_000);
  } finally {
    performance.now = now;
  }
});

test("§11.1: a property that leads back to its error is left out, the others cross", async () => {
  class Failing extends RpcTarget {
    cycle(): never {
      const error: Error & { self?: unknown; kept?: number } = new Error("cycle");
      error.self = [error];
      error.kept = 1;
      throw error;
    }
  }
  const { main, server } = connect(ours, new Failing());
  const heard = await main.cycle().catch((error: unknown) => error);
  expect(Object.keys(heard)).toEqual(["kept"]);
  expect(server.sent[0]?.length).toBeLessThan(100);
});
