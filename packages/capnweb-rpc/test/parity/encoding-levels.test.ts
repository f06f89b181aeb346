import { describe, expect, test } from "@jest/globals";
import { turns } from "../support/memory-transport.js";
import { libraries, type Library, type Stub } from "../support/implementations.js";
import { TreeTransport } from "../support/tree-transport.js";

const levels = ["jsonCompatible", "jsonCompatibleWithBytes", "structuredClonable"] as const;

const values: Readonly<Record<string, () => unknown>> = {
  scalars: () => [1, -0, "x", true, null, undefined, NaN, Infinity, -Infinity, 12n],
  dates: () => [new Date(5), { at: new Date(6) }],
  bytes: () => new Uint8Array([1, 2, 3]).subarray(1),
  "typed bytes": () => ({
    f: new Float64Array([1.5]),
    b: new ArrayBuffer(2),
    i: new Int16Array([7]),
  }),
  nested: () => ({ a: [[], [[1]], { b: [undefined] }] }),
  errors: () => Object.assign(new TypeError("x"), { code: 1n, at: new Date(5) }),
  addresses: () => [new URL("http://x/y"), new Headers({ a: "b" })],
};

class Pair {
  readonly client: TreeTransport;
  readonly server: TreeTransport;
  readonly main: Stub;

  constructor(level: string, client: Library, server: Library) {
    [this.client, this.server] = TreeTransport.pair(level);
    class Api extends server["RpcTarget"] {
      echo(value: unknown) {
        return value;
      }
      numbers() {
        return [1, 2, 3];
      }
      twice(n: number) {
        return n * 2;
      }
      async callBack(callback: Stub) {
        return await callback(2n);
      }
      fail() {
        throw new RangeError("out");
      }
      neverRead(_stream: ReadableStream) {
        return new Promise(() => undefined);
      }
    }
    void new server["RpcSession"](this.server, new Api());
    this.main = new client["RpcSession"](this.client).getRemoteMain();
  }
}

const pairs = [
  ["ours", "ours"],
  ["ours", "reference"],
  ["reference", "ours"],
] as const;

describe.each(levels)("%s", (level) => {
  describe.each(pairs)("client %s, server %s", (client, server) => {
    const connect = () => new Pair(level, libraries[client], libraries[server]);

    test.each(Object.keys(values))("%s arrive as they were sent", async (name) => {
      const value = values[name]?.();
      const { main } = connect();
      const echoed = await main.echo(value);
      if (typeof echoed === "object" && echoed !== null) {
        expect(Object.getPrototypeOf(echoed)).toBeDefined();
      }
      expect([echoed]).toEqual([value]);
    });

    test("calls, callbacks, failures and maps", async () => {
      const { main } = connect();
      expect(await main.twice(main.twice(3))).toBe(12);
      expect(await main.callBack((n: bigint) => n * 2n)).toBe(4n);
      await expect(async () => await main.fail()).rejects.toThrow(new RangeError("out"));
      expect(await main.numbers().map((n: Stub) => main.twice(n))).toEqual([2, 4, 6]);
    });
  });

  test.each(Object.keys(values))("%s: the messages are the reference's", async (name) => {
    const sent = await Promise.all(
      (["ours", "reference"] as const).map(async (library) => {
        const pair = new Pair(level, libraries[library], libraries[library]);
        await pair.main.echo(values[name]?.());
        await turns();
        return [pair.client.sent, pair.server.sent];
      }),
    );
    expect(sent[0]).toEqual(sent[1]);
  });

  test("a mapper that holds a constant of every kind", async () => {
    const sent = (["ours", "reference"] as const).map((library) => {
      const pair = new Pair(level, libraries[library], libraries[library]);
      void pair.main
        .numbers()
        .map((n: Stub) => ({ n, d: new Date(5), b: new Uint8Array([1]), u: undefined, i: 5n }));
      return pair.client.sent;
    });
    await turns();
    expect(sent[0]?.[1]).toEqual(sent[1]?.[1]);
  });

  test("what the application changes afterwards is not seen", async () => {
    const pair = new Pair(level, libraries.ours, libraries.ours);
    const bytes = new Uint8Array([1, 2]);
    const object = { a: [1] };
    const echoed = pair.main.echo([bytes, object]);
    bytes[0] = 9;
    object.a.push(2);
    expect(await echoed).toEqual([new Uint8Array([1, 2]), { a: [1] }]);
  });

  test("a size that send answers is what a stream counts with", async () => {
    const pair = new Pair(level, libraries.ours, libraries.ours);
    const written: number[] = [];
    const source = new ReadableStream({
      pull(controller) {
        written.push(written.length);
        controller.enqueue(written.length);
        if (written.length === 10) controller.close();
      },
    });
    pair.client.answer = 1_000_000;
    // Nobody reads, and every chunk is said to fill the window.
    void pair.main.neverRead(source).then(
      () => undefined,
      () => undefined,
    );
    await turns();
    await new Promise((resolve) => setTimeout(resolve, 5));
    const chunks = pair.client.sent.filter((message) => (message as unknown[])[0] === "stream");
    expect(chunks.length).toBeLessThan(4);
  });
});
