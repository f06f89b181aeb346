import { describe, expect, test } from "@jest/globals";
import { turns } from "../support/memory-transport.js";
import { both, connect, failureOf, libraries, type Stub } from "../support/implementations.js";

describe.each(both)("stubs of %s", (name) => {
  const library = libraries[name];
  const { RpcPromise, RpcStub, RpcTarget } = library;
  class Counter extends RpcTarget {
    #count = 0;
    inc(by = 1) {
      this.#count += by;
      return this.#count;
    }
    get count() {
      return this.#count;
    }
  }
  class Api extends RpcTarget {
    readonly secret = 1;
    make() {
      return new Counter();
    }
    object() {
      return { a: { b: [1, { c: 2 }] }, f: (x: number) => x + 1 };
    }
    get info() {
      return { list: [10, 20] };
    }
    text() {
      return "text";
    }
    nothing() {
      return null;
    }
    self() {
      return this;
    }
  }

  test("look like functions, and like nothing else", () => {
    const stub = new RpcStub(new Counter());
    expect(typeof stub).toBe("function");
    expect(stub).toBeInstanceOf(RpcStub);
    expect(stub).not.toBeInstanceOf(RpcPromise);
    expect(stub.anything).toBeInstanceOf(RpcPromise);
    expect(stub.anything).toBeInstanceOf(RpcStub);
    expect(stub.inc()).toBeInstanceOf(RpcPromise);
    expect(stub.inc()).not.toBeInstanceOf(Promise);
    expect("anything" in stub).toBe(true);
    expect(Object.keys(stub)).toEqual([]);
    expect(Reflect.ownKeys(stub)).toEqual([]);
    expect(stub.then).toBeUndefined();
    expect(String(stub)).toBe("[object RpcStub]");
    expect(stub.anything.toString()).toBe("[object RpcPromise]");
    expect(typeof stub[Symbol.dispose]).toBe("function");
    expect(stub.anything[Symbol.dispose]).toBeUndefined();
    expect(stub[Symbol.iterator]).toBeUndefined();
  });

  test("cannot be changed", () => {
    const stub = new RpcStub(new Counter());
    expect(() => {
      stub.x = 1;
    }).toThrow("Can't assign properties on RPC stubs.");
    expect(() => delete stub.x).toThrow("Can't delete properties on RPC stubs.");
    expect(() => Object.defineProperty(stub, "x", { value: 1 })).toThrow(
      "Can't define properties on RPC stubs.",
    );
    expect(() => Object.setPrototypeOf(stub, null)).toThrow();
    expect(() => new stub()).toThrow(TypeError);
  });

  test("stand for functions and values too", async () => {
    const add = new RpcStub((a: number, b: number) => a + b);
    expect(await add(1, 2)).toBe(3);
    const object = new RpcStub({ a: [1, 2], f: () => "f" });
    expect([...(await object.a)]).toEqual([1, 2]);
    expect(await object.f()).toBe("f");
  });

  test("local calls copy what they carry", async () => {
    class Keeper extends RpcTarget {
      kept: unknown;
      keep(value: unknown) {
        this.kept = value;
        return value;
      }
    }
    const keeper = new Keeper();
    const stub = new RpcStub(keeper);
    const value = { list: [1] };
    const kept = stub.keep(value);
    value.list.push(2);
    expect({ ...(await kept) }).toEqual({ list: [1] });
    expect(keeper.kept).not.toBe(value);
  });

  test("properties, elements and calls are pipelined", async () => {
    const { main } = connect(library, new Api());
    expect(await main.object().a.b).toEqual([1, { c: 2 }]);
    expect(await main.info.list).toEqual([10, 20]);
    expect(await main.object().f(1)).toBe(2);
    expect(await main.self().self().text()).toBe("text");
    expect(await main.make().inc(3)).toBe(3);
  });

  test("primitives and nothing come as they are; objects can be disposed", async () => {
    const { main, session, served } = connect(library, new Api());
    expect(await main.text()).toBe("text");
    expect(await main.nothing()).toBeNull();
    const object = await main.object();
    expect(Object.keys(object)).toEqual(["a", "f"]);
    expect(typeof object[Symbol.dispose]).toBe("function");
    expect(await object.f(2)).toBe(3);
    object[Symbol.dispose]();
    await turns();
    expect([session.getStats(), served.getStats()]).toEqual(
      Array(2).fill({ imports: 1, exports: 1 }),
    );
  });

  test("awaiting twice gives the same, and asks once", async () => {
    const { main, client } = connect(library, new Api());
    const promise = main.object();
    expect(await promise).toBe(await promise);
    expect(client.sent.filter((text) => text.startsWith('["pull"'))).toHaveLength(1);
  });

  test("then, catch and finally are a promise's", async () => {
    const { main } = connect(library, new Api());
    const heard: unknown[] = [];
    await main.text().finally(() => heard.push("finally"));
    expect(await main.text().then((text: string) => text.length)).toBe(4);
    expect(await main.missing().catch((error: Error) => error.message)).toBe(
      "'missing' is not a function.",
    );
    expect(heard).toEqual(["finally"]);
  });

  test("dup gives a stub of the same with a lifetime of its own", async () => {
    const { main } = connect(library, new Api());
    const counter = await main.make();
    const other = counter.dup();
    expect(await counter.inc()).toBe(1);
    counter[Symbol.dispose]();
    counter[Symbol.dispose]();
    expect(await other.inc()).toBe(2);
    expect(await failureOf(() => counter.inc())).toBe(
      "Error: Attempted to use RPC stub after it has been disposed.",
    );
    const promised = main.make();
    const stub = promised.dup();
    expect(stub).not.toBeInstanceOf(RpcPromise);
    promised[Symbol.dispose]();
    expect(await stub.inc(5)).toBe(5);
  });

  test("RpcPromise pipelines on a local promise and adopts an RPC promise", async () => {
    const { main, client } = connect(library, new Api());
    const local = new RpcPromise(Promise.resolve(new Counter()));
    expect(await local.inc(2)).toBe(2);
    const source = main.make();
    const adopted = new RpcPromise(source);
    expect(client.sent.filter((text) => text.startsWith('["pull"'))).toEqual([]);
    expect(await adopted.inc()).toBe(1);
    expect(await failureOf(() => source.inc())).toMatch(/disposed/);
  });

  test("calls on one stub are delivered in the order made", async () => {
    const seen: number[] = [];
    class Ordered extends RpcTarget {
      see(n: number) {
        seen.push(n);
        return n;
      }
      later() {
        return turns(8).then(() => new Ordered());
      }
    }
    const { main } = connect(library, new Ordered());
    const later = main.later();
    const calls: Stub[] = [1, 2, 3].map((n) => later.see(n));
    await later;
    calls.push(later.see(4));
    await Promise.all(calls);
    expect(seen).toEqual([1, 2, 3, 4]);
  });

  test("a call is delivered while its message is being received", () => {
    let called = false;
    class Sync extends RpcTarget {
      now() {
        called = true;
      }
    }
    const { server } = connect(library, new Sync());
    const received = turns(1);
    server.inject('["push",["pipeline",0,["now"],[]]]');
    return received.then(() => turns(1)).then(() => expect(called).toBe(true));
  });
});
