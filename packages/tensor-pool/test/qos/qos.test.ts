import { expect, test } from "@jest/globals";
import {
  encodeConsumerQos,
  encodeProducerQos,
  IdWatch,
  QosReporter,
  randomId,
  wire,
} from "@proj/tensor-pool";
import { SeededRandom } from "@proj/wire-types";

test("§11: a report goes out each second, with what is true then", () => {
  let seq = -1;
  const reporter = new QosReporter(() =>
    encodeProducerQos({ streamId: 1, producerId: 2, epoch: 3n, currentSeq: seq }),
  );
  const first = reporter.due(5n);
  seq = 99;
  expect(reporter.due(1_000_000_004n)).toBeUndefined();
  const second = reporter.due(1_000_000_005n);
  expect([first, second].map((bytes) => bytes && wire.decodeQosProducer(bytes))).toEqual([
    { streamId: 1, producerId: 2, epoch: 3n, currentSeq: 0n },
    { streamId: 1, producerId: 2, epoch: 3n, currentSeq: 99n },
  ]);
});

test("§9: a consumer reports the highest frame it took, also if it was late", () => {
  const bytes = encodeConsumerQos({
    streamId: 1,
    consumerId: 2,
    epoch: 3n,
    lastSeqSeen: 7,
    dropsGap: 2,
    dropsLate: 1,
    mode: wire.Mode.STREAM,
  });
  expect(wire.decodeQosConsumer(bytes)).toMatchObject({ lastSeqSeen: 7n, dropsLate: 1n });
});

test("§11: of two with one id the later one picks another", () => {
  const [first, later] = [new IdWatch(7, new SeededRandom(1)), new IdWatch(7, new SeededRandom(2))];
  const heard = (): boolean[] => [first.seen(7), later.seen(7)];
  for (let report = 0; report < 3; report++) {
    first.sent();
    expect(first.seen(7)).toBe(false);
  }
  later.sent();
  expect(heard()).toEqual([false, false]);
  first.sent();
  expect(heard()).toEqual([false, true]);
  expect(later.id).not.toBe(7);
  expect(later.seen(7)).toBe(false);
  expect(first.id).toBe(7);
});

test("§11: an id that somebody uses already is given up before it is used", () => {
  const watch = new IdWatch(7, new SeededRandom(1));
  expect(watch.seen(8)).toBe(false);
  expect(watch.seen(7)).toBe(true);
  expect(watch.id).not.toBe(7);
});

test("random ids are never 0 and never the one that is taken", () => {
  const random = new SeededRandom(3);
  for (let count = 0; count < 1_000; count++) expect(randomId(random, 5)).toBeGreaterThan(0);
});
