import { expect, test } from "@jest/globals";
import { SeededRandom } from "@proj/wire-types";
import { setFlagsFromString } from "node:v8";
import { runInThisContext } from "node:vm";
import { Congestion } from "#src/cc/congestion.js";
import { RttEstimator } from "#src/cc/rtt.js";
import { PeerWorker } from "#src/engine/peer-worker.js";
import { KeyHash } from "#src/sched/key-hash.js";
import { AwakeTime } from "#src/health/awake-time.js";
import { PeerHealth } from "#src/health/peer-health.js";
import { type Feedback, feedback } from "#src/wire/path-frames.js";

const timers = { initialRttUs: 1000, timerGranularityUs: 100, maxPtoUs: 2_000_000 };
const PACKET = 1400;
const GIGABYTE = 2 ** 30;

// Says whether V8 keeps two objects in the same way: code that was compiled for one serves the other.
function sameShape(one: object, other: object): boolean {
  setFlagsFromString("--allow-natives-syntax");
  const ask = runInThisContext("(one, other) => %HaveSameMap(one, other)") as (
    one: object,
    other: object,
  ) => boolean;
  return ask(one, other);
}

function report(sent: number, bytes: number): Feedback {
  return { ...feedback(), largest: sent - 1, packets: sent, bytes };
}

test("what is known of a path's rate keeps its shape when two gigabytes have passed, time goes by and a peer is in trouble", () => {
  const [early, late] = [0, 1].map(() => new Congestion(PACKET, new RttEstimator(timers)));
  if (early === undefined || late === undefined) throw new Error("none");
  for (const each of [early, late]) {
    each.packetSent(10.5, PACKET);
    each.feedback(50.5, report(1, PACKET));
    each.packetSent(60.5, PACKET);
  }
  late.feedback(20_000_000.5, report(2, 3 * GIGABYTE));
  late.feedback(20_000_100.5, report(2, 3 * GIGABYTE));
  late.giveUpInflight();
  late.paceShare = 0.5;
  expect(sameShape(early, late)).toBe(true);
  expect(sameShape(early.bbr, late.bbr)).toBe(true);
});

test("what is counted of a peer's worker keeps its shape beyond two gigabytes", () => {
  const options = {
    worker: 0,
    keys: {} as PeerWorker["keys"],
    tombstones: {} as PeerWorker["tombstones"],
    packetWindow: 256,
    notifyWindow: 256,
    counters: { packetNumber: 0, notifySeq: 0 } as never,
    hash: new KeyHash(new SeededRandom(1)),
  };
  const [early, late] = [new PeerWorker(options), new PeerWorker(options)];
  late.byteCount += 3 * GIGABYTE;
  late.largestAtUs = 1.5;
  expect(sameShape(early, late)).toBe(true);
  expect(early.byteCount + 0).toBe(0);
});

test("what is thought of a peer keeps its shape when it answers probes", () => {
  const awake = new AwakeTime(0.5, 100);
  const [early, late] = [new PeerHealth(0.5, awake), new PeerHealth(0.5, awake)];
  late.probeSent();
  late.probeAnswered(1000.5);
  late.sample(2000.5, 1);
  expect(sameShape(early, late)).toBe(true);
});
