import { describe, expect, test } from "@jest/globals";
import {
  RpcPromise,
  RpcSession,
  type RpcSessionOptions,
  RpcStub,
  RpcTarget,
} from "@proj/capnweb-rpc";
import { MemoryTransport, turns } from "./support/memory-transport.js";

/* oxlint-disable typescript/no-explicit-any -- what a peer offers is not typed here */
type Stub = any;

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
  readonly secret = 1;
  readonly made: Counter[] = [];
  held: Stub;
  get info() {
    return { list: [10, 20, 30], date: new Date(5), nested: { f: (x: number) => x + 1 } };
  }
  echo(value: unknown) {
    return value;
  }
  echoLater(value: unknown) {
    return Promise.resolve().then(() => value);
  }
  make() {
    const counter = new Counter();
    this.made.push(counter);
    return counter;
  }
  pair() {
    const counter = this.make();
    return [counter, counter];
  }
  fail(message: string) {
    throw new RangeError(message);
  }
  hold(stub: Stub) {
    this.held = stub.dup();
  }
  askHeld() {
    return this.held.inc();
  }
  numbers(count: number) {
    return Array.from({ length: count }, (_, at) => at);
  }
  add(a: number, b: number) {
    return a + b;
  }
  never() {
    return new Promise(() => undefined);
  }
}

interface Setting {
  api: Api;
  main: Stub;
  client: RpcSession;
  server: RpcSession;
  lines: [client: MemoryTransport, server: MemoryTransport];
}

function connect(options: RpcSessionOptions = {}, localMain?: unknown): Setting {
  const lines = MemoryTransport.pair();
  const api = new Api();
  const server = new RpcSession(lines[1], api, options);
  const client = new RpcSession(lines[0], localMain);
  return { api, main: client.getRemoteMain(), client, server, lines };
}

async function atRest({ client, server }: Setting): Promise<void> {
  await turns();
  expect({ client: client.getStats(), server: server.getStats() }).toEqual({
    client: { imports: 1, exports: 1 },
    server: { imports: 1, exports: 1 },
  });
}

const places: [string, () => { main: Stub; api: Api; setting?: Setting }][] = [
  [
    "over a session",
    () => {
      const setting = connect();
      return { ...setting, setting };
    },
  ],
  [
    "in place",
    () => {
      const api = new Api();
      return { api, main: new RpcStub(api) };
    },
  ],
];

describe.each(places)("%s", (_, place) => {
  test("values are copied, and come back equal", async () => {
    const { main } = place();
    const value = { a: [1, [2]], d: new Date(3), u: undefined, b: 5n, bytes: new Uint8Array([1]) };
    const call = main.echo(value);
    value.a = [];
    const echoed = await call;
    expect(echoed.a).toEqual([1, [2]]);
    expect(echoed.d).toEqual(new Date(3));
    expect(echoed.b).toBe(5n);
    expect([...echoed.bytes]).toEqual([1]);
  });

  test("paths follow the table of §7.3", async () => {
    const { main } = place();
    expect(await main.info.list[1]).toBe(20);
    expect(await main.info.list.length).toBeUndefined();
    expect(await main.info.nested.f(4)).toBe(5);
    expect(await main.info.nested.toString).toBeInstanceOf(Function);
    expect(await main.info.date.getTime).toBeUndefined();
    expect(await main.missing).toBeUndefined();
    await expect(async () => await main.missing.deeper).rejects.toThrow(
      "Cannot read properties of undefined (reading 'deeper')",
    );
    await expect(async () => await main.secret).rejects.toThrow("is an instance property");
    await expect(async () => await main.info.list()).rejects.toThrow(
      "'info.list' is not a function.",
    );
  });

  test("errors keep class and message", async () => {
    const { main } = place();
    const failure = await main.fail("far").catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RangeError);
    expect(failure.message).toBe("far");
  });

  test("calls on a promise are delivered in order", async () => {
    const { main } = place();
    const counter = main.echoLater(new RpcStub(new Counter()));
    expect(await Promise.all([counter.inc(), counter.inc(10), counter.inc(100)])).toEqual([
      1, 11, 111,
    ]);
  });

  test("promises in arguments are replaced before the call", async () => {
    const { main } = place();
    const list = main.numbers(4);
    expect(await main.add(list[2], main.echoLater(40))).toBe(42);
    await expect(async () => await main.add(main.fail("early"), 1)).rejects.toThrow("early");
  });

  test("an argument stub can be returned", async () => {
    const { main } = place();
    const mine = new RpcStub(new Counter());
    for (const method of ["echo", "echoLater"]) {
      const back = await main[method](mine);
      expect(await back.inc()).toBeGreaterThan(0);
      back[Symbol.dispose]();
    }
    expect(await mine.inc()).toBe(3);
    mine[Symbol.dispose]();
  });

  test("a target is disposed once per occurrence, a handle once", async () => {
    const { main, api } = place();
    const pair = await main.pair();
    pair[Symbol.dispose]();
    await turns();
    expect(api.made[0]?.disposals).toBe(2);
    const counter = new Counter();
    const handle = new RpcStub(counter);
    await main.echo([handle, handle]).then((echoed: Disposable) => echoed[Symbol.dispose]());
    handle[Symbol.dispose]();
    await turns();
    expect(counter.disposals).toBe(1);
  });

  test("a disposed stub says so, and disposing twice is harmless", async () => {
    const { main } = place();
    const counter = await main.make();
    counter[Symbol.dispose]();
    counter[Symbol.dispose]();
    await expect(async () => await counter.inc()).rejects.toThrow(
      "Attempted to use RPC stub after it has been disposed.",
    );
  });

  test("disposing a promise cancels those who wait", async () => {
    const { main } = place();
    const call = main.never();
    const waiting = call.then((value: unknown) => value);
    call[Symbol.dispose]();
    await expect(waiting).rejects.toThrow("RPC was canceled because the RpcPromise was disposed.");
  });

  test("a result nobody asked for is freed with its promise", async () => {
    const { main, api, setting } = place();
    main.make()[Symbol.dispose]();
    await turns();
    expect(api.made[0]?.disposals).toBe(1);
    if (setting !== undefined) await atRest(setting);
  });

  test("what cannot cross is refused at the call", () => {
    const { main } = place();
    expect(() => main.echo(new Map())).toThrow("Cannot serialize value: [object Map]");
  });

  test("stubs look like functions, and are closed to changes", async () => {
    const { main } = place();
    const call = main.make();
    expect([String(main), String(call), typeof main]).toEqual([
      "[object RpcStub]",
      "[object RpcPromise]",
      "function",
    ]);
    expect(main).toBeInstanceOf(RpcStub);
    expect(call).toBeInstanceOf(RpcPromise);
    expect(call).not.toBeInstanceOf(Promise);
    expect(["x" in main, Symbol.iterator in main, main.then]).toEqual([true, false, undefined]);
    expect(call.foo[Symbol.dispose]).toBeUndefined();
    expect(() => (main.x = 1)).toThrow("Can't assign properties on RPC stubs.");
    expect(() => delete main.x).toThrow("Can't delete properties on RPC stubs.");
    expect(() => Object.defineProperty(main, "x", { value: 1 })).toThrow("Can't define");
    expect(() => new main()).toThrow("not a constructor");
  });

  test("an RPC promise is made of a local one", async () => {
    const { main } = place();
    const promised = new RpcPromise(Promise.resolve({ n: 20 })) as Stub;
    expect(await main.add(promised.n, 1)).toBe(21);
  });

  test("map applies to elements, to a single value, and not to nothing", async () => {
    const { main } = place();
    expect(await main.numbers(3).map((n: Stub) => main.add(n, 10))).toEqual([10, 11, 12]);
    expect(await main.echo(5).map((n: Stub) => ({ n, twice: main.add(n, n) }))).toEqual({
      n: 5,
      twice: 10,
    });
    expect(await main.echo(null).map(() => 1)).toBeNull();
    const nested = main
      .echo([[1], [2, 3]])
      .map((row: Stub) => row.map((n: Stub) => main.add(n, 1)));
    expect(await nested).toEqual([[2], [3, 4]]);
  });

  test("one element that fails fails the map", async () => {
    const { main } = place();
    const mapped = main.numbers(3).map(() => main.fail("no"));
    await expect(async () => await mapped).rejects.toThrow("no");
  });

  test("a mapper may be neither async nor make targets", () => {
    const { main } = place();
    const list = main.numbers(2);
    // That is the mistake.
    expect(() => list.map(async () => 1)).toThrow("RPC map() callbacks cannot be async.");
    expect(() => list.map(() => new Counter())).toThrow("Can't construct an RpcTarget");
  });

  test("map frees its captures and keeps what the user holds", async () => {
    const { main, setting } = place();
    const held = await main.make();
    const list = main.numbers(3);
    const sums = await list.map((n: Stub) => [held.inc(n), held.dup().inc()]);
    expect(sums.flat()).toHaveLength(6);
    expect(() =>
      list.map((n: Stub) => {
        held.inc(n);
        throw new Error("mid");
      }),
    ).toThrow("mid");
    expect(await held.inc(0)).toBe(6);
    held[Symbol.dispose]();
    list[Symbol.dispose]();
    if (setting !== undefined) await atRest(setting);
  });
});

test("nothing is left in the tables after a mixed program", async () => {
  const setting = connect();
  const { main } = setting;
  const counter = new Counter();
  await main.hold(counter);
  expect(await main.askHeld()).toBe(1);
  const made = await main.make();
  const both = await main.echo({ made, mine: counter, list: [made.dup()] });
  expect(await both.made.inc()).toBe(1);
  both[Symbol.dispose]();
  made[Symbol.dispose]();
  setting.api.held[Symbol.dispose]();
  await main.fail("x").catch(() => undefined);
  await turns();
  // The duplicate made for the call is the caller's own: it was never disposed.
  expect(setting.client.getStats().imports).toBe(2);
  expect(counter.disposals).toBe(2);
});

test("own stubs come back as themselves", async () => {
  const { main, lines } = connect();
  const counter = new Counter();
  const handle = new RpcStub(counter);
  await main.hold(handle);
  lines[1].sent.length = 0;
  const back = await main.echo(handle);
  expect(await back.dup().inc()).toBe(1);
  // The call went to the object itself, not over the wire and back.
  expect(lines[1].sent.some((message) => message.includes("inc"))).toBe(false);
});

test("the release says how often an id was introduced", async () => {
  const line = new MemoryTransport();
  const main: Stub = new RpcSession(line).getRemoteMain();
  const waiting = main.twice();
  const result = waiting.then((value: unknown) => value);
  line.inject('["resolve",1,[[["export",-1],["export",-1]]]]');
  (await result)[Symbol.dispose]();
  await turns();
  expect(line.sent.at(-1)).toBe('["release",-1,2]');
});

test.each([
  ['["export",1]', "unknown special value"],
  ['["export",-1.5]', "unknown special value"],
  ['["import",7]', "no such entry on exports table: 7"],
  ['["pipeline",0,["a",null]]', "unknown special value"],
  ['["pipeline",0,["a"],{}]', "unknown special value"],
])("pushing %s ends the session", async (expression, text) => {
  const { lines } = connect();
  lines[1].inject(`["push",${expression}]`);
  await turns();
  expect(lines[1].sent[0]).toContain(`["abort",["error","`);
  expect(lines[1].sent[0]).toContain(text);
});

test.each([
  "5",
  "[]",
  '["what"]',
  '["push"]',
  '["pull"]',
  '["pull","0"]',
  '["release",0]',
  '["release",0,-1]',
  '["release",0,0.5]',
  '["resolve",1]',
  '["abort"]',
])("the message %s is malformed", async (message) => {
  const { lines } = connect();
  lines[1].inject(message);
  await turns();
  expect(lines[1].sent[0]).toBe(
    `["abort",["error","Error",${JSON.stringify(`bad RPC message: ${message}`)}]]`,
  );
});

test("too much given back, and too large a message, end the session", async () => {
  const one = connect();
  one.lines[1].inject('["release",0,2]');
  const two = connect({ limits: { maxMessageSize: 5 } });
  two.lines[1].inject("[1,2,3]");
  await turns();
  expect(one.lines[1].sent[0]).toContain("refcount would go negative: 1 < 2");
  expect(two.lines[1].sent[0]).toContain("exceeds maximum size of 5 UTF-16 code units.");
});

test("a lost connection fails everything, callbacks first and in order", async () => {
  const { main, lines } = connect();
  const heard: string[] = [];
  const call = main.never();
  call.onRpcBroken(() => heard.push("call"));
  main.onRpcBroken(() => heard.push("main"));
  const unregistered: Disposable = main.onRpcBroken(() => heard.push("never"));
  unregistered[Symbol.dispose]();
  const waiting = call.then(
    (value: unknown) => value,
    (error: Error) => {
      heard.push(`waiting: ${error.message}`);
    },
  );
  await turns();
  lines[0].lose(new Error("gone"));
  await waiting;
  expect(heard).toEqual(["call", "main", "waiting: gone"]);
  await expect(async () => await main.add(1, 2)).rejects.toThrow("gone");
  expect((lines[0].aborted as Error).message).toBe("gone");
});

test("disposing the main stub ends the session and disposes what was exported", async () => {
  const local = new Counter();
  const { main, lines } = connect({}, local);
  main[Symbol.dispose]();
  await turns();
  expect((lines[0].aborted as Error).message).toBe(
    "RPC session was shut down by disposing the main stub",
  );
  expect(local.disposals).toBe(1);
  expect(lines[0].sent).toEqual([]);
});

test("a session without a main object says so", async () => {
  const [client, server] = MemoryTransport.pair();
  void new RpcSession(server);
  const main: Stub = new RpcSession(client).getRemoteMain();
  await expect(async () => await main.x()).rejects.toThrow("This connection has no main object.");
});

describe("onSendError", () => {
  test("replaces an error, and lets its stack through", async () => {
    const { main } = connect({
      onSendError: () => Object.assign(new Error("public"), { stack: "at nowhere" }),
    });
    const failure = await main.fail("secret").catch((error: Error) => error);
    expect([failure.message, failure.stack]).toEqual(["public", "at nowhere"]);
  });

  test("that answers no error replaces nothing", async () => {
    const { main } = connect({ onSendError: () => "odd" as unknown as Error });
    await expect(async () => await main.fail("plain")).rejects.toThrow("plain");
  });
});

test("a released call is not answered", async () => {
  const { main, lines } = connect();
  let finish: (value: number) => void = () => undefined;
  const slow = main.echoLater(new RpcPromise(new Promise<number>((resolve) => (finish = resolve))));
  const waiting = slow.then(
    () => "answered",
    () => "canceled",
  );
  slow[Symbol.dispose]();
  expect(await waiting).toBe("canceled");
  await turns();
  lines[1].sent.length = 0;
  finish(1);
  await turns();
  expect(
    lines[1].sent.filter((message) => message.startsWith('["re') && !message.includes("release")),
  ).toEqual([]);
});

test("drain waits for what was asked", async () => {
  const { main, server } = connect();
  await expect(server.drain()).resolves.toBeUndefined();
  const call = main.echoLater(1).then((value: unknown) => value);
  await turns(2);
  await server.drain();
  expect(await call).toBe(1);
});

test("a map beyond its budget is refused, and the session lives", async () => {
  const { main } = connect();
  const list = main.numbers(2000);
  const mapped = list.map(() => list.map(() => 1));
  await expect(async () => await mapped).rejects.toThrow("exceeded its budget");
  expect(await main.add(1, 1)).toBe(2);
});
