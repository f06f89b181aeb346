import { describe, expect, test } from "@jest/globals";
import { ConnectionPool } from "@proj/capnweb-rpc";
import { turns } from "../support/memory-transport.js";
import { type Api, World } from "./world.js";

describe("a pool", () => {
  test("spreads calls over its connections, round robin", async () => {
    const world = new World();
    const pool = new ConnectionPool<Api>(
      world.connector(),
      world.options({ size: 3, choice: "roundRobin" as const }),
    );
    await Promise.all(pool.members.map((member) => member.opened()));
    const who = await Promise.all([0, 1, 2, 3].map(() => pool.main.who()));
    expect(who.toSorted()).toEqual(["server 0", "server 0", "server 1", "server 2"]);
    pool.close();
  });

  test("prefers the connection with the fewest awaited results, and passes by what is down", async () => {
    const world = new World();
    const pool = new ConnectionPool<Api>(world.connector(), world.options({ size: 2 }));
    await Promise.all(pool.members.map((member) => member.opened()));
    const busy = pool.acquire();
    void busy.never().catch(() => undefined);
    await turns();
    const idle = pool.members.find(({ outstanding }) => outstanding === 0);
    for (let n = 0; n < 4; n++) {
      expect(pool.acquire()).toBe(idle?.main);
    }
    world.down = true;
    await world.lose();
    expect(pool.ready).toBe(true);
    expect(await pool.main.add(1, 2)).toBe(3);
    pool.main[Symbol.dispose]();
    expect(pool.ready).toBe(false);
  });

  test("replaces a connection when it is old enough, which finishes first", async () => {
    const world = new World();
    const pool = new ConnectionPool<Api>(
      world.connector(),
      world.options({ size: 1, maxLifetimeMs: 1000, drainMs: 5000 }),
    );
    expect(await pool.main.who()).toBe("server 0");
    let answer: (() => void) | undefined;
    const slow = pool.main
      .call((() => new Promise((resolve) => (answer = () => resolve("old")))) as never)
      .then((text) => text);
    await turns();
    await world.advance(1000);
    expect(await pool.main.who()).toBe("server 1");
    answer?.();
    expect(await slow).toBe("old");
    await turns();
    expect(await pool.drain(1000)).toBe(true);
    expect(world.clients.every(({ aborted }) => aborted !== undefined)).toBe(true);
  });

  test("of no connections is a mistake", () => {
    expect(() => new ConnectionPool(new World().connector(), { size: 0 })).toThrow(RangeError);
  });
});
