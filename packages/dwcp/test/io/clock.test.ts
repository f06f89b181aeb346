import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import { randomBytes } from "node:crypto";
import { storedIn, TwoNodes } from "../support/two-nodes.js";

const DAY_MS = 86_400_000;

let nodes: TwoNodes;

beforeEach(() => {
  nodes = new TwoNodes();
});
afterEach(async () => {
  jest.restoreAllMocks();
  await nodes.close();
});

test("B9: a clock that jumps by days, both ways, neither stalls, repeats nor ages anything", async () => {
  const real = Date.now;
  const clock = { offsetMs: 0 };
  jest.spyOn(Date, "now").mockImplementation(() => real() + clock.offsetMs);
  const receiver = await nodes.receiving();
  const baselines = { folder: `${nodes.folder}/kept` };
  const sender = await nodes.start({ nodeId: "sender", workers: 1, baselines });
  const to = await nodes.slowly(receiver, 2_000_000);
  const first = randomBytes(3_000_000);
  let jumps = 0;
  const progress = (): void => void (clock.offsetMs = (jumps++ % 2 === 0 ? 40 : -40) * DAY_MS);
  await sender.send(to, { key: "k", generation: 1, from: first, progress });
  expect(jumps).toBeGreaterThan(2);
  expect(storedIn(receiver, "k").equals(first)).toBe(true);
  clock.offsetMs = 40 * DAY_MS;
  // Kept a moment ago by the clock that counts: still there to be sent against.
  expect(sender.pruneBaselines()).toEqual([]);
  const second = Buffer.from(first);
  second.fill(7, 1_000_000, 1_004_000);
  const sent = await sender.send(to, { key: "k", generation: 2, from: second });
  expect(sent.wireBytes).toBeLessThan(200_000);
  expect(storedIn(receiver, "k").equals(second)).toBe(true);
  const [reading] = sender.traffic;
  expect(reading?.repeats).toMatchObject({ streamDied: 0, stalled: 0, refused: 0 });
  expect([reading?.resumes, reading?.streamDeaths.size]).toEqual([0, 0]);
});
