import { afterEach, describe, expect, test } from "@jest/globals";
import * as ours from "@proj/capnweb-rpc";
import * as reference from "capnweb";
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";
import { cloneInRealm } from "../support/realm-clone.js";
import { NodeServer, type ServerLibrary } from "../support/node-server.js";

/* oxlint-disable typescript/no-explicit-any -- either implementation, without its types */
type Library = Record<string, any>;
type Stub = any;

cloneInRealm();
// Node 20 has none, and the reference takes it from there.
Object.assign(globalThis, { WebSocket });

const libraries: Record<string, Library> = { ours, reference };
const pairs = [
  ["ours", "ours"],
  ["ours", "reference"],
  ["reference", "ours"],
] as const;
const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  // oxlint-disable-next-line no-await-in-loop -- one after the other
  for (const close of closers.splice(0)) await close();
});

function mainOf({ RpcTarget }: Library): new () => unknown {
  class Counter extends RpcTarget {
    #count = 0;
    inc(by: number) {
      this.#count += by;
      return this.#count;
    }
  }
  return class extends RpcTarget {
    echo(value: unknown) {
      return value;
    }
    counter() {
      return new Counter();
    }
    fail() {
      throw Object.assign(new RangeError("out"), { code: 7 });
    }
    async callBack(callback: Stub, value: unknown) {
      return await callback(value);
    }
    numbers() {
      return [1, 2, 3];
    }
    twice(n: number) {
      return n * 2;
    }
    stream() {
      return new ReadableStream({
        start(controller) {
          for (let chunk = 0; chunk < 50; chunk++) controller.enqueue("x".repeat(chunk));
          controller.close();
        },
      });
    }
    async size(stream: ReadableStream) {
      let size = 0;
      for await (const chunk of stream as unknown as AsyncIterable<string>) size += chunk.length;
      return size;
    }
  };
}

async function serve(server: string): Promise<string> {
  const library = libraries[server] ?? {};
  const Main = mainOf(library);
  const node = new NodeServer(library as ServerLibrary, () => new Main());
  closers.push(() => node.close());
  return node.listen();
}

const duplex: Record<string, (client: string, server: string) => Promise<Stub>> = {
  WebSocket: async (client, server) => {
    const socket = new WebSocket(`ws://${await serve(server)}`);
    closers.push(() => socket.terminate());
    return libraries[client]?.["newWebSocketRpcSession"](socket);
  },
};

describe.each(pairs)("client %s, server %s", (client, server) => {
  describe.each(Object.keys(duplex))("over a %s", (kind) => {
    const connect = () => duplex[kind]?.(client, server) as Promise<Stub>;

    test("values, errors and pipelining", async () => {
      const main = await connect();
      const value = { a: [1, [undefined]], d: new Date(3), n: 2n, f: [NaN, Infinity] };
      expect({ ...(await main.echo(value)) }).toEqual(value);
      expect([...(await main.echo(new Uint8Array([1, 2])))]).toEqual([1, 2]);
      expect(await main.echo(new Float64Array([1.5]))).toEqual(new Float64Array([1.5]));
      const failure = await main.fail().catch((error: unknown) => error);
      expect([failure.name, failure.message, failure.code]).toEqual(["RangeError", "out", 7]);
      expect(await main.twice(main.twice(main.echo({ n: 5 }).n))).toBe(20);
    });

    test("callbacks, objects and disposal", async () => {
      const main = await connect();
      expect(await main.callBack((n: number) => n + 1, 4)).toBe(5);
      const counter = await main.counter();
      expect(await Promise.all([counter.inc(1), counter.inc(2)])).toEqual([1, 3]);
      counter[Symbol.dispose]();
      await expect(async () => await counter.inc(1)).rejects.toThrow("disposed");
    });

    test("map", async () => {
      const main = await connect();
      const mapped = await main.numbers().map((n: Stub) => ({ n, twice: main.twice(n) }));
      expect([...mapped]).toEqual([
        { n: 1, twice: 2 },
        { n: 2, twice: 4 },
        { n: 3, twice: 6 },
      ]);
    });

    test("streams both ways", async () => {
      const main = await connect();
      const stream: ReadableStream<string> = await main.stream();
      let size = 0;
      for await (const chunk of stream as unknown as AsyncIterable<string>) size += chunk.length;
      expect(size).toBe(1225);
      const source = new ReadableStream({
        start(controller) {
          controller.enqueue("abc");
          controller.close();
        },
      });
      expect(await main.size(source)).toBe(3);
    });

    test("the end of the session reaches the other side", async () => {
      const main = await connect();
      await main.echo(1);
      const broken = new Promise((resolve) => main.onRpcBroken(resolve));
      main[Symbol.dispose]();
      expect(await broken).toMatchObject({
        message: "RPC session was shut down by disposing the main stub",
      });
    });
  });

  test("over a MessagePort", () => {
    const program = fileURLToPath(new URL("../support/message-port-program.js", import.meta.url));
    const output = execFileSync(process.execPath, [program, client, server], {
      encoding: "utf8",
      timeout: 5000,
    });
    expect(output).toBe("ok");
  });

  test("HTTP batch: a dependent chain in one request", async () => {
    const address = await serve(server);
    const main = libraries[client]?.["newHttpBatchRpcSession"](`http://${address}`);
    const chained = main.twice(main.twice(main.echo({ n: 5 }).n));
    const failing = main.fail().catch((error: Error) => error.message);
    const mapped = main.numbers().map((n: Stub) => main.twice(n));
    expect(await Promise.all([chained, failing, mapped])).toEqual([20, "out", [2, 4, 6]]);
    await expect(async () => await main.echo(1)).rejects.toThrow("Batch RPC request ended.");
  });
});
