// §6.3, §8.2: references on their way through others, and through streams.
import { describe, expect, test } from "@jest/globals";
import { both, connect, libraries, type Stub } from "../support/implementations.js";
import { turns } from "../support/memory-transport.js";

const macrotask = () => new Promise((resolve) => setTimeout(resolve, 5));

describe.each(both)("§6.3: three parties, %s", (name) => {
  const library = libraries[name];
  const { RpcTarget } = library;
  let disposed = 0;
  class Counter extends RpcTarget {
    #count = 0;
    inc(by: number) {
      this.#count += by;
      return this.#count;
    }
    [Symbol.dispose]() {
      disposed++;
    }
  }
  class Maker extends RpcTarget {
    make() {
      return new Counter();
    }
  }
  class User extends RpcTarget {
    use(counter: Stub, by: number) {
      return counter.inc(by);
    }
    async useTwice(counter: Stub) {
      return [await counter.inc(1), await counter.inc(1)];
    }
  }

  test("a stub of one peer works at another, promised or there, and goes back when all are done", async () => {
    disposed = 0;
    const maker = connect(library, new Maker());
    const user = connect(library, new User());
    const counter = await maker.main.make();
    expect(await user.main.use(counter, 5)).toBe(5);
    expect(await user.main.useTwice(counter)).toEqual([6, 7]);
    // A result that is not there yet is passed on as a promise.
    expect(await user.main.use(maker.main.make(), 3)).toBe(3);
    counter[Symbol.dispose]();
    await turns();
    await macrotask();
    expect(disposed).toBeGreaterThanOrEqual(1);
    for (const { session, served } of [user]) {
      expect([session.getStats(), served.getStats()]).toEqual([
        { imports: 1, exports: 1 },
        { imports: 1, exports: 1 },
      ]);
    }
  });

  test("the loss of one connection is the failure of calls through it, and of nothing else", async () => {
    const maker = connect(library, new Maker());
    const user = connect(library, new User());
    const counter = await maker.main.make();
    maker.client.lose(new Error("the maker is gone"));
    await turns();
    await expect(async () => await user.main.use(counter, 1)).rejects.toThrow("the maker is gone");
    const own = new Counter();
    expect(await user.main.use(own, 2)).toBe(2);
  });
});

describe.each(both)("§8.2: stubs in chunks of streams, %s", (name) => {
  const library = libraries[name];
  const { RpcTarget } = library;
  let disposed = 0;
  class Item extends RpcTarget {
    readonly #id: number;
    constructor(id: number) {
      super();
      this.#id = id;
    }
    id() {
      return this.#id;
    }
    [Symbol.dispose]() {
      disposed++;
    }
  }
  class Shelf extends RpcTarget {
    items() {
      return new ReadableStream({
        start(controller) {
          for (const id of [1, 2]) controller.enqueue({ id, item: new Item(id) });
          controller.close();
        },
      });
    }
  }

  test("live on after their write, until the reader disposes the chunk", async () => {
    disposed = 0;
    const { main } = connect(library, new Shelf());
    const stream: ReadableStream = await main.items();
    const reader = stream.getReader();
    const { value: first } = await reader.read();
    const { value: second } = await reader.read();
    expect((await reader.read()).done).toBe(true);
    await macrotask();
    expect(disposed).toBe(0);
    expect([await first.item.id(), await second.item.id()]).toEqual([1, 2]);
    first[Symbol.dispose]();
    await macrotask();
    expect(disposed).toBe(1);
    expect(await second.item.id()).toBe(2);
    second[Symbol.dispose]();
    await macrotask();
    expect(disposed).toBe(2);
  });
});
