import { expect, test } from "@jest/globals";
import type { PathId } from "@proj/dcquic-core";
import { Status } from "#src/engine/status.js";
import type { Stream, StreamHandlers } from "#src/stream/stream.js";
import { StreamLayer } from "#src/stream/stream-layer.js";
import { stillPort } from "../support/still-port.js";

const PATH = 1 as PathId;
const nothing = (): void => {};

/** A layer whose engine, on another thread, takes a while to say how it calls a transfer. */
function slowEngine(): { layer: StreamLayer; answer: () => void; announced: () => number } {
  const waiting: (() => void)[] = [];
  let announced = 0;
  const port = stillPort({
    announce: (_path, options, done) => {
      const transfer = { hi: 1, lo: ++announced };
      waiting.push(() => done({ kind: "announced", transfer, token: undefined }, options));
    },
  });
  const answer = (): void => waiting.splice(0).forEach((each) => each());
  return { layer: new StreamLayer({ port }), answer, announced: () => announced };
}

function opened(layer: StreamLayer): { stream: Stream; statuses: number[] } {
  const statuses: number[] = [];
  const handlers: StreamHandlers = {
    headers: nothing,
    readable: nothing,
    writable: nothing,
    stopped: nothing,
    closed: ({ status }) => void statuses.push(status),
  };
  const stream = layer.open(PATH, {
    pattern: "bidirectional",
    priority: 3,
    ordered: true,
    handlers,
  });
  for (const payload of [Uint8Array.of(1), Uint8Array.of(2)]) {
    stream.send({ payload, isLast: false, isHeaders: false });
  }
  return { stream, statuses };
}

test("a stream whose id is not known yet is one of its layer's, and what is sent further waits for the id", () => {
  const { layer, answer, announced } = slowEngine();
  const { stream } = opened(layer);
  expect([layer.size, announced(), stream.id]).toEqual([1, 1, undefined]);
  answer();
  expect([layer.size, announced(), stream.id]).toEqual([1, 2, { hi: 1, lo: 1 }]);
});

test("a stream whose id is not known yet goes along to another path, and ends with its layer", () => {
  const { layer, answer } = slowEngine();
  const { stream, statuses } = opened(layer);
  layer.movePath(PATH, 2 as PathId);
  expect(stream.path).toBe(2);
  layer.closeAll(Status.GoingAway);
  answer();
  expect(statuses).toEqual([Status.GoingAway]);
});
