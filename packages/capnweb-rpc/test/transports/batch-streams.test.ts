// §2.3: streams among the results of a batch.
import { afterEach, describe, expect, test } from "@jest/globals";
import {
  type HttpBatchServerOptions,
  newHttpBatchRpcResponse,
  newHttpBatchRpcSession,
  nodeHttpBatchRpcResponse,
  RpcPromise,
  RpcTarget,
} from "@proj/capnweb-rpc";
import { until } from "@proj/wire-types/testing";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { both, libraries, type Stub } from "../support/implementations.js";

const KILOBYTE = "x".repeat(1024);

class Files extends RpcTarget {
  cancelled: unknown;
  download(chunks: number, failure?: string): ReadableStream<string> {
    let sent = 0;
    return new ReadableStream({
      pull: (controller) => {
        if (sent++ < chunks) controller.enqueue(KILOBYTE);
        else if (failure === undefined) controller.close();
        else controller.error(new RangeError(failure));
      },
      cancel: (reason) => {
        this.cancelled = reason;
      },
    });
  }
  pair() {
    return { left: this.download(2), right: this.download(3), name: "pair" };
  }
  late(): ReadableStream {
    return new ReadableStream({
      start(controller) {
        const later = new Promise((resolve) => setTimeout(() => resolve(7), 20));
        controller.enqueue({ later: new RpcPromise(later) });
        controller.close();
      },
    });
  }
}

async function sizeOf(stream: ReadableStream<string>): Promise<number> {
  let size = 0;
  for await (const chunk of stream as unknown as AsyncIterable<string>) size += chunk.length;
  return size;
}

let http: Server | undefined;
afterEach(() => {
  http?.closeAllConnections();
  http?.close();
  http = undefined;
});

describe.each(both)("to a client of %s", (name) => {
  async function connect(): Promise<() => Stub> {
    const server = createServer((request, response) => {
      void nodeHttpBatchRpcResponse(request, response, new Files());
    });
    http = server;
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return () => libraries[name]["newHttpBatchRpcSession"](url);
  }

  test("they arrive whole, beyond any window", async () => {
    const open = await connect();
    expect(await sizeOf(await open().download(10))).toBe(10 * 1024);
    expect(await sizeOf(await open().download(1000))).toBe(1000 * 1024);
  });

  test("several of one answer do, too", async () => {
    const open = await connect();
    const { left, right } = await open().pair();
    expect(await Promise.all([sizeOf(left), sizeOf(right)])).toEqual([2048, 3072]);
  });

  test("a source that fails fails its reader", async () => {
    const open = await connect();
    await expect(async () => sizeOf(await open().download(3, "torn"))).rejects.toThrow("torn");
  });
});

describe("in the shape of fetch", () => {
  function connect(options: HttpBatchServerOptions = {}) {
    const files = new Files();
    const open = (signal?: AbortSignal) =>
      newHttpBatchRpcSession<Files>("http://x/", {
        fetch: (request) => newHttpBatchRpcResponse(request, files, options),
        ...(options.streamAnswer === true ? { streamAnswer: true } : {}),
        signal,
      }) as Stub;
    return { files, open };
  }

  test("they leave in parts to who asks for that", async () => {
    const { open } = connect({ streamAnswer: true });
    expect(await sizeOf(await open().download(1000))).toBe(1000 * 1024);
  });

  test("what is still to be answered in a chunk is waited for", async () => {
    const { open } = connect();
    const stream: ReadableStream = await open().late();
    const { value } = await stream.getReader().read();
    expect(await value.later).toBe(7);
  });

  test("one without end is cut off, and its source hears of it", async () => {
    const { files, open } = connect({ batch: { maxStreamSize: 1_000_000 } });
    await expect(async () => sizeOf(await open().download(Infinity))).rejects.toThrow(
      "Batch RPC request ended.",
    );
    expect(files.cancelled).toBeDefined();
  });

  test("one that stands still is cut off when the time is up", async () => {
    const { open } = connect({ batch: { maxTimeMs: 50 } });
    class Silent extends RpcTarget {
      wait() {
        return new ReadableStream();
      }
    }
    const main = newHttpBatchRpcSession<Silent>("http://x/", {
      fetch: (request) =>
        newHttpBatchRpcResponse(request, new Silent(), { batch: { maxTimeMs: 50 } }),
    });
    await expect(async () => sizeOf(await (main as Stub).wait())).rejects.toThrow(
      "Batch RPC request ended.",
    );
    expect(await sizeOf(await open().download(1))).toBe(1024);
  });

  test("the source of one that nobody waits for any more hears of it", async () => {
    const files = new Files();
    const request = new AbortController();
    const answered = newHttpBatchRpcResponse(
      new Request("http://x/", {
        method: "POST",
        body: '["push",["pipeline",0,["download"],[1e9]]]\n["pull",1]',
        signal: request.signal,
      }),
      files,
      { batch: { maxStreamSize: 1e12 } },
    );
    setTimeout(() => request.abort(), 5);
    await answered;
    await until(() => files.cancelled !== undefined, "the source to hear of it");
    expect(files.cancelled).toBeDefined();
  });
});
