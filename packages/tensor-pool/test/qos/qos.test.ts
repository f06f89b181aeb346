import { expect, test } from "@jest/globals";
import {
  encodeConsumerQos,
  encodeProducerQos,
  QosReporter,
  randomId,
  SenderWatch,
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
  const watch = new SenderWatch(7, 100, new SeededRandom(1));
  expect(watch.observed(7, 100, () => true)).toBe(false);
  expect(watch.observed(8, 200, () => true)).toBe(false);
  expect(watch.observed(7, 200, () => false)).toBe(false);
  expect(watch.observed(7, 200, () => true)).toBe(true);
  expect(watch.id).not.toBe(7);
  expect(watch.id).toBeGreaterThan(0);
});

test("random ids are never 0 and never the one that is taken", () => {
  const random = new SeededRandom(3);
  for (let count = 0; count < 1_000; count++) expect(randomId(random, 5)).toBeGreaterThan(0);
});
