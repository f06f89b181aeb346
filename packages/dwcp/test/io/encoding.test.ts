// What encoding does between two nodes with real sockets. The stored file is the judge.
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { DwcpNode, SendResult } from "@proj/dwcp/node";
import { until } from "@proj/wire-types/testing";
import { words } from "../support/hde.js";
import { addressOf, storedIn, TwoNodes } from "../support/two-nodes.js";

describe("two nodes", () => {
  let world: TwoNodes;
  let folder: string;

  beforeEach(() => {
    world = new TwoNodes();
    folder = world.folder;
  });

  afterEach(() => world.close());

  function keeping(limits = {}): Promise<DwcpNode> {
    return world.start({ nodeId: "sender", baselines: { folder: join(folder, "kept"), limits } });
  }

  async function states(
    sender: DwcpNode,
    receiver: DwcpNode,
    generations: readonly Uint8Array[],
  ): Promise<SendResult[]> {
    const results: SendResult[] = [];
    for (const [at, from] of generations.entries()) {
      const generation = at + 1;
      results.push(await sender.send(addressOf(receiver), { key: "db", generation, from }));
      expect(storedIn(receiver, "db").equals(from)).toBe(true);
    }
    return results;
  }

  function changing(count: number): Buffer[] {
    const first = randomBytes(3_000_000);
    const all = [first];
    for (let i = 1; i < count; i++) {
      const next = Buffer.from(all.at(-1) ?? first);
      randomBytes(5_000).copy(next, 400_000 * i);
      all.push(next);
    }
    return all;
  }

  describe("B12: baselines that a sender keeps", () => {
    test("carry the next states, which nobody named them for", async () => {
      const [sender, receiver] = [await keeping(), await world.receiving()];
      const results = await states(sender, receiver, changing(4));
      expect(results[0]?.wireBytes).toBeGreaterThan(3_000_000);
      for (const [at, result] of results.slice(1).entries()) {
        expect(result.wireBytes).toBeLessThan(60_000);
        expect(result.baselineId).toBe(results[at]?.rootHash);
      }
    });

    test("end their chain where it is as long as it may be", async () => {
      const sender = await keeping({ maxDeltaChain: 2 });
      const results = await states(sender, await world.receiving(), changing(5));
      const isWhole = results.map(({ baselineId }) => baselineId === undefined);
      expect(isWhole).toEqual([true, false, false, true, false]);
    });

    test("serve the next process", async () => {
      const receiver = await world.receiving();
      const [first, second] = changing(2);
      if (first === undefined || second === undefined) throw new Error("two");
      const sender = await keeping();
      await states(sender, receiver, [first]);
      await world.stop(sender);
      const [result] = await states(await keeping(), receiver, [second]);
      expect(result?.wireBytes).toBeLessThan(60_000);
    });

    test("that the receiver lost cost a whole transfer, and it is counted", async () => {
      const [sender, receiver] = [await keeping(), await world.receiving()];
      const [first, second] = changing(2);
      if (first === undefined || second === undefined) throw new Error("two");
      await states(sender, receiver, [first]);
      rmSync(receiver.store?.latest("db")?.path ?? "", { force: true });
      const result = await sender.send(addressOf(receiver), {
        key: "db",
        generation: 2,
        from: second,
      });
      expect(storedIn(receiver, "db").equals(second)).toBe(true);
      expect(result).toMatchObject({ baselineId: undefined, fallbacks: 1 });
    });

    test("whose file was changed are not used", async () => {
      const [sender, receiver] = [await keeping(), await world.receiving()];
      const [first, second] = changing(2);
      if (first === undefined || second === undefined) throw new Error("two");
      await states(sender, receiver, [first]);
      await world.stop(sender);
      const kept = join(folder, "kept");
      const name = readdirSync(kept).find((each) => each.endsWith(".baseline")) ?? "";
      const bytes = readFileSync(join(kept, name));
      bytes[77] = (bytes[77] ?? 0) ^ 1;
      writeFileSync(join(kept, name), bytes);
      const [result] = await states(await keeping(), receiver, [second]);
      expect(result?.baselineId).toBeUndefined();
      expect(existsSync(join(kept, name))).toBe(false);
    });

    test("are asked for, pruned and dropped over the session", async () => {
      const [sender, receiver] = [await keeping({ maxBaselines: 2 }), await world.receiving()];
      const results = await states(sender, receiver, changing(4));
      const ids = results.map(({ rootHash }) => rootHash);
      // The receiver keeps two generations.
      const answer = await sender.queryBaselines(addressOf(receiver), ids);
      expect(answer).toMatchObject({ present: ids.slice(2), missing: ids.slice(0, 2) });
      // Two states with their notes; files go a little later than they are forgotten.
      await until(() => readdirSync(join(folder, "kept")).length === 4, "files of two states");
      expect(sender.pruneBaselines()).toEqual([]);
      const stranger = await sender.queryBaselines({ host: "127.0.0.1", port: 1 }, ids);
      expect(stranger.missing).toEqual(ids);
    });
  });

  describe("B10: own data", () => {
    test("that has arrived is referred to, with a baseline and without", async () => {
      const receiver = await world.receiving();
      const sender = await world.start({ nodeId: "sender", workers: 1 });
      const peer = await world.slowly(receiver, 3_000_000);
      // Some MB are encoded before what they repeat has arrived: there have to be far more.
      const half = randomBytes(20_000_000);
      const from = Buffer.concat([half, Buffer.from("between"), half]);
      const alone = await sender.send(peer, { key: "twice", from });
      expect(storedIn(receiver, "twice").equals(from)).toBe(true);
      expect(alone.wireBytes).toBeLessThan(0.8 * from.length);
      const old = randomBytes(5_000_000);
      await sender.send(addressOf(receiver), { key: "based", generation: 1, from: old });
      const next = { key: "based", generation: 2, from, baselines: [old] };
      const based = await sender.send(peer, next);
      expect(storedIn(receiver, "based").equals(from)).toBe(true);
      expect(based.wireBytes).toBeLessThan(0.8 * from.length);
    });
  });

  describe("B11: dictionaries", () => {
    const row = (id: number) =>
      Buffer.from(
        JSON.stringify({
          id,
          account: `customer-${id * 7919}`,
          status: id % 3 === 0 ? "delivered" : "on its way",
          address: { street: `${id} Long Street`, city: "Somewhere", country: "Utopia" },
          items: [{ article: `article-${id % 50}`, price: id % 90, currency: "EUR" }],
        }),
      );

    test("are trained of small objects, handed over, and make the next ones smaller", async () => {
      const receiver = await world.receiving();
      const sender = await world.start({ nodeId: "sender", dictionaries: { minSamples: 40 } });
      const sizes: number[] = [];
      for (let id = 0; id < 400; id++) {
        const key = `row-${id % 10}`;
        const from = row(id);
        const request = {
          key,
          generation: id,
          from,
          resourceClass: "order",
          algorithm: "auto",
        } as const;
        const result = await sender.send(addressOf(receiver), request);
        expect(storedIn(receiver, key).equals(from)).toBe(true);
        sizes.push(result.wireBytes);
        if (id > 60 && result.wireBytes < (sizes[0] ?? 0) - 80) break;
        if (id > 40) await sleep(20);
      }
      expect(sizes.at(-1)).toBeLessThan((sizes[0] ?? 0) - 80);
    });

    test("are not used with a peer that was started anew until it has them again", async () => {
      const receiver = await world.receiving();
      const sender = await world.start({ nodeId: "sender", dictionaries: { minSamples: 40 } });
      for (let id = 0; id < 60; id++) {
        await sender.send(addressOf(receiver), {
          key: "r",
          generation: id,
          from: row(id),
          resourceClass: "o",
        });
      }
      await sleep(500);
      const { port } = addressOf(receiver);
      await world.stop(receiver);
      const again = await world.receiving(port);
      for (let id = 100; id < 110; id++) {
        const request = { key: "r", generation: id, from: row(id), resourceClass: "o" };
        await sender.send(addressOf(again), request);
        expect(storedIn(again, "r").equals(row(id))).toBe(true);
      }
    });
  });

  test("B11: the level is the one asked for, or follows CPU and link", async () => {
    // One stream: what is late on a busy machine does not go twice.
    const streams = { minStreams: 1, initialStreams: 1, maxStreams: 1 };
    const sender = await world.start({ nodeId: "sender", streams });
    const receiver = await world.receiving();
    const from = words(2_000_000, 5);
    const sizes: number[] = [];
    for (const level of [0, 1, 9]) {
      const result = await sender.send(addressOf(receiver), {
        key: "text",
        generation: level,
        from,
        level,
      });
      expect(storedIn(receiver, "text").equals(from)).toBe(true);
      sizes.push(result.wireBytes);
    }
    const [stores, fast, small] = sizes;
    expect(stores).toBeGreaterThan(2_000_000);
    expect(fast).toBeLessThan(1_500_000);
    expect(small).toBeLessThan(fast ?? 0);
    const adaptive = { key: "text", generation: 20, from, adaptive: true, level: 2 };
    expect((await sender.send(addressOf(receiver), adaptive)).wireBytes).toBeLessThan(1_500_000);
  });
});
