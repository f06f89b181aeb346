// Every way to find differences, over real sockets, against baselines of every shape. The stored file is the judge.
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { deltaAlgorithms } from "@proj/dwcp";
import type { DwcpNode } from "@proj/dwcp/node";
import { noise, words } from "../support/hde.js";
import { addressOf, storedIn, TwoNodes } from "../support/two-nodes.js";

const from = Buffer.concat([words(90_000, 1), noise(60_000, 2), words(70_001, 3)]);
const shapes: Readonly<Record<string, readonly Uint8Array[]>> = {
  absent: [],
  empty: [new Uint8Array(0)],
  "one byte": [from.subarray(0, 1)],
  same: [from],
  shorter: [from.subarray(0, 100_000)],
  longer: [Buffer.concat([from, noise(50_000, 4)])],
  shifted: [Buffer.concat([Buffer.from("in front"), from])],
  "cut in the middle": [Buffer.concat([from.subarray(0, 70_000), from.subarray(70_123)])],
  unrelated: [noise(200_000, 5)],
};

describe.each(deltaAlgorithms)("B10: %s", (algorithm) => {
  let world: TwoNodes;
  let receiver: DwcpNode;
  let sender: DwcpNode;

  beforeAll(async () => {
    world = new TwoNodes();
    receiver = await world.receiving();
    sender = await world.start({ nodeId: "sender" });
  });
  afterAll(() => world.close());

  test.each(Object.keys(shapes))("against a baseline that is %s", async (shape) => {
    const key = `${algorithm} ${shape}`;
    const baselines = shapes[shape] ?? [];
    for (const old of baselines) {
      await sender.send(addressOf(receiver), { key, generation: 1, from: old });
    }
    for (const length of [from.length, 4_096, 1, 0]) {
      const object = from.subarray(0, length);
      const generation = 10 + from.length - length;
      await sender.send(addressOf(receiver), {
        key,
        generation,
        from: object,
        baselines,
        algorithm,
      });
      expect(storedIn(receiver, key).equals(object)).toBe(true);
    }
  });
});
