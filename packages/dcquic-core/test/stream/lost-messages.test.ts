import { expect, test } from "@jest/globals";
import type { EngineEvent, PathId } from "@proj/dcquic-core";
import type { CloseOptions } from "#src/engine/stream-closer.js";
import { Status } from "#src/engine/status.js";
import type { Stream, StreamHandlers } from "#src/stream/stream.js";
import { StreamLayer } from "#src/stream/stream-layer.js";
import { CloseScope } from "#src/wire/constants.js";
import { stillPort } from "../support/still-port.js";

const PATH = 1 as PathId;
const STREAM = { hi: 1, lo: 1 };
const ANSWER = { hi: 1, lo: 2 };
const BIDIRECTIONAL = 3;
const nothing = (): void => {};

/** A stream that its layer opened and whose peer announced a message, and the closes that the peer is told. */
function answered(): {
  readonly layer: StreamLayer;
  readonly stream: Stream;
  readonly closes: CloseOptions[];
  readonly ended: number[];
} {
  const closes: CloseOptions[] = [];
  const ended: number[] = [];
  const port = stillPort({
    announce: (_path, options, done) =>
      done({ kind: "announced", transfer: STREAM, token: undefined }, options),
    close: (_path, options) => void closes.push(options),
  });
  const layer = new StreamLayer({ port });
  const handlers: StreamHandlers = {
    headers: nothing,
    readable: nothing,
    writable: nothing,
    stopped: nothing,
    closed: ({ status }) => void ended.push(status),
  };
  const options = { priority: 3, ordered: true, handlers };
  const stream = layer.open(PATH, { ...options, pattern: "bidirectional" });
  stream.send({ payload: Uint8Array.of(1), isLast: false, isHeaders: false });
  layer.handle({
    kind: "transferOffered",
    path: PATH,
    transfer: ANSWER,
    streamId: STREAM,
    shape: BIDIRECTIONAL,
    priority: 3,
    messageSeq: 0,
    totalBytes: 5000,
    meta: new Uint8Array(0),
    token: undefined,
    whole: undefined,
  });
  stream.begin();
  return { layer, stream, closes, ended };
}

function failed(side: "announcer" | "puller", status: number): EngineEvent {
  const transfer = side === "announcer" ? STREAM : ANSWER;
  return { kind: "transferFailed", path: PATH, transfer, side, status, rootCause: undefined };
}

const acknowledged: EngineEvent = {
  kind: "streamCloseAcknowledged",
  path: PATH,
  streamId: STREAM,
};

for (const side of ["announcer", "puller"] as const) {
  for (const status of [Status.PeerStateLost, Status.Protocol]) {
    test(`§15: a message that the ${side} lost with ${status}, on a path that stands, ends its stream for both, and nothing of it is kept`, () => {
      const { layer, closes, ended } = answered();
      layer.handle(failed(side, status));
      expect(ended).toEqual([status]);
      expect(closes).toMatchObject([{ scope: CloseScope.Both, status }]);
      layer.handle(acknowledged);
      expect(layer.size).toBe(0);
    });
  }
}

test("§15: a message that is lost when nobody wants it any more leaves its stream alone", () => {
  const { layer, stream, closes, ended } = answered();
  stream.stopReceiving();
  layer.handle(failed("puller", Status.PeerStateLost));
  expect(ended).toEqual([]);
  expect(closes).toMatchObject([{ scope: CloseScope.ReceiveDone }]);
});
