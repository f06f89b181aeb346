import { describe, expect, test } from "@jest/globals";
import { both, connect, libraries, type Stub } from "../support/implementations.js";
import { turns } from "../support/memory-transport.js";

describe.each(both)("promises and ends in %s", (name) => {
  const library = libraries[name];
  const { RpcPromise, RpcStub, RpcTarget } = library;

  test("a call made in the turn of the disposal comes first", async () => {
    let disposed = false;
    class Counter extends RpcTarget {
      add(by: number) {
        return 1 + by;
      }
      [Symbol.dispose]() {
        disposed = true;
      }
    }
    const stub = new RpcPromise(Promise.resolve(new Counter())) as unknown as Stub;
    await turns(16);
    const sum = stub.add(2) as Promise<number>;
    stub[Symbol.dispose]();
    expect(disposed).toBe(false);
    expect(await sum).toBe(3);
    expect(disposed).toBe(true);
  });

  test("a promise made of a property reads it when it is awaited", async () => {
    let reads = 0;
    class Thing extends RpcTarget {
      get prop() {
        reads++;
        return 42;
      }
    }
    const stub = new RpcStub(new Thing()) as unknown as Stub;
    const wrapped = new RpcPromise(stub.prop) as unknown as Promise<number>;
    await turns(16);
    expect(reads).toBe(0);
    expect(await wrapped).toBe(42);
  });

  test("who can receive no more tells the peer, whose objects are disposed in time", async () => {
    let disposed = false;
    class Thing extends RpcTarget {
      value() {
        return 42;
      }
      hang() {
        return new Promise(() => undefined);
      }
      [Symbol.dispose]() {
        disposed = true;
      }
    }
    const { main, client, session } = connect(library, new Thing());
    expect(await main.value()).toBe(42);
    const hanging = main.hang() as Promise<unknown>;
    client.lose(new Error("cut"));
    await expect(async () => await hanging).rejects.toThrow("cut");
    await expect(async () => await (main.value() as Promise<unknown>)).rejects.toThrow("cut");
    expect(disposed).toBe(true);
    // The main objects are counted whether or not there is still a connection.
    expect(session.getStats()).toMatchObject({ exports: 1 });
  });

  test("a stream that was written to and not closed hears so when the session ends", async () => {
    let reason: unknown;
    const stream = new WritableStream({
      abort: (why) => {
        reason = why;
      },
    });
    class Writer extends RpcTarget {
      begin(target: WritableStream) {
        void target.getWriter().write("data");
      }
    }
    const { main } = connect(library, new Writer());
    await main.begin(stream);
    await turns(16);
    main[Symbol.dispose]();
    await turns(16);
    expect((reason as Error).message).toBe(
      "WritableStream RPC stub was disposed without calling close()",
    );
  });

  test("the default limits are those three", () => {
    expect(library["DEFAULT_LIMITS"]).toStrictEqual({
      maxBigIntDigits: 16_384,
      maxDepth: library["DEFAULT_MAX_DEPTH"],
      maxMessageSize: 33_554_432,
    });
  });
});
