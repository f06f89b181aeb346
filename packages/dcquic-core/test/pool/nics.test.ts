import { afterEach, describe, expect, test } from "@jest/globals";
import { type DcquicEvent, PoolMetrics, type TransportPool } from "@proj/dcquic-core";
import { type BindDriver, UdpDriver } from "@proj/dcquic-core/node";
import { MetricsRegistry } from "@proj/wire-types";
import { until } from "@proj/wire-types/testing";
import { constants } from "node:os";
import { poolsAtBothWorkers } from "../support/two-homes.js";
import { localPool } from "../support/udp-pools.js";
import { workerOf } from "../support/worker-of.js";

const pools: TransportPool[] = [];

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

/** A caller with a worker on each of `nics` NICs, peers of both workers, and what tells that the NIC of a worker is gone. */
async function cards(nics: number, address = "127.0.0.1") {
  const patient = { preset: "twoCoreTest", probeIdleUs: 5_000_000 } as const;
  const answerers = await poolsAtBothWorkers(4, () => localPool({ settings: patient }));
  for (const answerer of answerers) {
    answerer.serve({
      accept: async (incoming) => {
        await incoming.reply((await incoming.request()).bytes);
      },
    });
  }
  const gone: (() => void)[] = [];
  const bind: BindDriver = (options) => {
    gone[workerOf(options)] = () => options.onNicLost?.(constants.errno.ENETDOWN);
    return UdpDriver.bind(options);
  };
  const nic = { address, bytesPerSecond: 1e9, flowBytesPerSecond: 1e9 };
  const settings = { ...patient, workers: 2, nics: Array.from({ length: nics }, () => nic) };
  const caller = await localPool({ settings, bind });
  pools.push(caller, ...answerers);
  const events: DcquicEvent[] = [];
  caller.subscribe({ onEvent: (event) => events.push(event) });
  const callAll = async (): Promise<number> => {
    const calls = answerers.map(({ name }) => caller.unaryRpc(name, new Uint8Array(9)).response);
    return (await Promise.all(calls)).length;
  };
  const told = async (kind: string, state?: string): Promise<void> => {
    const isTold = (event: DcquicEvent): boolean =>
      event.kind === kind && (state === undefined || event.details["state"] === state);
    await until(() => events.some(isTold), `${kind} ${state ?? ""}`);
  };
  return { caller, callAll, gone, events, told };
}

describe("§18: NICs", () => {
  test("one that is gone loses its workers and no others, and has them back when it is there again", async () => {
    const { caller, callAll, gone, events, told } = await cards(2);
    await callAll();
    expect(caller.stats.routes?.nics).toEqual([
      { nic: 0, workers: [0], state: "up" },
      { nic: 1, workers: [1], state: "up" },
    ]);
    gone[0]?.();
    // Whatever else is sent meets it too: it is told once.
    gone[0]?.();
    expect(caller.stats.routes?.nics[0]?.state).toBe("down");
    expect(caller.stats.routes?.router.workersUp).toBe(1);
    expect(await callAll()).toBe(4);
    await told("net.nicStateChanged", "up");
    expect(events.filter(({ kind }) => kind === "net.nicLost")).toHaveLength(1);
    const moved = events.filter(({ kind }) => kind === "router.peerReassigned");
    expect(moved.length).toBeGreaterThan(0);
    expect(new Set(moved.map(({ worker, details }) => `${worker} ${details["to"]}`))).toEqual(
      new Set(["0 1"]),
    );
    expect(caller.stats.routes?.nics[0]?.state).toBe("up");
    expect(caller.stats.routes?.router.workersUp).toBe(2);
    expect(caller.stats.routes?.router.reassigned).toBe(moved.length);
    expect(await callAll()).toBe(4);
  });

  test("the only one is waited for: nobody is lost with it", async () => {
    const { caller, callAll, gone, told } = await cards(1);
    await callAll();
    gone[0]?.();
    expect(caller.stats.routes?.nics).toEqual([{ nic: 0, workers: [0, 1], state: "down" }]);
    expect(caller.stats.routes?.router).toMatchObject({ workersUp: 2, reassigned: 0 });
    expect(await callAll()).toBe(4);
    await told("net.nicStateChanged", "up");
  });

  test("one that no interface stands for is not said to be gone: nobody would see it return", async () => {
    const { caller, callAll, gone, events } = await cards(1, "0.0.0.0");
    await callAll();
    gone[0]?.();
    expect(caller.stats.routes?.nics).toEqual([{ nic: 0, workers: [0, 1], state: "up" }]);
    expect(events.filter(({ group }) => group === "net")).toEqual([]);
    expect(await callAll()).toBe(4);
  });

  test("§21: metrics tell their states, how busy they are, and what became of handshakes", async () => {
    const { caller, callAll, gone } = await cards(2);
    const registry = new MetricsRegistry();
    const metrics = new PoolMetrics(registry);
    await metrics.update(caller);
    await callAll();
    await expect(caller.connect("127.0.0.1:1")).rejects.toMatchObject({
      code: "dcquic.handshake_failed",
    });
    await metrics.update(caller);
    const dialled = (outcome: string) =>
      registry.value("dcquic_handshakes_total", { side: "dialled", outcome });
    expect([dialled("succeeded"), dialled("failed")]).toEqual([4, 1]);
    expect(registry.value("dcquic_routed_peers")).toBe(4);
    for (const nic of ["0", "1"]) {
      for (const name of ["sent_bytes_per_second", "received_bytes_per_second"]) {
        expect(registry.value(`dcquic_nic_${name}`, { nic })).toBeGreaterThan(0);
      }
      const busy = registry.value("dcquic_nic_utilisation_ratio", { nic }) ?? -1;
      expect(busy).toBeGreaterThan(0);
      expect(busy).toBeLessThan(1);
      expect(registry.value("dcquic_nic_drops_total", { nic })).toBe(0);
    }
    const state = (nic: string, of: string) =>
      registry.value("dcquic_nic_state", { nic, state: of });
    // Whoever looks meanwhile finds its address where it was.
    await until(async () => {
      gone[1]?.();
      await metrics.update(caller);
      return state("1", "down") === 1;
    }, "metrics of a NIC that is down");
    expect([state("0", "up"), state("0", "down")]).toEqual([1, 0]);
    expect([state("1", "up"), state("1", "down")]).toEqual([0, 1]);
    expect(registry.value("dcquic_workers_up")).toBe(1);
    expect(registry.value("dcquic_reassigned_peers_total")).toBeGreaterThan(0);
  });
});
