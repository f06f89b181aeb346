import { afterEach, describe, expect, test } from "@jest/globals";
import {
  type Acceptor,
  type DcquicEvent,
  type EstablishedPath,
  EventGroup,
  type TransportPool,
} from "@proj/dcquic-core";
import { type BindDriver, bindThread, type EngineThread, UdpDriver } from "@proj/dcquic-core/node";
import { backend } from "@proj/native-io";
import { until } from "@proj/wire-types/testing";
import { poolsAtBothWorkers } from "../support/two-homes.js";
import { localPool } from "../support/udp-pools.js";
import { workerOf } from "../support/worker-of.js";

const pools: TransportPool[] = [];
const nativeTest = backend.kind === "native" ? test : test.skip;

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

async function made(more: Parameters<typeof localPool>[0] = {}): Promise<TransportPool> {
  const pool = await localPool({ closeGraceMs: 200, ...more });
  pools.push(pool);
  return pool;
}

// A machine that is busy with other tests is not silent.
const patient = {
  preset: "twoCoreTest",
  probeIdleUs: 5_000_000,
  peerTimeoutUs: 30_000_000,
} as const;
const two = { ...patient, workers: 2 } as const;

const echo: Acceptor = {
  accept: async (incoming) => {
    await incoming.reply((await incoming.request()).bytes);
  },
};

/** Pools that answer, the first two of them at home at one of two workers each. */
async function answering(count: number): Promise<TransportPool[]> {
  const answerers = await poolsAtBothWorkers(count, () => made({ settings: patient }));
  for (const answerer of answerers) answerer.serve(echo);
  return answerers;
}

/** Pools that answer, and a pool of two workers that calls them. */
async function spread(count: number, more: Parameters<typeof localPool>[0] = {}) {
  const answerers = await answering(count);
  const events: DcquicEvent[] = [];
  const caller = await made({ settings: two, ...more });
  caller.subscribe({ level: "debug", onEvent: (event) => events.push(event) });
  return { caller, answerers, events };
}

/** The same over threads, which are at hand by the numbers of their workers. */
async function spreadOverThreads(count: number) {
  const threads: EngineThread[] = [];
  const bind: BindDriver = async (options) => {
    const thread = await bindThread(options);
    threads[workerOf(options)] = thread;
    return thread;
  };
  return { threads, ...(await spread(count, { bind })) };
}

/** The worker that served each peer's transfers, asked one after the other. */
async function homes(
  caller: TransportPool,
  answerers: readonly TransportPool[],
  events: DcquicEvent[],
): Promise<readonly (readonly number[])[]> {
  const found: (readonly number[])[] = [];
  for (const { name } of answerers) {
    events.length = 0;
    const others = caller.stats.openCalls;
    await caller.unaryRpc(name, Uint8Array.of(1)).response;
    // An answer comes before the end of its call, and events a moment after what they tell of.
    await until(() => caller.stats.openCalls <= others, "the call to end");
    await new Promise((resolve) => setImmediate(resolve));
    const of = events.filter(({ kind }) => kind === "transfer.drained").map(({ worker }) => worker);
    found.push([...new Set(of)]);
  }
  return found;
}

describe("§18: a pool of several workers", () => {
  test("spreads peers over them, keeps each where it is, and its events say where that is", async () => {
    const { caller, answerers, events } = await spread(8);
    const first = await homes(caller, answerers, events);
    expect(new Set(first.flat())).toEqual(new Set([0, 1]));
    expect(first.every((each) => each.length === 1)).toBe(true);
    expect(await homes(caller, answerers, events)).toEqual(first);
    // The answerers call back over the path that is there, to the worker that is home to it.
    caller.serve(echo);
    const backs = answerers.map((each) => each.unaryRpc(caller.name, Uint8Array.of(2)).response);
    expect((await Promise.all(backs)).map(({ bytes: [value] }) => value)).toEqual(
      answerers.map(() => 2),
    );
  });

  test("two of them find each other's home workers, both ways, and close in order", async () => {
    const [left, right] = [await made({ settings: two }), await made({ settings: two })];
    left.serve(echo);
    right.serve(echo);
    const calls = Array.from({ length: 40 }, (_, i) => [
      left.unaryRpc(right.name, new Uint8Array(i * 100)).response,
      right.unaryRpc(left.name, new Uint8Array(i * 100)).response,
    ]).flat();
    const answers = await Promise.all(calls);
    expect(answers.map(({ bytes }) => bytes.length)).toEqual(
      Array.from({ length: 40 }, (_, i) => [i * 100, i * 100]).flat(),
    );
    await Promise.all([left.close(), right.close()]);
    expect([left.stats.streams, right.stats.bufferBytes]).toEqual([0, 0]);
  });

  test("a buffer goes to peers of every worker", async () => {
    const { caller, answerers } = await spread(6);
    const buffer = await caller.allocateBuffer(50_000);
    buffer.write(new Uint8Array(50_000).fill(7)).fill();
    const calls = answerers.map(({ name }) => caller.unaryRpc(name, buffer).response);
    for (const { bytes } of await Promise.all(calls)) {
      expect(bytes.every((byte) => byte === 7)).toBe(true);
    }
    buffer.drop();
    await caller.close();
    expect(caller.stats.bufferBytes).toBe(0);
  });

  test("§5: the first call to a peer goes where it depends, and later ones wait for calls of another worker", async () => {
    const { caller, answerers, events } = await spread(8);
    const where = await homes(caller, answerers.slice(0, 6), events);
    const at = (worker: number): TransportPool | undefined =>
      answerers[where.findIndex(([home]) => home === worker)];
    const [zero, one] = [at(0), at(1)];
    if (zero === undefined || one === undefined) throw new Error("one worker has no peer");
    const order: string[] = [];
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    zero.serve({
      accept: async (incoming) => {
        await incoming.request();
        await gate;
        order.push("zero");
        await incoming.reply(new Uint8Array(0));
      },
    });
    one.serve({
      accept: async (incoming) => {
        order.push("one");
        await incoming.request();
        await incoming.reply(new Uint8Array(0));
      },
    });
    const first = caller.unaryRpc(zero.name, new Uint8Array(3000), { track: true });
    const token = await first.token;
    if (token === undefined) throw new Error("the call has no token");
    const after = [{ token, wait: "response", cascade: true }] as const;
    const second = caller.unaryRpc(one.name, new Uint8Array(10), { after });
    const [fresh] = answerers.slice(6);
    events.length = 0;
    const attracted = caller.unaryRpc(fresh?.name ?? "", new Uint8Array(10), {
      after: [{ token, wait: "request", cascade: true }],
    });
    release();
    await Promise.all([first.response, second.response, attracted.response]);
    expect(order).toEqual(["zero", "one"]);
    const opened = events.filter(({ kind }) => kind === "transfer.drained");
    expect(opened.length).toBeGreaterThan(0);
    // What it depends on failed: so does the call, on its own worker.
    zero.serve({ accept: (incoming) => incoming.reject(300) });
    const failing = caller.unaryRpc(zero.name, new Uint8Array(10), { track: true });
    const failedToken = await failing.token;
    if (failedToken === undefined) throw new Error("the call has no token");
    const victim = caller.unaryRpc(one.name, new Uint8Array(10), {
      after: [{ token: failedToken, wait: "response", cascade: true }],
    });
    await expect(failing.response).rejects.toThrow();
    await expect(victim.response).rejects.toMatchObject({ code: "dcquic.dependency_failed" });
  });
});

test("§19: what was asked for and is not so is told to every subscriber, in one line each", async () => {
  // No machine of a test keeps a core free of everything else, and says so.
  const pool = await made({ settings: { ...patient, cores: { count: 1, ids: [], poll: "auto" } } });
  const heard: string[][] = [[], []];
  for (const notes of heard) {
    pool.subscribe({
      mask: EventGroup.cores,
      onEvent: ({ kind, details }) => void notes.push(`${kind}: ${details["text"]}`),
    });
  }
  await new Promise((resolve) => setImmediate(resolve));
  expect(heard[0]).toContainEqual(
    expect.stringMatching(/^cores.note: .*(cores.isolation|cores wanted|node:dgram)/),
  );
  expect(heard[1]).toEqual(heard[0]);
});

nativeTest("§19: other threads keep off the core of a worker while the pool is open", async () => {
  const cpusOf = (): readonly number[] => {
    const found = backend.cores.affinity();
    return found.kind === "done" ? found.value : [];
  };
  const before = cpusOf();
  const pool = await made({
    settings: { ...patient, cores: { count: 1, ids: [], poll: "hybrid" } },
  });
  const during = cpusOf();
  // On a machine of one processor there is none to spare.
  expect(during).toHaveLength(Math.max(1, before.length - 1));
  expect(before).toEqual(expect.arrayContaining([...during]));
  await pool.close();
  expect(cpusOf()).toEqual(before);
});

describe("§18: a worker is lost", () => {
  test("its peers go to another one, idempotent calls are repeated there, and new ones succeed", async () => {
    const bound: { readonly driver: UdpDriver; readonly lost: (reason: string) => void }[] = [];
    const bind: BindDriver = async (options) => {
      const driver = await UdpDriver.bind(options);
      bound[workerOf(options)] = { driver, lost: (reason) => options.onLost?.(reason) };
      return driver;
    };
    const { caller, answerers, events } = await spread(6, { bind });
    const before = await homes(caller, answerers, events);
    const [victims, others] = [0, 1].map((worker) =>
      answerers.filter((_, i) => before[i]?.[0] === worker),
    );
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => (open = resolve));
    const asked: string[] = [];
    for (const answerer of answerers) {
      answerer.serve({
        accept: async (incoming) => {
          const { bytes } = await incoming.request();
          asked.push(incoming.pattern);
          await gate;
          await incoming.reply(bytes);
        },
      });
    }
    const call = (peer: TransportPool | undefined, idempotent: boolean) =>
      caller.unaryRpc(peer?.name ?? "", new Uint8Array(5), { idempotent }).response;
    const [lost, repeated, spared] = [
      call(victims?.[0], false),
      call(victims?.[0], true),
      call(others?.[0], false),
    ];
    lost.catch(() => {});
    await until(() => asked.length >= 3, "every call to arrive");
    events.length = 0;
    await bound[0]?.driver.close();
    bound[0]?.lost("the test ended it");
    open();
    await expect(lost).rejects.toMatchObject({ code: "dcquic.local_resource" });
    expect((await repeated).bytes.length).toBe(5);
    expect((await spared).bytes.length).toBe(5);
    const kinds = new Set(events.map(({ kind }) => kind));
    expect(kinds).toContain("worker.lost");
    expect(kinds).toContain("router.peerReassigned");
    const now = await homes(caller, answerers, events);
    expect(now.flat().every((worker) => worker === 1)).toBe(true);
    // Nobody is left to take over.
    await bound[1]?.driver.close();
    bound[1]?.lost("the test ended it too");
    await expect(call(others?.[0], true)).rejects.toMatchObject({ code: "dcquic.local_resource" });
  });

  test("§14: one that hangs loses its peers, and gets new ones when it turns again", async () => {
    const tell: ((kind: "stalled" | "hung" | "recovered") => void)[] = [];
    const bind: BindDriver = (options) => {
      tell[workerOf(options)] = (kind) => options.onFinding?.({ kind, worker: 0, forMs: 5000 });
      return UdpDriver.bind(options);
    };
    const { caller, answerers, events } = await spread(6, { bind });
    const before = await homes(caller, answerers, events);
    events.length = 0;
    tell[0]?.("stalled");
    expect(await homes(caller, answerers, events)).toEqual(before);
    tell[0]?.("hung");
    const during = await homes(caller, answerers, events);
    expect(during.flat().every((worker) => worker === 1)).toBe(true);
    tell[0]?.("recovered");
    const fresh = await answering(6);
    expect((await homes(caller, fresh, events)).flat()).toContain(0);
    expect((await homes(caller, answerers, events)).flat()).toEqual(during.flat());
  });

  nativeTest(
    "threads: of the calls of one that dies those it never took go on elsewhere, and no other hangs",
    async () => {
      const { threads, caller, answerers, events } = await spreadOverThreads(6);
      const before = await homes(caller, answerers, events);
      const victim = answerers.find((_, i) => before[i]?.[0] === 0)?.name ?? "";
      const spared = answerers.find((_, i) => before[i]?.[0] === 1)?.name ?? "";
      let open = (): void => {};
      const gate = new Promise<void>((resolve) => (open = resolve));
      const asked: string[] = [];
      for (const answerer of answerers) {
        answerer.serve({
          accept: async (incoming) => {
            asked.push(incoming.pattern);
            await gate;
            await incoming.reply(new Uint8Array(1));
          },
        });
      }
      const codeOf = (done: Promise<unknown>): Promise<unknown> =>
        done.then(
          () => "done",
          (error: unknown) => (error as { code?: string }).code,
        );
      // Every pattern, asked and not answered.
      const big = new Uint8Array(300_000);
      const request = caller.streamingRequest(victim);
      const both = caller.bidirectional(victim);
      const outstanding = [
        codeOf(caller.unaryRpc(victim, big).response),
        codeOf(caller.streamingResponse(victim, big)[Symbol.asyncIterator]().next()),
        codeOf(request.response),
        codeOf(both[Symbol.asyncIterator]().next()),
        codeOf(caller.rawBulkTransfer(victim, big).done),
      ];
      void request.write(new Uint8Array(10)).catch(() => {});
      void both.write(new Uint8Array(10)).catch(() => {});
      const other = codeOf(caller.unaryRpc(spared, big).response);
      await until(() => asked.length >= 6, "every call to arrive");
      const [dying] = threads;
      dying?.engine.addPath(0, {} as EstablishedPath, dying.addressOf("127.0.0.1", 9));
      // The thread ends with that command: it takes nothing that is posted after it.
      await Promise.resolve();
      const untaken = Array.from({ length: 50 }, (_, i) =>
        codeOf(caller.unaryRpc(victim, new Uint8Array(i * 100)).response),
      );
      expect(new Set(await Promise.all(outstanding))).toEqual(new Set(["dcquic.local_resource"]));
      open();
      expect(new Set(await Promise.all(untaken))).toEqual(new Set(["done"]));
      expect(await other).toBe("done");
      // An answer comes before the end of its stream.
      await until(() => caller.stats.openCalls === 0, "the calls to end");
    },
  );

  nativeTest(
    "threads: what one took with the command it dies of, and did not send, goes on elsewhere, once; bulk in mid-transfer fails or is repeated",
    async () => {
      const { threads, caller, answerers, events } = await spreadOverThreads(6);
      const before = await homes(caller, answerers, events);
      const victim = answerers.find((_, i) => before[i]?.[0] === 0);
      if (victim === undefined) throw new Error("no peer is at home at worker 0");
      let open = (): void => {};
      const gate = new Promise<void>((resolve) => (open = resolve));
      let arrived = 0;
      let isMoving = false;
      const asked: number[] = [];
      victim.serve({
        accept: async (incoming) => {
          if (incoming.pattern === "rawBulk") {
            arrived += 1;
            await incoming.place({
              write: async () => {
                isMoving = true;
                await gate;
              },
            });
            return;
          }
          const { bytes } = await incoming.request();
          asked.push(bytes[0] ?? -1);
          await incoming.reply(bytes.slice());
        },
      });
      const codeOf = (done: Promise<unknown>): Promise<unknown> =>
        done.then(
          () => "done",
          (error: unknown) => (error as { code?: string }).code,
        );
      const big = (): Uint8Array => new Uint8Array(12 * 1024 * 1024);
      const [lost, repeated] = [false, true].map((idempotent) =>
        codeOf(caller.rawBulkTransfer(victim.name, big(), { idempotent }).done),
      );
      await until(() => arrived === 2 && isMoving, "both transfers to be under way");
      // One turn here is one batch there: the thread takes these, and ends before it sends any of them.
      const calls = Array.from({ length: 60 }, (_, i) =>
        codeOf(caller.unaryRpc(victim.name, Uint8Array.of(i, 1)).response),
      );
      const [dying] = threads;
      dying?.engine.addPath(0, {} as EstablishedPath, dying.addressOf("127.0.0.1", 9));
      expect(await lost).toBe("dcquic.local_resource");
      open();
      expect(new Set(await Promise.all(calls))).toEqual(new Set(["done"]));
      expect(asked.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, i) => i));
      expect(await repeated).toBe("done");
    },
  );

  nativeTest(
    "§14: what ran on a thread that hangs fails at once, and the thread has forgotten it when it turns again",
    async () => {
      const threads: EngineThread[] = [];
      const tell: ((kind: "hung" | "recovered") => void)[] = [];
      const bind: BindDriver = async (options) => {
        const thread = await bindThread(options);
        threads[workerOf(options)] = thread;
        tell[workerOf(options)] = (kind) => options.onFinding?.({ kind, worker: 0, forMs: 5000 });
        return thread;
      };
      const { caller, answerers, events } = await spread(6, { bind });
      const before = await homes(caller, answerers, events);
      const victim = answerers.find((_, i) => before[i]?.[0] === 0);
      if (victim === undefined) throw new Error("no peer is at home at worker 0");
      const asked: string[] = [];
      victim.serve({ accept: (incoming) => void asked.push(incoming.pattern) });
      const waiting = caller.unaryRpc(victim.name, new Uint8Array(300_000)).response;
      waiting.catch(() => {});
      await until(() => asked.length > 0, "the call to arrive");
      tell[0]?.("hung");
      await expect(waiting).rejects.toMatchObject({ code: "dcquic.local_resource" });
      victim.serve(echo);
      expect(new Set((await homes(caller, answerers, events)).flat())).toEqual(new Set([1]));
      tell[0]?.("recovered");
      // Its paths went with those peers: nothing of them is left in its tables.
      const entries = async (): Promise<number | undefined> =>
        (await threads[0]?.measure())?.stats.entries;
      await until(async () => (await entries()) === 0, "its tables to be empty", { everyMs: 20 });
      const fresh = await answering(6);
      expect((await homes(caller, fresh, events)).flat()).toContain(0);
    },
  );

  nativeTest("threads: one that dies is replaced by another for its peers", async () => {
    const threads: EngineThread[] = [];
    const bind: BindDriver = async (options) => {
      const thread = await bindThread(options);
      threads[workerOf(options)] = thread;
      return thread;
    };
    const { caller, answerers, events } = await spread(6, { bind });
    const before = await homes(caller, answerers, events);
    expect(new Set(before.flat())).toEqual(new Set([0, 1]));
    const told: string[] = [];
    caller.subscribe({
      mask: EventGroup.worker | EventGroup.router,
      onEvent: ({ kind }) => told.push(kind),
    });
    // Not a path at all: the engine over there throws.
    const [dying] = threads;
    dying?.engine.addPath(0, {} as EstablishedPath, dying.addressOf("127.0.0.1", 9));
    await until(() => told.includes("worker.lost"), "worker.lost");
    const now = await homes(caller, answerers, events);
    expect(now.flat().every((worker) => worker === 1)).toBe(true);
  });
});
