import { afterEach, describe, expect, test } from "@jest/globals";
import * as ours from "@proj/capnweb-rpc";
import {
  newHttpBatchRpcSession,
  newWebSocketRpcSession,
  pipeline,
  Pipeline,
  RpcSession,
  type RpcStub,
  RpcTarget,
} from "@proj/capnweb-rpc";
import * as reference from "capnweb";
import { WebSocket } from "ws";
import { MemoryTransport, turns } from "../support/memory-transport.js";
import { NodeServer, type ServerLibrary } from "../support/node-server.js";

interface User {
  readonly id: number;
  readonly name: string;
}
interface Counter {
  inc(by: number): number;
}
interface Api {
  user(token: string): User;
  profile(id: number): { of: number; tags: string[] };
  join(parts: { a: number; b: { c: number }[] }): number;
  counter(): Counter;
  fail(): number;
  never(): Promise<number>;
  add(a: number, b: number): number;
}

function makeMain(Target: typeof RpcTarget) {
  class RemoteCounter extends Target {
    #count = 0;
    inc(by: number) {
      return (this.#count += by);
    }
  }
  return class extends Target {
    user() {
      return { id: 7, name: "Ada" };
    }
    profile(id: number) {
      return { of: id, tags: ["x", "y"] };
    }
    join({ a, b }: { a: number; b: { c: number }[] }) {
      return a + b.reduce((sum, { c }) => sum + c, 0);
    }
    counter() {
      return new RemoteCounter();
    }
    fail(): number {
      throw new RangeError("no");
    }
    never() {
      return new Promise(() => undefined);
    }
    add(a: number, b: number) {
      return a + b;
    }
  };
}
const Main = makeMain(RpcTarget);

// Node 20 has none, and the reference takes it from there.
Object.assign(globalThis, { WebSocket });

function memory() {
  const [client, server] = MemoryTransport.pair();
  const served = new RpcSession(server, new Main());
  const session = new RpcSession<Api>(client);
  return { client, served, session, main: session.getRemoteMain() };
}

const servers: NodeServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

describe.each([
  ["ours", ours, RpcTarget],
  ["reference", reference, reference.RpcTarget],
])("against a server of %s", (_name, library, Target) => {
  async function serve(): Promise<string> {
    const Served = makeMain(Target);
    const server = new NodeServer(library as unknown as ServerLibrary, () => new Served());
    servers.push(server);
    return server.listen();
  }

  const chain = (api: RpcStub<Api>) => {
    const user = api.user("token");
    const profile = api.profile(user.id);
    return {
      user,
      profile,
      sum: api.join({ a: user.id, b: [{ c: profile.of }, { c: 1 }] }),
      count: api.counter().inc(5),
    };
  };
  const outcome = {
    user: { id: 7, name: "Ada" },
    profile: { of: 7, tags: ["x", "y"] },
    sum: 15,
    count: 5,
  };

  test("a dependent chain is one HTTP request", async () => {
    const address = await serve();
    let requests = 0;
    const result = await pipeline(
      () =>
        newHttpBatchRpcSession<Api>(`http://${address}`, {
          fetch: (request) => {
            requests++;
            return fetch(request);
          },
        }),
      chain,
    );
    expect({ ...result }).toEqual(outcome);
    expect(requests).toBe(1);
  });

  test("the same over a WebSocket, whose session it ends when it made it", async () => {
    const socket = new WebSocket(`ws://${await serve()}`);
    const closed = new Promise((resolve) => socket.on("close", resolve));
    expect({ ...(await pipeline(() => newWebSocketRpcSession<Api>(socket), chain)) }).toEqual(
      outcome,
    );
    await closed;
  });
});

test("nothing is sent before the pipeline runs; then calls go in the order written", async () => {
  const { client, main } = memory();
  const scope = new Pipeline<Api>(main);
  const counter = scope.main.counter();
  const user = scope.main.user("t");
  // A call on the first result whose argument is the second one: it must wait for both.
  const count = counter.inc(user.id);
  const more = scope.main.add(count, 1);
  await turns();
  expect(client.sent).toEqual([]);
  expect(await more).toBe(8);
  const pushed = client.sent.filter((message) => message.startsWith('["push"'));
  expect(pushed).toEqual([
    '["push",["pipeline",0,["counter"],[]]]',
    '["push",["pipeline",0,["user"],["t"]]]',
    '["push",["pipeline",2,["id"]]]',
    '["push",["pipeline",1,["inc"],[["pipeline",3]]]]',
    '["push",["pipeline",0,["add"],[["pipeline",4],1]]]',
  ]);
  expect(await scope.main.add(1, 1)).toBe(2);
  scope[Symbol.dispose]();
});

test("only what is listed is asked for, and the rest is freed", async () => {
  const { client, served, session, main } = memory();
  const sum = await pipeline(main, (api) => api.add(api.user("t").id, api.counter().inc(2)));
  expect(sum).toBe(9);
  await turns();
  expect(client.sent.filter((message) => message.startsWith('["pull"'))).toEqual(['["pull",5]']);
  expect([session.getStats(), served.getStats()]).toEqual([
    { imports: 1, exports: 1 },
    { imports: 1, exports: 1 },
  ]);
});

test("a listed stub lives on until the result is disposed", async () => {
  const { served, main } = memory();
  const result = await pipeline(main, (api) => ({ counter: api.counter(), one: api.add(0, 1) }));
  expect(await result.counter.inc(3)).toBe(3);
  (result as unknown as Disposable)[Symbol.dispose]();
  await turns();
  expect(served.getStats()).toEqual({ imports: 1, exports: 1 });
});

test("the first failure is the answer, and nothing stays", async () => {
  const { served, main } = memory();
  const failing = pipeline(main, (api) => [api.never(), api.counter(), api.fail()]);
  await expect(failing).rejects.toThrow(new RangeError("no"));
  await turns();
  expect(served.getStats()).toEqual({ imports: 1, exports: 1 });
  expect(await main.add(1, 1)).toBe(2);
});

test("what the caller throws while it writes calls down makes none of them", async () => {
  const { client, main } = memory();
  const build = () =>
    pipeline(main, (api) => {
      void api.add(1, 1);
      throw new Error("changed my mind");
    });
  expect(build).toThrow("changed my mind");
  await turns();
  expect(client.sent).toEqual([]);
});

test("arguments that cannot cross fail at the call that has them", () => {
  const { main } = memory();
  const scope = new Pipeline<Api>(main);
  expect(() => scope.main.user(Symbol("x") as never)).toThrow("Cannot serialize value");
  scope[Symbol.dispose]();
});

test("a source that cannot be made fails every call", async () => {
  const scope = new Pipeline<Api>(() => {
    throw new Error("no route");
  });
  const sum = scope.main.add(1, 1);
  expect(() => scope.run()).toThrow("no route");
  scope[Symbol.dispose]();
  await expect(async () => await sum).rejects.toThrow("disposed");
});

test("map and values that are not promises", async () => {
  const { main } = memory();
  const result = await pipeline(main, (api) => ({
    fixed: [1, "two"] as const,
    doubled: api.profile(3).tags.map((tag) => ({ tag, user: api.user("t").name })),
  }));
  expect(result.fixed).toEqual([1, "two"]);
  expect([...result.doubled]).toEqual([
    { tag: "x", user: "Ada" },
    { tag: "y", user: "Ada" },
  ]);
});
