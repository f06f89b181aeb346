import { expect, test } from "@jest/globals";
import { RpcSession, RpcTarget } from "@proj/capnweb-rpc";
import { FlowWindow } from "#src/streams/flow-window.js";
import { MemoryTransport } from "./support/memory-transport.js";

/* oxlint-disable typescript/no-explicit-any -- what a peer offers is not typed here */
type Stub = any;

const macrotask = () => new Promise((resolve) => setTimeout(resolve, 2));

class Files extends RpcTarget {
  cancelled: unknown;
  aborted: unknown;
  download(chunks: number, size: number) {
    let left = chunks;
    return new ReadableStream({
      pull(controller) {
        if (left-- > 0) controller.enqueue(new Uint8Array(size).fill(left));
        else controller.close();
      },
      cancel: (reason) => {
        this.cancelled = reason;
      },
    });
  }
  async count(stream: ReadableStream<Uint8Array>) {
    let bytes = 0;
    for await (const chunk of stream as unknown as AsyncIterable<Uint8Array>) bytes += chunk.length;
    return bytes;
  }
  ignore(_stream: unknown) {
    return 1;
  }
  failing() {
    let first = true;
    return new ReadableStream({
      pull(controller) {
        if (first) controller.enqueue(1);
        else controller.error(new Error("disk on fire"));
        first = false;
      },
    });
  }
  sink() {
    return new WritableStream({
      write(chunk) {
        if (chunk === "bad") throw new Error("full");
      },
      abort: (reason) => {
        this.aborted = reason;
      },
    });
  }
  echo(value: unknown) {
    return value;
  }
}

function connect() {
  const [line, far] = MemoryTransport.pair();
  const files = new Files();
  const server = new RpcSession(far, files);
  const client = new RpcSession(line);
  const main: Stub = client.getRemoteMain();
  return { files, main, client, server, line, far };
}

async function atRest({ client, server }: ReturnType<typeof connect>): Promise<void> {
  await macrotask();
  expect([client.getStats(), server.getStats()]).toEqual([
    { imports: 1, exports: 1 },
    { imports: 1, exports: 1 },
  ]);
}

async function bytesOf(stream: ReadableStream<Uint8Array>): Promise<number> {
  let bytes = 0;
  for await (const chunk of stream as unknown as AsyncIterable<Uint8Array>) bytes += chunk.length;
  return bytes;
}

test("a download larger than any window arrives whole, and nothing is left", async () => {
  const setting = connect();
  const stream = await setting.main.download(64, 32_768);
  expect(await bytesOf(stream)).toBe(64 * 32_768);
  stream[Symbol.dispose]();
  await atRest(setting);
});

test("streams that the platform made cross too: of pipeThrough, of tee, of from", async () => {
  const setting = connect();
  const bytes = (): ReadableStream<Uint8Array> =>
    new ReadableStream({
      start(controller) {
        controller.enqueue(new Uint8Array(10));
        controller.close();
      },
    });
  const through = bytes().pipeThrough(new TransformStream<Uint8Array, Uint8Array>());
  expect(await setting.main.count(through)).toBe(10);
  for (const half of bytes().tee()) expect(await setting.main.count(half)).toBe(10);
  const { readable, writable } = new TransformStream();
  expect(await setting.main.echo({ writable })).toHaveProperty("writable");
  await readable.cancel();
});

test("an unread download is stopped by its window", async () => {
  const setting = connect();
  const stream = await setting.main.download(64, 32_768);
  await macrotask();
  const sent = setting.far.sent.filter((text) => text.includes('"write"')).length;
  expect(sent).toBeLessThan(12);
  await stream.cancel("enough");
  await macrotask();
  expect(setting.files.cancelled).toBeDefined();
});

test("an upload arrives whole", async () => {
  const setting = connect();
  expect(await setting.main.count(new Files().download(20, 30_000))).toBe(600_000);
  await atRest(setting);
});

test("a stream that the callee drops is cancelled at its source", async () => {
  const setting = connect();
  const local = new Files();
  expect(await setting.main.ignore(local.download(1000, 10))).toBe(1);
  await macrotask();
  expect(local.cancelled).toMatchObject({
    message: "ReadableStream RPC stub was disposed without being consumed",
  });
  await atRest(setting);
});

test("an error of the source reaches the reader", async () => {
  const { main } = connect();
  const reader = (await main.failing()).getReader();
  expect(await reader.read()).toEqual({ done: false, value: 1 });
  await expect(reader.read()).rejects.toThrow("disk on fire");
});

test("a write that fails errors the stream at the writer", async () => {
  const { main } = connect();
  const writer = (await main.sink()).getWriter();
  await writer.write("good");
  await writer.write("bad").catch(() => undefined);
  await expect(writer.closed).rejects.toThrow("full");
});

test("a sink that is dropped without close is aborted", async () => {
  const setting = connect();
  (await setting.main.sink())[Symbol.dispose]();
  await macrotask();
  expect(setting.files.aborted).toMatchObject({
    message: "WritableStream RPC stub was disposed without calling close()",
  });
  await atRest(setting);
});

test("requests and responses carry their bodies", async () => {
  const { main } = connect();
  const response: Response = await main.echo(new Response("body", { status: 202 }));
  expect([response.status, await response.text()]).toEqual([202, "body"]);
  const request = new Request("http://x/", { method: "POST", body: "up" });
  expect(await (await main.echo(request)).text()).toBe("up");
});

test("arguments that fail to cross stop the streams among them", async () => {
  const setting = connect();
  const local = new Files();
  expect(() => setting.main.echo([local.download(9, 9), new Map()])).toThrow("Cannot serialize");
  await macrotask();
  expect(local.cancelled).toBeDefined();
  await atRest(setting);
});

test("a readable is taken once", async () => {
  const { far, main } = connect();
  void main;
  far.inject('["pipe"]');
  far.inject('["push",["readable",1]]');
  far.inject('["push",["readable",1]]');
  await macrotask();
  expect(far.sent.at(-1)).toContain("Export 1 is not a pipe or its readable end was already");
});

test("a lost connection fails readers and writers", async () => {
  const { main, line, far } = connect();
  const reader = (await main.download(1000, 100_000)).getReader();
  await reader.read();
  line.lose(new Error("gone"));
  far.lose(new Error("gone"));
  const drained = async () => {
    for (;;) {
      if ((await reader.read()).done) return;
    }
  };
  await expect(drained()).rejects.toThrow("gone");
});

test.each([
  ["that stands still", () => 0],
  ["that ticks coarsely", (ticks: number) => Math.floor(ticks / 50) * 16],
  ["that runs", (ticks: number) => ticks * 0.7],
])("the window stays a number within its bounds on a clock %s", (_, time) => {
  let ticks = 0;
  const flow = new FlowWindow(() => time(++ticks));
  const sent = [];
  for (let at = 0; at < 3000; at++) {
    while (!flow.full) sent.push(flow.sent(20_000));
    const first = sent.shift();
    if (first !== undefined) flow.acknowledged(first);
    expect(flow.window).toBeGreaterThanOrEqual(65_536);
    expect(flow.window).toBeLessThanOrEqual(2 ** 30);
  }
});
