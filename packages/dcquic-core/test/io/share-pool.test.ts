import { once } from "node:events";
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { afterEach, expect, test } from "@jest/globals";
import {
  type Incoming,
  memoryTarget,
  type TransportPool,
  type TransportPoolOptions,
} from "@proj/dcquic-core";
import { attachPool, sharePool } from "@proj/dcquic-core/node";
import { isWireError } from "@proj/wire-types";
import { until } from "@proj/wire-types/testing";
import { poolThread } from "../support/shared-pools.js";
import { localPool } from "../support/udp-pools.js";

const MEBIBYTE = 1_048_576;
const pools: TransportPool[] = [];
const threads: Worker[] = [];

afterEach(async () => {
  await Promise.all(threads.splice(0).map((thread) => thread.terminate()));
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

async function open(more: TransportPoolOptions = {}): Promise<TransportPool> {
  const pool = await localPool(more);
  pools.push(pool);
  return pool;
}

/** A thread that has attached to `pool` and runs `body`, which says "ready" by `ready()`. */
async function user(pool: TransportPool, peer: string, body: string): Promise<Worker> {
  const port = sharePool(pool);
  const code = `
    const { parentPort, workerData } = require("node:worker_threads");
    const ready = () => parentPort.postMessage("ready");
    // Ready in the midst of something: once a number has grown.
    const growth = (number) => {
      const timer = setInterval(() => {
        if (number() === 0) return;
        clearInterval(timer);
        ready();
      }, 20);
    };
    const forever = new Promise(() => {});
    parentPort.on("message", (how) => {
      if (how === "exit") process.exit(0);
      throw new Error("a crash");
    });
    (async () => {
      const { memoryTarget } = await import("@proj/dcquic-core");
      const { attachPool } = await import("@proj/dcquic-core/node");
      const { peer } = workerData;
      const pool = await attachPool(workerData.port);
      ${body}
    })();`;
  const workerData = { port, peer };
  const thread = new Worker(code, { eval: true, workerData, transferList: [port] });
  threads.push(thread);
  await once(thread, "message");
  return thread;
}

function codeOfRejection(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "none",
    (error: unknown) => (isWireError(error) ? error.code : String(error)),
  );
}

async function ended(thread: Worker, how: "exit" | "crash"): Promise<void> {
  // Of a thread that crashes: nobody else is to hear of it.
  thread.on("error", () => {});
  const exited = new Promise((resolve) => thread.once("exit", resolve));
  thread.postMessage(how);
  await exited;
}

const MID_CALL: Readonly<Record<string, string>> = {
  "in mid-call": `pool.unaryRpc(peer, new Uint8Array(10)); await new Promise((go) => setTimeout(go, 50)); ready();`,
  "in mid-stream": `
    const call = pool.bidirectional(peer);
    let written = 0;
    void (async () => { try { for (;; written++) await call.write(new Uint8Array(100_000)); } catch {} })();
    growth(() => written);`,
  "in mid-bulk": `
    const buffer = await pool.allocateBuffer(${32 * MEBIBYTE});
    buffer.write(new Uint8Array(${32 * MEBIBYTE})).fill();
    const bulk = pool.rawBulkTransfer(peer, buffer);
    growth(() => bulk.progress.ackedBytes);`,
  "while it fills buffers": `
    (await pool.allocateBuffer(${MEBIBYTE})).write(new Uint8Array(1000));
    void pool.allocateBuffer(${MEBIBYTE}); void pool.unaryRpc(peer, new Uint8Array(500_000));
    ready();`,
};
const ENDS: Readonly<Record<string, (thread: Worker) => Promise<unknown>>> = {
  "is terminated": (thread) => thread.terminate(),
  exits: (thread) => ended(thread, "exit"),
  crashes: (thread) => ended(thread, "crash"),
};

for (const [when, body] of Object.entries(MID_CALL)) {
  for (const [how, end] of Object.entries(ENDS)) {
    test(`§14: a thread that ${how} ${when} gives back what it held, and its peers hear APP_TERMINATED`, async () => {
      const [owner, answerer] = [await open(), await open()];
      const endings: Promise<string>[] = [];
      answerer.serve({
        // It takes what it is given, and never answers.
        accept: (incoming: Incoming) => {
          endings.push(codeOfRejection(incoming.closed));
          if (incoming.pattern !== "rawBulk") return void incoming.accept();
          const slow = { write: () => new Promise<void>(() => {}) };
          incoming.place(slow).catch(() => {});
        },
      });
      const thread = await user(owner, answerer.name, body);
      if (when !== "while it fills buffers") {
        await until(() => endings.length > 0, "the call to come");
        expect(owner.stats.streams).toBeGreaterThan(0);
      }
      await end(thread);
      await until(
        () => owner.stats.streams === 0 && owner.stats.bufferBytes === 0,
        "everything of the thread to be gone",
      );
      for (const code of await Promise.all(endings)) expect(code).toBe("dcquic.app_terminated");
      // The others live on.
      answerer.serve({ accept: async (incoming) => incoming.reply(new Uint8Array(3)) });
      const { response } = owner.unaryRpc(answerer.name, new Uint8Array(1));
      expect((await response).bytes.length).toBe(3);
    });
  }
}

test("§14: a thread that throws while it answers gives its calls back, and the next ones go to those that are left", async () => {
  const [owner, caller] = [await open(), await open()];
  const thread = await user(
    owner,
    "",
    `pool.serve({ accept: (incoming) => { incoming.accept(); parentPort.postMessage("called"); return forever; } });
     await pool.measure(); ready();`,
  );
  const call = codeOfRejection(caller.unaryRpc(owner.name, new Uint8Array(5)).response);
  await once(thread, "message");
  await ended(thread, "crash");
  expect(await call).toBe("dcquic.app_terminated");
  owner.serve({ accept: async (incoming) => incoming.reply(new Uint8Array(7)) });
  expect((await caller.unaryRpc(owner.name, new Uint8Array(5)).response).bytes.length).toBe(7);
});

test("several threads call and answer through one pool at once", async () => {
  const [owner, far] = [await open(), await open()];
  far.serve({ accept: async (incoming) => incoming.reply((await incoming.request()).copy()) });
  const body = `
    const answers = [];
    pool.serve({ accept: async (incoming) => incoming.reply(new Uint8Array([workerData.port ? 1 : 0])) });
    for (let size = 0; size < 100; size++) {
      const sent = new Uint8Array(size * 50).fill(size);
      answers.push(pool.unaryRpc(peer, sent, { priority: size % 8 }).response.then(({ bytes }) => Buffer.compare(bytes, sent)));
    }
    const wrong = (await Promise.all(answers)).filter((one) => one !== 0).length;
    if (wrong > 0) throw new Error(wrong + " wrong answers");
    ready();`;
  await Promise.all([1, 2, 3].map(() => user(owner, far.name, body)));
  const answers = Array.from({ length: 30 }, () => far.unaryRpc(owner.name, new Uint8Array(1)));
  for (const { response } of answers) expect((await response).bytes.length).toBe(1);
});

test("a pool lives until its last handle is closed, on whichever thread that is", async () => {
  const { thread, ports } = await poolThread(1);
  threads.push(thread);
  const [port] = ports as readonly [MessagePort];
  const far = await open();
  far.serve({ accept: async (incoming) => incoming.reply(new Uint8Array(2)) });
  const pool = await attachPool(port);
  const clone = pool.clone();
  await pool.close();
  expect((await clone.unaryRpc(far.name, new Uint8Array(1)).response).bytes.length).toBe(2);
  const exited = once(thread, "exit");
  await clone.close();
  expect(await codeOfRejection(clone.unaryRpc(far.name, new Uint8Array(1)).response)).toBe(
    "dcquic.going_away",
  );
  await exited;
});

test("what waits for a pool whose thread ends fails with GOING_AWAY, and so does whatever comes after", async () => {
  const { thread, ports } = await poolThread(1);
  const [port] = ports as readonly [MessagePort];
  const far = await open();
  far.serve({ accept: (incoming) => void incoming.accept() });
  const pool = await attachPool(port);
  await pool.connect(far.name);
  const filled = (await pool.allocateBuffer(10)).write(new Uint8Array(10)).fill();
  const codes = [
    codeOfRejection(pool.unaryRpc(far.name, new Uint8Array(1)).response),
    codeOfRejection(pool.bidirectional(far.name).closed),
    codeOfRejection(pool.rawBulkTransfer(far.name, filled).done),
  ];
  await thread.terminate();
  for (const code of codes) expect(await code).toBe("dcquic.going_away");
  expect(await codeOfRejection(pool.allocateBuffer(10))).toBe("dcquic.going_away");
  expect(await codeOfRejection(pool.connect(far.name))).toBe("dcquic.going_away");
  expect(await codeOfRejection(pool.measure())).toBe("dcquic.going_away");
  filled.drop();
  await pool.close();
});

test("a descriptor that was used, is forged or is closed is refused with a typed error", async () => {
  const pool = await open();
  const port = sharePool(pool);
  const handle = await attachPool(port);
  expect(await codeOfRejection(attachPool(port))).toBe("dcquic.bad_descriptor");
  await handle.close();

  const { port1, port2 } = new MessageChannel();
  expect(await codeOfRejection(attachPool(port1, { timeoutMs: 50 }))).toBe("dcquic.bad_descriptor");
  port2.close();
  const other = new MessageChannel();
  other.port2.on("message", () => other.port2.postMessage([{ kind: "attached", welcome: 3 }]));
  expect(await codeOfRejection(attachPool(other.port1))).toBe("dcquic.bad_descriptor");
  expect(await codeOfRejection(attachPool({} as MessagePort))).toBe("dcquic.bad_descriptor");

  const closed = sharePool(pool);
  closed.close();
  expect(await codeOfRejection(attachPool(closed, { timeoutMs: 500 }))).toMatch(/^dcquic\./);
  await pool.close();
  expect(() => sharePool(pool)).toThrow(expect.objectContaining({ code: "dcquic.going_away" }));
});

test("backpressure reaches a writer on another thread: what waits is bounded, and all of it arrives", async () => {
  const { thread, ports } = await poolThread(1);
  threads.push(thread);
  const [port] = ports as readonly [MessagePort];
  const far = await open();
  let go = (): void => {};
  const held = new Promise<void>((resolve) => (go = resolve));
  let bytes = 0;
  far.serve({
    accept: async (incoming) => {
      incoming.accept();
      await held;
      for await (const message of incoming) bytes += message.bytes.length;
      incoming.end();
    },
  });
  const pool = await attachPool(port);
  const call = pool.bidirectional(far.name);
  let written = 0;
  const writing = (async () => {
    for (let i = 0; i < 300; i++) {
      await call.write(new Uint8Array(100_000));
      written += 1;
    }
    call.end();
  })();
  let before = -1;
  await until(() => {
    const isStill = before === written && written > 0;
    before = written;
    return isStill;
  }, "the writer to wait");
  // Twice the stream's queue of 4 MiB, on either thread, and the peer's.
  expect(written).toBeLessThanOrEqual(140);
  go();
  await writing;
  await call.closed;
  expect(bytes).toBe(30_000_000);
  await pool.close();
});

test("signals, deadlines, dependencies, events and measures work through a shared handle", async () => {
  const { thread, ports } = await poolThread(1);
  threads.push(thread);
  const [port] = ports as readonly [MessagePort];
  const far = await open();
  const order: number[] = [];
  far.serve({
    accept: async (incoming) => {
      const { bytes } = await incoming.request();
      order.push(bytes[0] ?? 0);
      if (bytes[0] !== 9) await incoming.reply(bytes.slice());
    },
  });
  const pool = await attachPool(port);
  const kinds = new Set<string>();
  const unsubscribe = pool.subscribe({
    level: "debug",
    onEvent: ({ kind }) => void kinds.add(kind),
  });
  const first = pool.unaryRpc(far.name, Uint8Array.of(1), { track: true });
  const token = await first.token;
  if (token === undefined) throw new TypeError("no token");
  const after = [{ token, wait: "response", cascade: true }] as const;
  await pool.unaryRpc(far.name, Uint8Array.of(2), { after }).response;
  expect(order).toEqual([1, 2]);
  const controller = new AbortController();
  const { signal } = controller;
  const aborted = codeOfRejection(pool.unaryRpc(far.name, Uint8Array.of(9), { signal }).response);
  const late = codeOfRejection(
    pool.unaryRpc(far.name, Uint8Array.of(9), { deadlineMs: 50 }).response,
  );
  controller.abort();
  expect(await aborted).toBe("dcquic.cancelled");
  expect(await late).toBe("dcquic.deadline");
  expect((await pool.measure()).length).toBe(1);
  await until(() => kinds.has("transfer.delivered"), "events to cross");
  unsubscribe();
  const target = new Uint8Array(200_000);
  pool.serve({ accept: async (incoming) => void (await incoming.place(memoryTarget(target))) });
  await pool.measure();
  const { done } = far.rawBulkTransfer(pool.name, new Uint8Array(200_000).fill(6));
  expect(await done).toEqual({ bytes: 200_000 });
  expect(target.every((byte) => byte === 6)).toBe(true);
  await pool.close();
});
