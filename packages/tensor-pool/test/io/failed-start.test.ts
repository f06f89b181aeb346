import type { Client } from "@proj/aeron";
import { type Backend, portable, type ShmFolders } from "@proj/native-io";
import { expect, test } from "@jest/globals";
import { parseConfig } from "#src/io/config/parse-config.js";
import {
  attachConsumer,
  attachProducer,
  attachStream,
  findStreams,
  joinSupervisor,
  openDirectConsumer,
  serveConsumers,
  startBridgeReceiver,
  startBridgeSender,
  startDirectProducer,
  startDiscovery,
  startPoolDriver,
  startRateLimiter,
  startSupervisor,
} from "@proj/tensor-pool/node";
import { testConfig } from "../support/pool-config.js";

const CHANNEL = "aeron:ipc";
const BASE = "/dev/shm/failed-start";
const FAR = { payloadChannel: "aeron:ipc?alias=far" };

interface Ends {
  close(): void;
}

/** A media driver's client and a machine's memory that count what is open, of which the n-th request fails. */
class World {
  readonly open = new Set<string>();
  readonly #failing: number;
  #requests = 0;

  constructor(failing: number) {
    this.#failing = failing;
  }

  /** Whether the request that was to fail was ever made. */
  get failed(): boolean {
    return this.#requests >= this.#failing;
  }

  readonly client: Client = {
    isClosed: false,
    addPublication: (...place: unknown[]) => this.#add("publication", place),
    addExclusivePublication: (...place: unknown[]) => this.#add("exclusive", place),
    addSubscription: (...place: unknown[]) => this.#add("subscription", place),
  } as unknown as Client;

  readonly backend: Backend = {
    ...portable,
    shm: {
      capabilities: () => [],
      copy: () => undefined,
      fence: () => undefined,
      allow: (paths) => this.#folders(paths),
    },
  };

  #request(what: string): string {
    const name = `${++this.#requests} ${what}`;
    if (this.#requests === this.#failing) throw new Error(`refused: ${name}`);
    this.open.add(name);
    return name;
  }

  async #add(kind: string, place: readonly unknown[]): Promise<object> {
    await Promise.resolve();
    const name = this.#request(`${kind} ${place.slice(0, 2).join(" ")}`);
    const close = (): boolean => this.open.delete(name);
    return { close, offer: () => 1, poll: () => 0, maxMessageLength: 1_000, isConnected: true };
  }

  #folders(paths: readonly string[]): ShmFolders {
    const name = this.#request("folders");
    const folders = portable.shm.allow(paths);
    return {
      paths,
      open: (...args) => folders.open(...args),
      create: (path, options) => {
        const file = folders.create(path, options);
        this.open.add(path);
        return file;
      },
      unlink: (path) => {
        this.open.delete(path);
        return folders.unlink(path);
      },
      close: () => {
        this.open.delete(name);
        folders.close();
      },
    };
  }
}

const pools = [{ poolId: 1, strideBytes: 64 }];
const source = { name: "camera", summary: "of a test" };
const discovery = parseConfig(`
[discovery]
request_stream_id = 7000
driver_instance_id = "d"
driver_control_channel = "${CHANNEL}"
driver_control_stream_id = 1000
`);

const starts: readonly (readonly [string, (world: World) => Promise<Ends>])[] = [
  [
    "a bridge's sender",
    ({ client, backend }) =>
      startBridgeSender({
        ...FAR,
        client,
        backend,
        streamId: 1,
        allowedDirs: [BASE],
        forward: { progress: true, qos: true, traceLinks: true },
      }),
  ],
  [
    "a bridge's receiver",
    ({ client, backend }) =>
      startBridgeReceiver({
        ...FAR,
        client,
        sourceStreamId: 1,
        target: { streamId: 2, pools, nslots: 4, baseDir: BASE, backend },
        forward: { progress: true, qos: true, traceLinks: true },
      }),
  ],
  [
    "a rate limiter",
    ({ client, backend }) =>
      startRateLimiter({
        client,
        backend,
        sourceStreamId: 1,
        maxRateHz: 10,
        target: { streamId: 2, pools, nslots: 4, baseDir: BASE },
        allowedDirs: [BASE],
        forward: { metadata: true, progress: true, qos: true, traceLinks: true },
      }),
  ],
  [
    "a producer without a driver",
    ({ client, backend }) =>
      startDirectProducer({ client, backend, streamId: 3, pools, nslots: 4, baseDir: BASE }),
  ],
  [
    "a consumer without a driver",
    ({ client, backend }) =>
      openDirectConsumer({ client, backend, streamId: 3, allowedDirs: [BASE] }),
  ],
  [
    "a producer with a driver",
    ({ client, backend }) => attachProducer({ client, backend, streamId: 3, allowedDirs: [BASE] }),
  ],
  [
    "a consumer with a driver",
    ({ client, backend }) => attachConsumer({ client, backend, streamId: 3, allowedDirs: [BASE] }),
  ],
  [
    "a stream with a driver",
    ({ client, backend }) => attachStream({ client, backend, streamId: 3, allowedDirs: [BASE] }),
  ],
  [
    "a driver with its relays",
    ({ client, backend }) => {
      const more = `
[bridge]
instance_id = "b"
role = "both"
payload_channel = "${FAR.payloadChannel}"
payload_stream_id = 3000
control_channel = "${FAR.payloadChannel}"
control_stream_id = 3001
metadata_channel = "${FAR.payloadChannel}"
metadata_stream_id = 3002
source_metadata_stream_id = 1300
[[mappings]]
source_stream_id = 10000
dest_stream_id = 50000
profile = "small"
`;
      return startPoolDriver({ client, backend, config: testConfig(BASE, more) });
    },
  ],
  [
    "discovery",
    ({ client }) => {
      if (discovery.kind !== "config" || discovery.config.discovery === undefined) {
        throw new Error(JSON.stringify(discovery));
      }
      return startDiscovery({ client, config: discovery.config.discovery });
    },
  ],
  [
    "a supervisor",
    ({ client }) => {
      const { supervisor } = testConfig(BASE);
      return startSupervisor({ client, config: supervisor, isOwn: () => true });
    },
  ],
  [
    "serving consumers",
    async ({ client, backend }) => {
      const place = { streamId: 3, pools, nslots: 4, baseDir: BASE };
      const producer = await startDirectProducer({ client, backend, ...place });
      const served = serveConsumers({ client, producer, source }).catch((error: unknown) => {
        producer.close();
        throw error;
      });
      return both(await served, producer);
    },
  ],
  [
    "joining a supervisor",
    async ({ client, backend }) => {
      const consumer = await openDirectConsumer({ client, backend, streamId: 3 });
      const joining = joinSupervisor({ client, consumer, streamId: 3, consumerId: 1 });
      const joined = joining.catch((error: unknown) => {
        consumer.close();
        throw error;
      });
      return both(await joined, consumer);
    },
  ],
  [
    "looking for streams",
    async ({ client }) => {
      await expect(findStreams({ client, timeoutMs: 1 })).rejects.toMatchObject({
        code: "tensor_pool.discovery_timeout",
      });
      return { close: () => undefined };
    },
  ],
];

function both(...ends: readonly Ends[]): Ends {
  return {
    close: () => {
      for (const each of ends) each.close();
    },
  };
}

test.each(starts)("%s: whatever fails while it starts, nothing stays open", async (_, start) => {
  for (let failing = 1; ; failing++) {
    const world = new World(failing);
    let started: Ends | undefined;
    let refused = "";
    try {
      started = await start(world);
    } catch (error) {
      refused = String(error);
    }
    if (world.failed) {
      expect(refused).toContain("refused");
      expect([...world.open]).toEqual([]);
      continue;
    }
    expect(refused).toBe("");
    started?.close();
    started?.close();
    expect([...world.open]).toEqual([]);
    expect(failing).toBeGreaterThan(2);
    return;
  }
});
