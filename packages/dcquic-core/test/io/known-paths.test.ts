import { expect, test } from "@jest/globals";
import type { PathId, Route } from "@proj/dcquic-core";
import { KnownPaths } from "#src/io/pool/known-paths.js";
import type { PoolWorker } from "#src/io/pool/pool-worker.js";
import { establishedAs } from "../support/raw-peer.js";

const SECOND = 1_000_000;

/** A worker on whose paths so many streams run. */
function worker(streams: number): PoolWorker {
  return { paths: new Map(), layer: { streamsOn: () => streams } } as unknown as PoolWorker;
}

/** Adds a path to a peer whose worker `peerHome` is at home to it. */
function add(known: KnownPaths, atUs: number, home: PoolWorker, number: number, peerHome = 0) {
  const endpoints = [{ worker: peerHome, host: "10.0.0.1", ports: [1], nic: 0, bandwidth: 1 }];
  const path = establishedAs("dialer", number, { endpoints });
  const { credentialId } = path;
  const route = { peer: "rack:1", path: number as PathId, credentialId } as Route;
  return known.add(atUs, home, route, { path, replaceAtUs: Infinity }).added;
}

test("§7.1, §10.4: what lingers on a superseded path is moved in time, and looked up there until a minute is over", () => {
  const known = new KnownPaths(10, () => {});
  const home = worker(1);
  const [before, after] = [add(known, 0, home, 1), add(known, 0, home, 2)];
  expect(known.takeLingering(29 * SECOND)).toEqual([]);
  expect(known.takeLingering(30 * SECOND)).toEqual([{ before, after }]);
  expect(known.takeLingering(31 * SECOND)).toEqual([]);
  expect(known.takeRetired(59 * SECOND)).toEqual([]);
  expect(known.takeRetired(60 * SECOND)).toEqual([before]);
  expect(known.newest("rack:1")).toBe(after);
});

test("§7.1: one on which nothing runs is forgotten at once, and nothing moves to another worker", () => {
  const idle = new KnownPaths(10, () => {});
  const before = add(idle, 0, worker(0), 1);
  add(idle, 0, worker(0), 2);
  expect(idle.takeLingering(30 * SECOND)).toEqual([]);
  expect(idle.takeRetired(SECOND)).toEqual([before]);
  const split = new KnownPaths(10, () => {});
  add(split, 0, worker(1), 1);
  add(split, 0, worker(1), 2);
  expect(split.takeLingering(30 * SECOND)).toEqual([]);
});

test.each([
  { whose: "here", homes: [worker(1), worker(1)], peerHomes: [0, 0] },
  { whose: "at the peer", homes: Array(2).fill(worker(1)) as PoolWorker[], peerHomes: [0, 1] },
])(
  "§7.1, §18: what runs stays on a path whose successor has another home $whose, until it is over",
  ({ homes: [first = worker(1), second = worker(1)], peerHomes: [there = 0, elsewhere = 0] }) => {
    const known = new KnownPaths(10, () => {});
    let streams = 1;
    first.layer.streamsOn = () => streams;
    const before = add(known, 0, first, 1, there);
    const after = add(known, 0, second, 2, elsewhere);
    expect(known.takeLingering(3600 * SECOND)).toEqual([]);
    expect(known.takeRetired(3600 * SECOND)).toEqual([]);
    streams = 0;
    expect(known.takeRetired(3601 * SECOND)).toEqual([before]);
    expect(known.newest("rack:1")).toBe(after);
  },
);
