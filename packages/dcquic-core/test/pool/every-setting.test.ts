import { afterEach, describe, expect, test } from "@jest/globals";
import {
  type ConfigChoice,
  type DcquicConfig,
  type DcquicEvent,
  type EngineConfig,
  resolveDcquicConfig,
  type TransportPool,
} from "@proj/dcquic-core";
import { type BindOptions, UdpDriver } from "@proj/dcquic-core/node";
import { planWorkers } from "#src/io/pool/worker-plan.js";
import { once } from "node:events";
import { createServer } from "node:net";
import { localPool } from "../support/udp-pools.js";

const pools: TransportPool[] = [];

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

async function made(
  settings: ConfigChoice,
  more: Parameters<typeof localPool>[0] = {},
): Promise<TransportPool> {
  const { preset = "twoCoreTest", ...rest } = settings;
  const pool = await localPool({ closeGraceMs: 100, settings: { preset, ...rest }, ...more });
  pools.push(pool);
  return pool;
}

/** What the drivers of a pool are told. */
async function boundWith(settings: ConfigChoice): Promise<readonly BindOptions[]> {
  const bound: BindOptions[] = [];
  await made(settings, {
    bind: (options) => {
      bound.push(options);
      return UdpDriver.bind(options);
    },
  });
  return bound;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Keys that engines act on, each with a value that is not its default and what an engine is told. */
function engineKey<K extends keyof DcquicConfig>(
  key: K,
  value: DcquicConfig[K],
  told: Partial<EngineConfig>,
): () => Promise<void> {
  return async () => {
    const [first] = await boundWith({ [key]: value });
    expect(first?.config).toMatchObject(told);
  };
}

/** How many of 90 messages a writer gets rid of while nobody reads. */
async function writtenUnread(
  settings: ConfigChoice,
  bytes: number,
  until: "settled" | number,
): Promise<number> {
  const [caller, answerer] = [await made(settings), await made(settings)];
  answerer.serve({ accept: (incoming) => void incoming.accept() });
  const call = caller.bidirectional(answerer.name);
  let written = 0;
  const ended = (async () => {
    for (let i = 0; i < 90; i++) {
      await call.write(new Uint8Array(bytes));
      written += 1;
    }
  })();
  ended.catch(() => {});
  // As many as are expected, or until nothing more happens.
  const enough = until === "settled" ? 90 : until;
  const isEnough = (before: number): boolean =>
    written >= enough || (until === "settled" && written > 0 && written === before);
  for (let before = -1; !isEnough(before);) {
    before = written;
    await pause(300);
  }
  call.close();
  return written;
}

const topology = {
  cpus: Array.from({ length: 8 }, (_, id) => ({
    id,
    core: id,
    package: 0,
    node: 0,
    siblings: [id],
  })),
  nodes: [],
  networkCards: [],
  isolated: [],
  tickless: [],
};

const checks: Readonly<Record<keyof DcquicConfig, () => Promise<void>>> = {
  workers: async () => {
    const bound = await boundWith({ workers: 3 });
    expect(bound.map(({ config }) => config?.worker)).toEqual([0, 1, 2]);
  },
  nics: async () => {
    const bound = await boundWith({
      workers: 0,
      nics: [
        { bytesPerSecond: 2e8, flowBytesPerSecond: 1e8, address: "127.0.0.1" },
        { bytesPerSecond: 3e8, flowBytesPerSecond: 3e8, address: "127.0.0.2" },
      ],
    });
    expect(bound.map(({ host }) => host)).toEqual(["127.0.0.1", "127.0.0.2"]);
    expect(bound.map(({ config }) => config?.nicBytesPerSecond)).toEqual([2e8, 3e8]);
    expect(bound.map(({ sockets }) => sockets?.flowBytesPerSecond)).toEqual([1e8, 3e8]);
  },
  cores: async () => {
    const cores = { count: 3, ids: [5, 6, 7], poll: "spin" } as const;
    const plan = planWorkers(resolveDcquicConfig({ cores }), topology);
    expect(plan.wantsThreads).toBe(true);
    expect(plan.workers.map(({ cpu, polling }) => [cpu, polling])).toEqual([
      [5, "spin"],
      [6, "spin"],
      [7, "spin"],
    ]);
    // More than there are: the others share, and nobody spins on a processor that is not its own.
    const many = planWorkers(
      resolveDcquicConfig({ cores: { ...cores, count: 9, ids: [] } }),
      topology,
    );
    expect(many.workers.map(({ cpu, polling }) => `${cpu} ${polling}`).slice(6)).toEqual([
      "7 spin",
      "undefined hybrid",
      "undefined hybrid",
    ]);
    expect(many.notes).toContainEqual(expect.stringContaining("9 cores wanted, 7 found"));
    const none = planWorkers(resolveDcquicConfig({ cores }), undefined);
    expect(none.workers.map(({ cpu }) => cpu)).toEqual([undefined, undefined, undefined]);
  },
  queueDepth: engineKey("queueDepth", 77, { queueDepth: 77 }),
  mtuBytes: engineKey("mtuBytes", 1300, { mtuBytes: 1300 }),
  gso: async () => {
    const [first] = await boundWith({ gso: "off", gro: "off" });
    expect(first?.sockets?.segmentation).toBe("off");
  },
  gro: async () => {
    await expect(made({ gro: "off" })).rejects.toThrow("gro: off beside gso auto");
  },
  ecn: async () => {
    const [first] = await boundWith({ ecn: "off" });
    expect(first?.sockets?.ecn).toBe("off");
  },
  socketBufferBytes: async () => {
    const [first] = await boundWith({ socketBufferBytes: 123_456 });
    expect(first?.sockets?.bufferBytes).toBe(123_456);
  },
  starvationReserve: engineKey("starvationReserve", 0.25, { starvationReserve: 0.25 }),
  inlineMaxBytes: engineKey("inlineMaxBytes", 500, { inlineMaxBytes: 500 }),
  inlineStartBytes: engineKey("inlineStartBytes", 5000, { inlineStartBytes: 5000 }),
  inlinePoolBytes: engineKey("inlinePoolBytes", 70_000, { inlinePoolBytes: 70_000 }),
  notifyWindow: engineKey("notifyWindow", 99, { notifyWindow: 99 }),
  maxTransfersPerPeer: engineKey("maxTransfersPerPeer", 321, { maxTransfersPerPeer: 321 }),
  packetWindow: engineKey("packetWindow", 4096, { packetWindow: 4096 }),
  replayNotifyWindow: engineKey("replayNotifyWindow", 8192, { replayNotifyWindow: 8192 }),
  challengeEntries: engineKey("challengeEntries", 17, { challengeEntries: 17 }),
  challengeBytes: engineKey("challengeBytes", 12_345, { challengeBytes: 12_345 }),
  pullQuantumBytes: engineKey("pullQuantumBytes", 32_768, { pullQuantumBytes: 32_768 }),
  windowFactor: engineKey("windowFactor", 2, { windowFactor: 2 }),
  overcommit: engineKey("overcommit", 3, { overcommit: 3 }),
  rxUtilisation: engineKey("rxUtilisation", 0.5, { rxUtilisation: 0.5 }),
  recordBytes: async () => {
    const sizes = await Promise.all(
      [16_384, 65_536].map(async (recordBytes) => {
        const pool = await made({ recordBytes });
        const buffer = await pool.allocateBuffer(200_000);
        const { bytes } = buffer.registered;
        buffer.drop();
        return bytes;
      }),
    );
    // Thirteen tags, or four.
    expect(sizes).toEqual([200_000 + 13 * 16, 200_000 + 4 * 16]);
  },
  dataAuth: engineKey("dataAuth", "headers", { dataAuth: "headers" }),
  dataKeyCache: engineKey("dataKeyCache", 55, { dataKeyCache: 55 }),
  rotation: engineKey(
    "rotation",
    { packets: 64, bytes: 1e6 },
    { rotation: { packets: 64, bytes: 1e6 } },
  ),
  pathCapacity: async () => {
    const admitted: string[] = [];
    const caller = await made(
      { pathCapacity: 1 },
      { authorize: (identity) => admitted.push(identity) > 0 },
    );
    const [one, two] = [await made({}), await made({})];
    for (const peer of [one, two, one, one]) await caller.connect(peer.name);
    // The second path made room by taking the first one's, and so on.
    expect(admitted).toHaveLength(3);
  },
  rehandshakeUs: async () => {
    const admitted: string[] = [];
    const answerer = await made({}, { authorize: (identity) => admitted.push(identity) > 0 });
    const caller = await made({ rehandshakeUs: 1000 });
    await caller.connect(answerer.name);
    for (let i = 0; i < 100 && admitted.length < 2; i++) await pause(100);
    expect(admitted.length).toBeGreaterThan(1);
  },
  maxHandshakes: async () => {
    const silent = createServer((socket) => {
      socket.on("error", () => {}).resume();
    }).listen(0, "127.0.0.1");
    await once(silent, "listening");
    const at = silent.address();
    const port = typeof at === "object" && at !== null ? at.port : 0;
    const answerer = await made({});
    const caller = await made({ maxHandshakes: 1 }, { handshakeTimeoutMs: 2_500 });
    const order: string[] = [];
    const first = caller.connect(`127.0.0.1:${port}`).catch(() => order.push("silent"));
    const second = caller.connect(answerer.name).then(() => order.push("answers"));
    await Promise.all([first, second]);
    expect(order).toEqual(["silent", "answers"]);
    await new Promise<void>((resolve) => silent.close(() => resolve()));
  },
  initialRttUs: engineKey("initialRttUs", 4321, { initialRttUs: 4321 }),
  maxPtoUs: engineKey("maxPtoUs", 1e6, { maxPtoUs: 1e6 }),
  timerGranularityUs: engineKey("timerGranularityUs", 3000, {
    timerGranularityUs: 3000,
    nicSlackUs: 1500,
  }),
  timerTickUs: engineKey("timerTickUs", 0, { nicSlackUs: 0 }),
  peerTimeoutUs: engineKey("peerTimeoutUs", 5e6, { peerTimeoutUs: 5e6 }),
  probeIdleUs: engineKey("probeIdleUs", 123_000, { probeIdleUs: 123_000 }),
  streamQueueMessages: async () => {
    // Too large to ride inline, which has a credit of its own.
    expect(await writtenUnread({ streamQueueMessages: 2 }, 2000, "settled")).toBeLessThan(12);
    expect(await writtenUnread({}, 2000, 61)).toBeGreaterThan(60);
  },
  streamQueueBytes: async () => {
    expect(await writtenUnread({ streamQueueBytes: 4000 }, 2000, "settled")).toBeLessThan(12);
  },
  bufferPoolBytes: async () => {
    const pool = await made({ bufferPoolBytes: 1_048_576 });
    await expect(pool.allocateBuffer(2_000_000)).rejects.toMatchObject({
      code: "dcquic.local_resource",
    });
  },
  causalityInitialSlots: engineKey("causalityInitialSlots", 64, { causalityInitialSlots: 64 }),
  causalityMaxSlots: engineKey("causalityMaxSlots", 5000, { causalityMaxSlots: 5000 }),
  closeGraceUs: async () => {
    const settings = { preset: "twoCoreTest", closeGraceUs: 20_000 } as const;
    const [caller, answerer] = [await localPool({ settings, closeGraceMs: 20 }), await made({})];
    let isHeld = (): void => {};
    const held = new Promise<void>((resolve) => (isHeld = resolve));
    answerer.serve({ accept: () => isHeld() });
    const { response } = caller.unaryRpc(answerer.name, new Uint8Array(10));
    const ended = expect(response).rejects.toMatchObject({ code: "dcquic.going_away" });
    await held;
    await caller.close();
    await ended;
  },
  eventsRing: async () => {
    const caller = await made({ eventsRing: 2 });
    const answerer = await made({});
    answerer.serve({ accept: (incoming) => incoming.reply(new Uint8Array(0)) });
    await caller.connect(answerer.name);
    const events: DcquicEvent[] = [];
    caller.subscribe({ level: "debug", onEvent: (event) => events.push(event) });
    const calls = Array.from({ length: 50 }, () =>
      caller.unaryRpc(answerer.name, new Uint8Array(0)),
    );
    await Promise.all(calls.map(({ response }) => response));
    const dropped = events.filter(({ kind }) => kind === "worker.eventsDropped");
    expect(dropped.length).toBeGreaterThan(0);
  },
  onWorkerHang: async () => {
    const [first] = await boundWith({ onWorkerHang: "abort" });
    expect(first?.onWorkerHang).toBe("abort");
    const [second] = await boundWith({ onWorkerHang: "event" });
    expect(second?.onWorkerHang).toBe("event");
  },
  icmpPolicy: engineKey("icmpPolicy", "immediate", { icmpPolicy: "immediate" }),
};

describe("§20: every setting does what it says", () => {
  test.each(Object.entries(checks))("%s", async (_, check) => {
    await check();
  });
});
