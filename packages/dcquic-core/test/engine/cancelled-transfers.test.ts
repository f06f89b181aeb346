import { describe, expect, test } from "@jest/globals";
import { CloseScope, type Id64, id64 } from "@proj/dcquic-core";
import { AcceptStatus, FrameType, ResetCode } from "#src/wire/constants.js";
import { encodeStreamCloseAck } from "#src/wire/stream-frames.js";
import { acceptFrame, pullFrame, resetFrame } from "../support/frames.js";
import { RawPeer } from "../support/raw-peer.js";

/** Announces a message that has to be pulled, and says how it and its buffer are called. */
function announced(peer: RawPeer): { transfer: Id64; buffer: Id64 } {
  const result = peer.engine.announce(peer.nowUs, peer.path, {
    shape: 0x30,
    priority: 3,
    messageSeq: 0,
    payload: new Uint8Array(5000),
    inline: "never",
  });
  if (result.kind !== "announced") throw new Error(result.kind);
  const notify = peer.read(peer.transmit()).find(({ type }) => type === FrameType.TransferNotify);
  if (notify === undefined) throw new Error("nothing was announced");
  const { hi, lo } = notify.frame["bufferId"] as Id64;
  return { transfer: id64(result.transfer.hi, result.transfer.lo), buffer: id64(hi, lo) };
}

/** What the engine says within a while of transfers that are not what its peer thinks. */
function resets(peer: RawPeer, afterUs = 0): readonly Record<string, unknown>[] {
  return peer
    .read(peer.transmit(afterUs))
    .filter(({ type }) => type === FrameType.FlowReset)
    .map(({ frame }) => frame);
}

function pull(peer: RawPeer, transfer: Id64, buffer: Id64): readonly Record<string, unknown>[] {
  peer.send(pullFrame(transfer, buffer, [[0, 1000]]));
  return resets(peer);
}

describe("§9.6: a pull of a transfer that is not there", () => {
  test("is told that it was cancelled, as often as it comes, or that it never was", () => {
    const peer = new RawPeer();
    const { transfer, buffer } = announced(peer);
    peer.send(acceptFrame(transfer, AcceptStatus.New));
    peer.engine.cancel(transfer);
    peer.transmit();
    for (let i = 0; i < 3; i++) {
      expect(pull(peer, transfer, buffer)).toMatchObject([{ code: ResetCode.Cancelled }]);
    }
    expect(pull(peer, id64(transfer.hi, 99), buffer)).toMatchObject([{ code: ResetCode.Unknown }]);
  });

  test("is told that it was cancelled also on the path that it was moved from", () => {
    const peer = new RawPeer();
    const later = peer.beside();
    const { transfer, buffer } = announced(peer);
    peer.send(acceptFrame(transfer, AcceptStatus.New));
    peer.engine.moveTransfers(peer.nowUs, peer.path, later.path);
    peer.transmit();
    later.send(acceptFrame(transfer, AcceptStatus.DuplicateActive));
    peer.engine.cancel(transfer);
    peer.transmit();
    expect(pull(peer, transfer, buffer)).toMatchObject([{ code: ResetCode.Cancelled }]);
    expect(pull(later, transfer, buffer)).toMatchObject([{ code: ResetCode.Cancelled }]);
  });

  test("is denied of one that the peer itself gave up", () => {
    const peer = new RawPeer();
    const { transfer, buffer } = announced(peer);
    peer.send(acceptFrame(transfer, AcceptStatus.New));
    peer.send(resetFrame(transfer, ResetCode.Integrity));
    expect(pull(peer, transfer, buffer)).toMatchObject([{ code: ResetCode.Unknown }]);
  });
});

describe("D-2: an announcement that is taken back", () => {
  test("is taken back until that is answered, whatever is said of the announcement, and none of its bytes are sent", () => {
    const peer = new RawPeer();
    const { transfer, buffer } = announced(peer);
    peer.engine.cancel(transfer);
    peer.transmit();
    for (const status of [AcceptStatus.New, AcceptStatus.DuplicateActive]) {
      peer.send(acceptFrame(transfer, status));
      peer.send(pullFrame(transfer, buffer, [[0, 1000]]));
      const frames = peer.read(peer.transmit(3_000_000));
      expect(frames.map(({ type }) => type)).not.toContain(-1);
      const { ownId, code } = frames.find(({ type }) => type === FrameType.FlowReset)?.frame ?? {};
      expect([ownId, code]).toEqual([{ hi: transfer.hi, lo: transfer.lo }, ResetCode.Cancelled]);
    }
    peer.send(acceptFrame(transfer, AcceptStatus.Voided));
    expect(resets(peer, 3_000_000)).toEqual([]);
    expect(peer.engine.queuedBytes()).toBe(0);
    expect(peer.of("transferFailed")).toHaveLength(1);
    expect(peer.of("transferAccepted")).toEqual([]);
  });
});

describe("§15: an abort that takes the place of an orderly end", () => {
  test("is repeated for as long as answers may be to that end, however often it was said", () => {
    const peer = new RawPeer();
    const streamId = id64(1, 7);
    const close = { streamId, opener: true, finalCount: 0 };
    const closes = (afterUs = 0): number =>
      peer.read(peer.transmit(afterUs)).filter(({ type }) => type === FrameType.StreamClose).length;
    const acknowledge = (): void =>
      peer.send((writer) => {
        writer.u8(FrameType.StreamCloseAck);
        encodeStreamCloseAck(writer, { streamId, opener: false });
      });
    peer.engine.close(peer.nowUs, peer.path, { ...close, scope: CloseScope.SendDone, status: 0 });
    expect([closes(), closes(100_000)]).toEqual([1, 1]);
    peer.engine.close(peer.nowUs, peer.path, { ...close, scope: CloseScope.Both, status: 4711 });
    expect(closes()).toBe(1);
    for (let i = 0; i < 2; i++) {
      acknowledge();
      expect([closes(), peer.of("streamCloseAcknowledged").length]).toEqual([1, 0]);
    }
    acknowledge();
    expect([closes(3_000_000), peer.of("streamCloseAcknowledged").length]).toEqual([0, 1]);
  });

  test("is repeated also where the end was said twice, and answered once before", () => {
    const peer = new RawPeer();
    const streamId = id64(1, 7);
    const close = { streamId, opener: true, finalCount: 0 };
    const acknowledge = (): void =>
      peer.send((writer) => {
        writer.u8(FrameType.StreamCloseAck);
        encodeStreamCloseAck(writer, { streamId, opener: false });
      });
    peer.engine.close(peer.nowUs, peer.path, { ...close, scope: CloseScope.SendDone, status: 0 });
    peer.transmit();
    peer.transmit(100_000);
    acknowledge();
    peer.engine.close(peer.nowUs, peer.path, { ...close, scope: CloseScope.Both, status: 4711 });
    peer.transmit();
    acknowledge();
    expect(peer.engine.stats.closes).toBe(1);
    peer.transmit();
    acknowledge();
    expect(peer.engine.stats.closes).toBe(0);
  });
});
