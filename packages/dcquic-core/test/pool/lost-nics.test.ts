import { afterEach, describe, expect, test } from "@jest/globals";
import type { DcquicEvent, TransportPool } from "@proj/dcquic-core";
import {
  type BindDriver,
  bindNative,
  bindThread,
  type PoolDriver,
  UdpDriver,
} from "@proj/dcquic-core/node";
import { backend } from "@proj/native-io";
import { until } from "@proj/wire-types/testing";
import { constants } from "node:os";
import { localPool } from "../support/udp-pools.js";
import { workerOf } from "../support/worker-of.js";

const pools: TransportPool[] = [];

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

const drivers: readonly (readonly [string, BindDriver])[] = [
  ["dgram", (options) => UdpDriver.bind(options)],
  ...(backend.kind === "native"
    ? ([
        ["native", bindNative],
        ["thread", bindThread],
      ] as const)
    : []),
];

/** A pool with a worker on each of two NICs, what takes one away until someone looks, and what others sent for a worker. */
async function twoCards(bind: BindDriver, however: (driver: PoolDriver) => void = () => {}) {
  const take: (() => void)[] = [];
  let carried = 0;
  const nic = { address: "127.0.0.1", bytesPerSecond: 1e8, flowBytesPerSecond: 1e8 };
  const pool = await localPool({
    settings: { preset: "twoCoreTest", workers: 2, nics: [nic, nic] },
    bind: async (options) => {
      take[workerOf(options)] = () => options.onNicLost?.(constants.errno.ENETDOWN);
      const driver: PoolDriver = await bind(options);
      const sendFor = driver.sendFor?.bind(driver);
      driver.sendFor = (packet) => {
        carried += 1;
        sendFor?.(packet);
      };
      however(driver);
      return driver;
    },
  });
  pools.push(pool);
  const events: DcquicEvent[] = [];
  pool.subscribe({ level: "debug", onEvent: (event) => events.push(event) });
  return { pool, take, events, carried: () => carried };
}

/** A peer of one worker that sends back what it gets. */
async function echo(): Promise<TransportPool> {
  const pool = await localPool({ settings: { preset: "twoCoreTest" } });
  pools.push(pool);
  pool.serve({
    accept: async (incoming) => {
      for await (const message of incoming) await incoming.write(message.copy());
      incoming.end();
    },
  });
  return pool;
}

/** Where the transfers of a pool run. */
async function homeOf(events: readonly DcquicEvent[]): Promise<number> {
  const accepted = () => events.find(({ kind }) => kind === "transfer.accepted");
  await until(() => accepted() !== undefined, "an accepted transfer");
  return accepted()?.worker ?? 0;
}

describe.each(drivers)("§18 over %s: a NIC that goes while another one is there", (_name, bind) => {
  test("ends nothing that runs: another worker sends for its own, again and again", async () => {
    const [{ pool, take, events, carried }, peer] = await Promise.all([twoCards(bind), echo()]);
    const both = pool.bidirectional(peer.name);
    await both.write(new Uint8Array(1));
    const home = await homeOf(events);
    let answered = 0;
    const reading = (async () => {
      for await (const { bytes } of both) {
        expect(bytes.every((byte) => byte === answered % 251)).toBe(true);
        answered += 1;
      }
    })();
    const sizes = [100, 5000, 200_000] as const;
    for (let i = 1; carried() < 50 || i < 30; i++) {
      // Until somebody looks: then its address is found where it was.
      take[home]?.();
      await both.write(new Uint8Array(sizes[i % sizes.length] ?? 0).fill(i % 251));
      const sent = i;
      await until(() => answered >= sent, "the answers before");
    }
    both.end();
    await reading;
    await both.closed;
    expect(carried()).toBeGreaterThanOrEqual(50);
    const kinds = new Set(events.map(({ kind }) => kind));
    expect(kinds).toContain("router.peerReassigned");
    expect(kinds).not.toContain("path.failed");
    expect(kinds).not.toContain("transfer.failed");
  });
});

test("§18: what runs on a NIC that goes is lost where nobody can send for its driver, and new calls go elsewhere", async () => {
  const ends = (driver: PoolDriver): void => {
    Object.defineProperty(driver, "sendBy", { value: undefined });
  };
  const [{ pool, take, events }, peer] = await Promise.all([
    twoCards((options) => UdpDriver.bind(options), ends),
    echo(),
  ]);
  const both = pool.bidirectional(peer.name);
  await both.write(new Uint8Array(1));
  take[await homeOf(events)]?.();
  await expect(both.closed).rejects.toMatchObject({ code: "dcquic.local_resource" });
  const again = pool.bidirectional(peer.name);
  await again.write(new Uint8Array(9));
  again.end();
  for await (const { bytes } of again) expect(bytes).toHaveLength(9);
});
