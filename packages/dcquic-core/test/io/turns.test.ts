import { afterEach, describe, expect, test } from "@jest/globals";
import type { TransportPool } from "@proj/dcquic-core";
import { type BindDriver, UdpDriver } from "@proj/dcquic-core/node";
import { Turns } from "#src/io/turns.js";
import { localPool } from "../support/udp-pools.js";

const tick = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe("what an application says leaves in its turn", () => {
  const running: Turns[] = [];
  afterEach(() => {
    for (const turns of running.splice(0)) turns.stop();
  });

  function recorded(): { readonly turns: Turns; readonly log: string[] } {
    const log: string[] = [];
    const turns = new Turns({ run: () => log.push("run"), send: () => log.push("send") });
    running.push(turns);
    return { turns, log };
  }

  test("after every promise that is settled by then, and once for all that was said", async () => {
    const { turns, log } = recorded();
    turns.soon();
    await Promise.resolve();
    await Promise.resolve();
    log.push("answered");
    turns.soon();
    await turn();
    expect(log).toEqual(["answered", "send"]);
  });

  test("and in the next turn where the turn has sent: those who speak one by one share it", async () => {
    const { turns, log } = recorded();
    turns.soon();
    await tick();
    await tick();
    expect(log).toEqual(["send"]);
    turns.soon();
    turns.soon();
    expect(log).toEqual(["send"]);
    await turn();
    await turn();
    expect(log).toEqual(["send", "run"]);
  });

  test("at one time, which is read once for all of it, and anew for what is said after it was sent", async () => {
    const { turns } = recorded();
    const pause = (): void => {
      for (const until = performance.now() + 2; performance.now() < until;);
    };
    const before = turns.saidUs;
    pause();
    turns.soon();
    const first = turns.saidUs;
    expect(first - before).toBeGreaterThan(1000);
    pause();
    await Promise.resolve();
    expect(turns.saidUs).toBe(first);
    await tick();
    await tick();
    const second = turns.saidUs;
    expect(second - first).toBeGreaterThan(1000);
    await turn();
    turns.soon();
    expect(turns.saidUs).toBeGreaterThan(second);
  });

  test("also where each turn of the event loop is one of its own, until it is stopped", async () => {
    const { turns, log } = recorded();
    turns.always();
    for (let i = 0; i < 3; i++) await turn();
    expect(log).toEqual(["run", "run", "run"]);
    turns.soon();
    await tick();
    await tick();
    turns.stop();
    await turn();
    expect(log).toEqual(["run", "run", "run", "send"]);
  });

  test("unless it was stopped meanwhile", async () => {
    const { turns, log } = recorded();
    turns.soon();
    turns.stop();
    await turn();
    expect(log).toEqual([]);
  });
});

test("an answer shares the datagram with the acknowledgement of its question", async () => {
  const drivers: UdpDriver[] = [];
  const bind: BindDriver = async (options) => {
    const driver = await UdpDriver.bind(options);
    drivers.push(driver);
    return driver;
  };
  const pools: TransportPool[] = [await localPool({ bind }), await localPool({ bind })];
  try {
    const [caller, answerer] = pools;
    if (caller === undefined || answerer === undefined) throw new TypeError("no pools");
    answerer.serve({
      accept: async (incoming) => incoming.reply((await incoming.request()).bytes),
    });
    await caller.connect(answerer.name);
    const calls = 200;
    for (let i = 0; i < calls; i++) {
      (await caller.unaryRpc(answerer.name, Uint8Array.of(i)).response).release();
    }
    // Two would be the acknowledgement alone and then the answer; repeats and probes of a busy machine come on top of one.
    for (const { engine } of drivers) {
      const { packetsSent, probes, announcementsRepeatedFast, announcementsRepeatedTimer } =
        engine.counters;
      const repeated = announcementsRepeatedFast + announcementsRepeatedTimer;
      expect(packetsSent - repeated - probes).toBeLessThan(1.7 * calls);
    }
  } finally {
    await Promise.all(pools.map((pool) => pool.close()));
  }
});
