import { expect, test } from "@jest/globals";
import type { TrafficReading } from "@proj/dwcp/node";
import { ReplicaMeter } from "#src/replicate/replica-meter.js";

function reading(unitBytes: number, inflightBytes: number, streams: number): TrafficReading {
  return {
    peer: "a:1",
    condition: "established",
    sessions: 1,
    streams,
    goodput: 0,
    bandwidth: 0,
    minRttUs: 0,
    smoothedRttUs: 0,
    inflightBytes,
    sentBytes: 0,
    receivedBytes: 0,
    unitBytes,
    repeats: { streamDied: 0, stalled: 0, refused: 0, hedged: 0 },
    openings: { attached: streams, failed: 0 },
    streamDeaths: new Map(),
    adjustments: { up: 0, down: 0 },
    resumes: 0,
  };
}

test("the ratio is of what arrived in this run, by what that cost", () => {
  const node = { traffic: [reading(1_000, 0, 1)] };
  const meter = new ReplicaMeter(node, 50_000);
  expect(meter.note(50_000)).toBe("1 stream");
  node.traffic = [reading(14_000, 3_000, 8)];
  expect(meter.note(92_000)).toBe("4.2:1, 8 streams");
});
