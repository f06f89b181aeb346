import { describe, expect, test } from "@jest/globals";
import { type CloseOptions, id64, type PathId } from "@proj/dcquic-core";
import { Status } from "#src/engine/status.js";
import { StreamLayer } from "#src/stream/stream-layer.js";
import { FrameType, Pattern, Shape } from "#src/wire/constants.js";
import { encodeStreamCloseAck } from "#src/wire/stream-frames.js";
import { notifyFrame } from "../support/frames.js";
import { RawPeer } from "../support/raw-peer.js";
import { stillPort } from "../support/still-port.js";

const PATH = 1 as PathId;
const OTHER = 2 as PathId;
const OPENS = Shape.OpenedByAnnouncer | Shape.Open | Shape.Headers | Pattern.Bidirectional;

/** A layer that takes whatever is opened, and what it sends to close streams. */
function taking(maxStreams: number) {
  const closes: { path: PathId; close: CloseOptions }[] = [];
  let [rejected, shown] = [0, 0];
  const port = stillPort({
    reject: () => (rejected += 1),
    close: (path, close) => void closes.push({ path, close }),
  });
  const layer = new StreamLayer({ port, maxStreams, onIncoming: () => (shown += 1) });
  const opens = (path: PathId, number: number, shape: number = OPENS): void =>
    layer.handle({
      kind: "transferOffered",
      path,
      transfer: id64(1, number),
      streamId: id64(2, number),
      shape,
      priority: 3,
      messageSeq: 0,
      totalBytes: 0,
      meta: new Uint8Array(0),
      token: undefined,
      whole: new Uint8Array(0),
    });
  return { layer, opens, closes, counts: () => ({ rejected, shown }) };
}

describe("§11: what a peer leaves open has a limit", () => {
  test("one stream more is refused as overloaded, without anybody being asked; others of its kind make room", () => {
    const { layer, opens, closes, counts } = taking(3);
    for (let number = 0; number < 4; number++) opens(PATH, number);
    expect(counts()).toEqual({ rejected: 1, shown: 3 });
    const [{ path, close } = { path: OTHER, close: undefined }] = closes;
    expect([closes.length, path, close?.streamId, close?.status]).toEqual([
      1,
      PATH,
      id64(2, 3),
      Status.Overloaded,
    ]);
    // Another peer has a limit of its own.
    opens(OTHER, 10);
    expect(counts().shown).toBe(4);
    // Its refusal is acknowledged, and it closes a stream.
    layer.handle({ kind: "streamCloseAcknowledged", path: PATH, streamId: id64(2, 3) });
    layer.handle({
      kind: "streamClosed",
      path: PATH,
      streamId: id64(2, 0),
      opener: false,
      scope: 0,
      status: Status.Cancelled,
      finalCount: 0,
      reason: "",
    });
    opens(PATH, 5);
    expect(counts().shown).toBe(5);
  });

  test("a peer that acknowledges no close may open nothing more once as many wait as it may have transfers", () => {
    const peer = new RawPeer({ maxTransfersPerPeer: 5 });
    const opening = { shape: OPENS, flags: 0 };
    for (let seq = 0; seq < 5; seq++) {
      peer.send(notifyFrame({ ...opening, notifySeq: seq }));
      const { streamId, transfer } = peer.of("transferOffered").at(-1) ?? {};
      if (streamId === undefined || transfer === undefined) throw new Error("not offered");
      peer.engine.reject(transfer);
      const close = { streamId: id64(9, seq), opener: false, scope: 0, status: 2, finalCount: 0 };
      peer.engine.close(peer.nowUs, peer.path, close);
      peer.transmit();
    }
    peer.send(notifyFrame({ ...opening, notifySeq: 5 }));
    expect(peer.of("transferOffered")).toHaveLength(5);
    const accepts = peer
      .read(peer.transmit())
      .filter(({ type }) => type === FrameType.TransferAccept);
    expect(accepts.at(-1)?.frame["entries"]).toMatchObject({ 0: { status: 3 } });
    // What goes on in streams that are open is taken.
    peer.send(notifyFrame({ shape: Shape.OpenedByAnnouncer, notifySeq: 6 }));
    expect(peer.of("transferOffered")).toHaveLength(6);
    peer.send((writer) => {
      writer.u8(FrameType.StreamCloseAck);
      encodeStreamCloseAck(writer, { streamId: id64(9, 0), opener: true });
    });
    peer.send(notifyFrame({ ...opening, notifySeq: 7 }));
    expect(peer.of("transferOffered")).toHaveLength(7);
  });
});

test("§4: a stream of a pattern that is not known here is closed, so that nobody waits for it", () => {
  const { opens, closes, counts } = taking(3);
  for (const code of [5, 6, 7]) opens(PATH, code, Shape.OpenedByAnnouncer | Shape.Open | code);
  expect(counts()).toEqual({ rejected: 3, shown: 0 });
  expect(closes.map(({ close }) => [close.streamId, close.status])).toEqual(
    [5, 6, 7].map((code) => [id64(2, code), Status.Protocol]),
  );
});
