import { describe, expect, test } from "@jest/globals";
import { turns } from "../support/memory-transport.js";
import { both, connect, failureOf, libraries, type Stub } from "../support/implementations.js";

describe.each(both)("ownership in %s", (name) => {
  const library = libraries[name];
  const { RpcStub, RpcTarget } = library;
  const events: string[] = [];

  class Thing extends RpcTarget {
    readonly #name: string;
    constructor(called: string) {
      super();
      this.#name = called;
    }
    hello() {
      return `hello from ${this.#name}`;
    }
    [Symbol.dispose]() {
      events.push(`disposed ${this.#name}`);
    }
  }
  class Api extends RpcTarget {
    kept: Stub;
    make(called: string) {
      return new Thing(called);
    }
    two() {
      return { a: new Thing("a"), b: [new Thing("b")] };
    }
    use(thing: Stub) {
      return thing.hello();
    }
    keep(thing: Stub) {
      this.kept = thing.dup();
    }
    useKept() {
      return this.kept.hello();
    }
    drop() {
      this.kept[Symbol.dispose]();
    }
    [Symbol.dispose]() {
      events.push("disposed api");
    }
  }

  async function run(use: (main: Stub) => unknown) {
    events.length = 0;
    const connected = connect(library, new Api());
    await use(connected.main);
    await turns();
    return connected;
  }
  const atRest = { imports: 1, exports: 1 };

  test("a result is the caller's, and its target goes with the last reference", async () => {
    const { session, served } = await run(async (main) => {
      const thing = await main.make("x");
      const other = thing.dup();
      thing[Symbol.dispose]();
      await turns();
      expect(events).toEqual([]);
      expect(await other.hello()).toBe("hello from x");
      other[Symbol.dispose]();
    });
    expect(events).toEqual(["disposed x"]);
    expect([session.getStats(), served.getStats()]).toEqual([atRest, atRest]);
  });

  test("an object result frees everything in it", async () => {
    const { session, served } = await run(async (main) => {
      const two = await main.two();
      expect(await two.b[0].hello()).toBe("hello from b");
      two[Symbol.dispose]();
    });
    expect(events.toSorted()).toEqual(["disposed a", "disposed b"]);
    expect([session.getStats(), served.getStats()]).toEqual([atRest, atRest]);
  });

  test("a promise that is disposed frees what it becomes", async () => {
    const { session, served } = await run((main) => {
      const promise = main.make("p");
      promise[Symbol.dispose]();
    });
    expect(events).toEqual(["disposed p"]);
    expect([session.getStats(), served.getStats()]).toEqual([atRest, atRest]);
  });

  test("an argument is freed when the call is done, unless it was duplicated", async () => {
    const { session } = await run(async (main) => {
      expect(await main.use(new Thing("argument"))).toBe("hello from argument");
      await turns();
      expect(events).toEqual(["disposed argument"]);
      await main.keep(new Thing("kept"));
      await turns();
      expect(await main.useKept()).toBe("hello from kept");
      await main.drop();
    });
    expect(events).toEqual(["disposed argument", "disposed kept"]);
    expect(session.getStats()).toEqual(atRest);
  });

  test("the caller keeps its own stub of what it passes", async () => {
    await run(async (main) => {
      const stub = new RpcStub(new Thing("own"));
      expect(await main.use(stub)).toBe("hello from own");
      await turns();
      expect(events).toEqual([]);
      stub[Symbol.dispose]();
    });
    expect(events).toEqual(["disposed own"]);
  });

  test("a target that appears twice is disposed twice; a stub of it once", async () => {
    await run(async (main) => {
      const thing = new Thing("twice");
      await failureOf(() => main.use([thing, thing]));
    });
    expect(events).toEqual(["disposed twice", "disposed twice"]);
    await run(async (main) => {
      using stub = new RpcStub(new Thing("once"));
      await failureOf(() => main.use([stub, stub]));
    });
    expect(events).toEqual(["disposed once"]);
  });

  test("a call that cannot be sent leaves nothing behind", async () => {
    const { client, session } = await run((main) => {
      expect(() => main.use([new Thing("unsent"), new Map()])).toThrow(TypeError);
    });
    expect(client.sent).toEqual([]);
    expect(session.getStats()).toEqual(atRest);
  });

  test("the end of the session disposes what is exported, the main object too", async () => {
    const { client, server } = await run((main) => main.make("left"));
    client.lose(new Error("gone"));
    server.lose(new Error("gone"));
    await turns();
    expect(events.toSorted()).toEqual(["disposed api", "disposed left"]);
  });

  test("disposing the main stub ends the session without an abort", async () => {
    const { client, session } = await run((main) => main[Symbol.dispose]());
    expect(client.sent).toEqual([]);
    expect(String(client.aborted)).toBe(
      "Error: RPC session was shut down by disposing the main stub",
    );
    expect(await failureOf(() => session.drain())).toMatch(/shut down/);
  });

  test("everything opened on the way is freed", async () => {
    const { session, served } = await run(async (main) => {
      const names = new RpcStub(["m", "n"]);
      const remote = main.make("outside");
      using things = await main.two();
      expect(await things.a.hello()).toBe("hello from a");
      remote[Symbol.dispose]();
      names[Symbol.dispose]();
    });
    expect(events.toSorted()).toEqual(["disposed a", "disposed b", "disposed outside"]);
    expect([session.getStats(), served.getStats()]).toEqual([atRest, atRest]);
  });
});
