import { describe, expect, test } from "@jest/globals";
import { SESSION_TEST_MS, sessionRuns } from "../support/session-runs.js";
import { type Faults, FaultyWorld } from "./faulty-world.js";

const runs = sessionRuns(2, 5000);
const seeds = Array.from({ length: runs }, (_, i) => 1000 + i * 7919);

const none: Faults = { flip: 0, duplicate: 0, dropAck: 0, refuse: 0, disconnect: 0 };
const worlds: readonly { readonly name: string; readonly faults: Faults }[] = [
  { name: "a good line", faults: none },
  { name: "damaged frames", faults: { ...none, flip: 0.05 } },
  { name: "repeated frames", faults: { ...none, duplicate: 0.2 } },
  { name: "lost ACKs", faults: { ...none, dropAck: 0.5 } },
  { name: "a storm of NACKs", faults: { ...none, refuse: 0.5 } },
  { name: "broken connections", faults: { ...none, disconnect: 0.01 } },
  {
    name: "all of it",
    faults: { flip: 0.02, duplicate: 0.1, dropAck: 0.2, refuse: 0.2, disconnect: 0.003 },
  },
];

describe.each(worlds)("under $name", ({ faults }) => {
  test.each(seeds)(
    "every message runs once and is answered, seed %i",
    (seed) => {
      for (const encrypted of [false, true]) {
        const world = new FaultyWorld({ seed, faults, requests: 60, encrypted });
        world.run();
        const twice = [...world.executions].filter(([, times]) => times > 1);
        expect({ encrypted, twice, damaged: world.damaged }).toEqual({
          encrypted,
          twice: [],
          damaged: 0,
        });
        // A train that may have arrived must not be encrypted again in the same epoch: it fails rather than run twice. §12
        const safely = encrypted && faults.disconnect > 0 ? /^the peer answered 0x0104/ : /^$/;
        const unanswered = world.tasks.filter(
          ({ outcome }) => outcome !== "replied" && !safely.test(outcome),
        );
        expect(unanswered.map((task) => `${task.key} ${task.outcome}`)).toEqual([]);
        expect(world.leftovers).toBe(0);
        expect(world.worstQueuedBytes).toBeLessThan(4 * 1024 * 1024);
      }
    },
    SESSION_TEST_MS,
  );
});

test("the same seed gives the same run", () => {
  const faults = worlds.at(-1)?.faults ?? none;
  const digests = [1, 2].map(() => {
    const world = new FaultyWorld({ seed: 77, faults, requests: 40, encrypted: true });
    world.run();
    return world.digest;
  });
  expect(digests[0]).toBe(digests[1]);
});
