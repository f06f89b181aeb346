import { afterEach, describe, expect, test } from "@jest/globals";
import {
  type Acceptor,
  type CallOptions,
  DcquicError,
  type Incoming,
  memoryTarget,
  nullCrypto,
  Status,
} from "@proj/dcquic-core";
import { runUntil, simPools } from "../support/sim-pools.js";

type Pools = ReturnType<typeof simPools>;

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const opened: Pools[] = [];

afterEach(async () => {
  // Whatever a test did: no stream, transfer, token or reference is left.
  for (const pools of opened.splice(0)) {
    await pools.run(pools.world.nowUs + 30e6, () => Promise.resolve());
    for (const { engine, buffers, index } of pools.world.hosts) {
      expect(engine.stats).toMatchObject({ tracked: 0, outstandingBytes: 0, closes: 0 });
      expect(buffers.references).toBe(0);
      expect(pools.pool(index).stats).toMatchObject({ streams: 0, openCalls: 0, waiting: 0 });
    }
  }
});

function serving(
  accept: Acceptor["accept"],
  world: Parameters<typeof simPools>[0] = {},
  pool: Parameters<typeof simPools>[1] = {},
): Pools {
  const pools = simPools({ crypto: nullCrypto, ...world }, pool);
  opened.push(pools);
  for (const { index } of pools.world.hosts) pools.pool(index).serve({ accept });
  return pools;
}

async function codeOf(done: Promise<unknown>): Promise<string> {
  try {
    await done;
    return "fulfilled";
  } catch (error) {
    return error instanceof DcquicError ? error.code : String(error);
  }
}

async function echo(incoming: Incoming): Promise<void> {
  const { bytes: request } = await incoming.request();
  await incoming.reply(request.slice());
}

describe("§4: acceptors", () => {
  test("a peer without an acceptor refuses calls", async () => {
    const pools = serving(echo);
    pools.pool(1).serve(undefined);
    const { response } = pools.pool(0).unaryRpc("1", bytes(1));
    expect(await runUntil(pools, codeOf(response))).toBe("dcquic.no_acceptor");
  });

  test("a call is shown before any payload moves: peer, pattern, priority, meta, size, token", async () => {
    const shown: Incoming[] = [];
    const pools = serving((incoming) => {
      shown.push(incoming);
      return echo(incoming);
    });
    const call = pools.pool(0).unaryRpc("1", new Uint8Array(90_000), {
      priority: 5,
      track: true,
      meta: bytes(1, 2),
      headers: bytes(3),
    });
    await runUntil(pools, call.response);
    const [incoming] = shown;
    expect(incoming).toMatchObject({
      peer: "0",
      identity: "0",
      pattern: "unary",
      priority: 5,
      size: 90_000,
      token: await call.token,
    });
    expect([...(incoming?.meta ?? [])]).toEqual([1, 2]);
  });

  test("it accepts later, queues, rejects with a code of its own, or throws", async () => {
    const pools = serving((incoming) => {
      const [what] = incoming.meta;
      if (what === 0) incoming.queue();
      else if (what === 1) incoming.reject(300, "not today");
      else throw new TypeError("broken");
    });
    const [queued, rejected, broken] = [0, 1, 2].map((what) =>
      pools.pool(0).unaryRpc("1", bytes(what), { meta: bytes(what) }),
    );
    if (queued === undefined || rejected === undefined || broken === undefined) throw new Error();
    const error = await runUntil(
      pools,
      rejected.response.catch((reason: unknown) => reason),
    );
    expect(error).toMatchObject({ code: "dcquic.app", details: { status: 300, peer: "1" } });
    expect(String(error)).toContain("not today");
    expect(await runUntil(pools, codeOf(broken.response))).toBe("dcquic.app_terminated");
    const next = await pools.pool(1).queued.next();
    if (next.done === true) throw new Error("the queue is over");
    void echo(next.value);
    expect([...(await runUntil(pools, queued.response)).bytes]).toEqual([0]);
  });
});

describe("§15, §24: cancellation, deadlines and signals", () => {
  test("a cancelled call ends on both sides, with the application's code", async () => {
    let ended: Promise<void> | undefined;
    const pools = serving((incoming) => {
      ended = incoming.accept().closed;
      ended.catch(() => {});
    });
    const call = pools.pool(0).unaryRpc("1", bytes(1));
    await pools.run(1000, () => Promise.resolve());
    call.cancel(400, "changed my mind");
    expect(await runUntil(pools, codeOf(call.response))).toBe("dcquic.app");
    expect(await runUntil(pools, codeOf(ended ?? Promise.resolve()))).toBe("dcquic.app");
  });

  test("a deadline passes, a signal fires, also before the call began", async () => {
    const pools = serving((incoming) => void incoming.accept());
    const controller = new AbortController();
    const call = (options: CallOptions): Promise<string> =>
      codeOf(pools.pool(0).unaryRpc("1", bytes(1), options).response);
    const late = call({ deadlineMs: 5 });
    const signalled = call({ signal: controller.signal });
    const never = call({ signal: AbortSignal.abort() });
    pools.world.schedule(2000, () => controller.abort());
    expect(await runUntil(pools, signalled)).toBe("dcquic.cancelled");
    expect(await never).toBe("dcquic.cancelled");
    expect(await runUntil(pools, late)).toBe("dcquic.deadline");
    expect(pools.world.nowUs).toBeGreaterThanOrEqual(5000);
  });

  test("a reader that leaves early stops its writer", async () => {
    let written = 0;
    let stopped: Promise<string> | undefined;
    const pools = serving((incoming) => {
      stopped = codeOf(
        (async () => {
          // Far more than anyone takes who reads ten.
          for (; written < 10_000; written++) await incoming.write(bytes(written));
        })(),
      );
    });
    const call = pools.pool(0).streamingResponse("1", bytes(1));
    const read = async (): Promise<number> => {
      let count = 0;
      for await (const _ of call) if (++count === 10) break;
      return count;
    };
    expect(await runUntil(pools, read())).toBe(10);
    expect(await runUntil(pools, stopped ?? Promise.resolve(""))).toBe("dcquic.cancelled");
  });
});

describe("§11: backpressure from end to end", () => {
  test("a slow reader slows its writer down", async () => {
    let written = 0;
    const pools = serving(async (incoming) => {
      for (; written < 400; written++) await incoming.write(new Uint8Array(2000));
      incoming.end();
    });
    const call = pools.pool(0).streamingResponse("1", bytes(1), {
      queue: { messages: 8, bytes: 1e6 },
    });
    const reader = call[Symbol.asyncIterator]();
    await runUntil(pools, reader.next());
    await pools.run(pools.world.nowUs + 500_000, () => Promise.resolve());
    const before = written;
    // 8 at the reader, 64 on the way.
    expect(before).toBeLessThan(100);
    const rest = async (): Promise<number> => {
      let count = 1;
      for await (const _ of { [Symbol.asyncIterator]: () => reader }) count += 1;
      return count;
    };
    expect(await runUntil(pools, rest(), 60e6)).toBe(400);
  });

  test("calls wait for buffers, the urgent ones less, and all are answered", async () => {
    const pools = serving(echo, { bufferBytes: 1_500_000 });
    const calls = Array.from({ length: 60 }, (_, i) =>
      pools.pool(0).unaryRpc("1", new Uint8Array(200_000), { priority: i % 8 }),
    );
    const answers = Promise.all(calls.map(({ response }) => response));
    expect((await runUntil(pools, answers)).every(({ bytes: b }) => b.length === 200_000)).toBe(
      true,
    );
  });

  test("what never fits into the buffers is refused", async () => {
    const pools = serving(echo, { bufferBytes: 1_000_000 });
    const { response } = pools.pool(0).unaryRpc("1", new Uint8Array(2_000_000));
    expect(await runUntil(pools, codeOf(response))).toBe("dcquic.local_resource");
  });

  test("tables that are full make calls wait, and nothing is lost", async () => {
    const pools = serving(echo, { config: { maxTransfers: 64 } });
    const calls = Array.from({ length: 500 }, (_, i) =>
      pools.pool(0).unaryRpc("1", bytes(i), { priority: i % 8, maxRetries: 50 }),
    );
    const answers = await runUntil(pools, Promise.all(calls.map(({ response }) => response)));
    expect(answers.map(({ bytes: [first] }) => first)).toEqual(
      [...Array(500).keys()].map((i) => i % 256),
    );
  });
});

describe("§5, D-20: dependencies between calls", () => {
  test("a call waits for the response of another, and takes it as settled afterwards", async () => {
    const order: number[] = [];
    const pools = serving(
      async (incoming) => {
        const { bytes: request } = await incoming.request();
        order.push(request[0] ?? 0);
        await incoming.reply(bytes(0));
      },
      { hosts: 3 },
    );
    const pool = pools.pool(0);
    const first = pool.unaryRpc("1", bytes(1), { track: true });
    const token = await first.token;
    if (token === undefined) throw new Error("no token");
    const after = [{ token, wait: "response", cascade: true }] as const;
    const second = pool.unaryRpc("2", bytes(2), { after });
    await runUntil(pools, Promise.all([first.response, second.response]));
    expect(order).toEqual([1, 2]);
    const third = pool.unaryRpc("2", bytes(3), { after });
    await runUntil(pools, third.response);
  });

  test("a failure takes dependents along, with the root cause", async () => {
    const pools = serving((incoming) => {
      if (incoming.meta[0] === 1) incoming.reject(500);
      else void echo(incoming);
    });
    const pool = pools.pool(0);
    const first = pool.unaryRpc("1", bytes(1), { track: true, meta: bytes(1) });
    const token = await first.token;
    if (token === undefined) throw new Error("no token");
    const after = [{ token, wait: "response", cascade: true }] as const;
    const second = pool.unaryRpc("1", bytes(2), { after });
    expect(await runUntil(pools, codeOf(first.response))).toBe("dcquic.app");
    const error = await runUntil(
      pools,
      second.response.catch((reason: unknown) => reason),
    );
    expect(error).toMatchObject({
      code: "dcquic.dependency_failed",
      details: { rootCause: expect.any(String) },
    });
    const late = pool.unaryRpc("1", bytes(3), { after });
    expect(await runUntil(pools, codeOf(late.response))).toBe("dcquic.dependency_failed");
  });

  test("D-3: a running stream is cancelled when what it depends on fails late", async () => {
    let first: Incoming | undefined;
    const pools = serving((incoming) => {
      incoming.accept();
      if (incoming.meta[0] === 1) first = incoming;
    });
    const pool = pools.pool(0);
    const one = pool.bidirectional("1", { track: true, meta: bytes(1) });
    const two = pool.unaryRpc("1", bytes(1), { track: true, meta: bytes(1) });
    const token = await two.token;
    if (token === undefined) throw new Error("no token");
    const after = [{ token, wait: "request", cascade: true }] as const;
    const dependent = pool.bidirectional("1", { track: true, after });
    const ended = codeOf(dependent.closed);
    await pools.run(10_000, () => Promise.resolve());
    first?.close(600);
    expect(await runUntil(pools, codeOf(two.response))).toBe("dcquic.app");
    expect(await runUntil(pools, ended)).toBe("dcquic.dependency_failed");
    one.close();
    await runUntil(pools, codeOf(one.closed));
  });
});

describe("§4: bulk placement", () => {
  const content = new Uint8Array(700_000).map((_, i) => i * 13);

  test("a tee gets the same records, and one that fails does no harm unless it is required", async () => {
    for (const teeRequired of [false, true]) {
      const [memory, cache] = [new Uint8Array(content.length), new Uint8Array(content.length)];
      let records = 0;
      const pools = serving((incoming) => {
        const tee = {
          write: (offset: number, part: Uint8Array) => {
            if (++records === 3) throw new Error("the cache is full");
            cache.set(part, offset);
          },
        };
        incoming.place(memoryTarget(memory), { tee, teeRequired }).catch(() => {});
      });
      const { done } = pools.pool(0).rawBulkTransfer("1", content.slice());
      const code = await runUntil(pools, codeOf(done));
      expect(code).toBe(teeRequired ? "dcquic.placement_failed" : "fulfilled");
      if (!teeRequired) expect(memory.every((byte, i) => byte === content[i])).toBe(true);
      expect(records).toBe(3);
    }
  });

  test("a tee that keeps its records keeps them as they came, also beside a target that only borrows them", async () => {
    const memory = new Uint8Array(content.length);
    const kept: { readonly offset: number; readonly part: Uint8Array }[] = [];
    const pools = serving((incoming) => {
      const tee = {
        write: (offset: number, part: Uint8Array) => void kept.push({ offset, part }),
      };
      void incoming.place(memoryTarget(memory), { tee });
    });
    const { done } = pools.pool(0).rawBulkTransfer("1", content.slice());
    expect(await runUntil(pools, codeOf(done))).toBe("fulfilled");
    const cache = new Uint8Array(content.length);
    for (const { offset, part } of kept) cache.set(part, offset);
    expect(kept.length).toBeGreaterThan(1);
    expect(cache.every((byte, i) => byte === content[i])).toBe(true);
  });

  test("a slow target slows the transfer down, and memory stays within its window", async () => {
    let [unfinished, most] = [0, 0];
    const pools = serving(async (incoming) => {
      await incoming.place(
        {
          write: async (_offset, part) => {
            unfinished += part.length;
            most = Math.max(most, unfinished);
            await new Promise<void>((resolve) => {
              pools.world.schedule(pools.world.nowUs + 5000, resolve);
            });
            unfinished -= part.length;
          },
        },
        { windowBytes: 200_000 },
      );
    });
    const { done } = pools.pool(0).rawBulkTransfer("1", content.slice());
    expect((await runUntil(pools, done)).bytes).toBe(content.length);
    expect(most).toBeLessThanOrEqual(200_000);
    expect(most).toBeGreaterThan(65_536);
  });

  test("a target that fails is told to both sides", async () => {
    const aborted: unknown[] = [];
    const pools = serving((incoming) => {
      const target = {
        write: () => Promise.reject(new Error("disk full")),
        abort: (reason: unknown) => void aborted.push(reason),
      };
      incoming.place(target).catch((reason: unknown) => aborted.push(reason));
    });
    const { done } = pools.pool(0).rawBulkTransfer("1", content.slice());
    const error = await runUntil(
      pools,
      done.catch((reason: unknown) => reason),
    );
    expect(error).toMatchObject({ code: "dcquic.placement_failed" });
    expect(String(error)).toContain("disk full");
    expect(aborted).toHaveLength(2);
  });

  test("§8.5: a broadcast has an outcome for each peer, and one failure is only its own", async () => {
    const placed: Uint8Array[] = [];
    const pools = serving(
      async (incoming) => {
        const memory = new Uint8Array(incoming.size);
        placed.push(memory);
        await incoming.place(memoryTarget(memory));
      },
      { hosts: 6 },
    );
    pools.pool(3).serve({ accept: (incoming) => incoming.reject() });
    const send = async (): Promise<ReadonlyMap<string, PromiseSettledResult<unknown>>> => {
      const buffer = await pools.pool(0).allocateBuffer(content.length);
      buffer.write(content.subarray(0, 10)).write(content.subarray(10)).fill();
      const { all } = pools.pool(0).broadcast(["1", "2", "3", "4", "5"], buffer);
      buffer.drop();
      return all;
    };
    const results = await runUntil(pools, send());
    expect([...results].map(([peer, { status }]) => `${peer} ${status}`)).toEqual([
      "1 fulfilled",
      "2 fulfilled",
      "3 rejected",
      "4 fulfilled",
      "5 fulfilled",
    ]);
    expect(placed.every((memory) => memory.every((byte, i) => byte === content[i]))).toBe(true);
  });
});

describe("§24, D-30: retries, handles and closing", () => {
  test("a call that is refused as overloaded is repeated, any other only if it is idempotent", async () => {
    let refused = 0;
    const pools = serving((incoming) => {
      if (refused++ < 2) incoming.reject(Status.Overloaded);
      else void echo(incoming);
    });
    await runUntil(pools, pools.pool(0).unaryRpc("1", bytes(1)).response);
    expect(refused).toBe(3);
    refused = 0;
    const { response } = pools.pool(0).unaryRpc("1", bytes(1), { maxRetries: 1 });
    expect(await runUntil(pools, codeOf(response))).toBe("dcquic.overloaded");
  });

  test("the last handle closes the pool, which waits for what runs", async () => {
    const pools = serving(async (incoming) => {
      const { bytes: request } = await incoming.request();
      await new Promise<void>((resolve) => {
        pools.world.schedule(pools.world.nowUs + 50_000, resolve);
      });
      await incoming.reply(request.slice());
    });
    const pool = pools.pool(0);
    const clone = pool.clone();
    await pool.close();
    const call = clone.unaryRpc("1", bytes(1));
    const closed = clone.close();
    const refused = clone.unaryRpc("1", bytes(2));
    expect(await codeOf(refused.response)).toBe("dcquic.going_away");
    expect([...(await runUntil(pools, call.response)).bytes]).toEqual([1]);
    await runUntil(pools, closed);
  });

  test("what does not end in time is told that this side goes away", async () => {
    const pools = serving((incoming) => void incoming.accept(), {}, { closeGraceMs: 10 });
    const call = pools.pool(0).unaryRpc("1", bytes(1));
    const ended = codeOf(call.response);
    await runUntil(pools, pools.pool(0).close());
    expect(await ended).toBe("dcquic.going_away");
  });

  test("events are told to subscribers, and spans of both sides share a trace", async () => {
    const traces: string[] = [];
    const tracer = {
      start: (name: string, _labels: unknown, parent?: string) => {
        traces.push(`${name} ${parent ?? ""}`);
        return { end: () => {} };
      },
    };
    const pools = serving(echo, {}, { tracer });
    const kinds = new Set<string>();
    const onEvent = ({ kind }: { readonly kind: string }): void => void kinds.add(kind);
    const stop = pools.pool(0).subscribe({ level: "debug", onEvent });
    await runUntil(pools, pools.pool(0).unaryRpc("1", bytes(1), { track: true }).response);
    stop();
    expect(kinds).toContain("transfer.delivered");
    expect(traces).toHaveLength(2);
    expect(new Set(traces).size).toBe(1);
    expect(traces[0]).toMatch(/^dcquic\.unary 00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  });
});
