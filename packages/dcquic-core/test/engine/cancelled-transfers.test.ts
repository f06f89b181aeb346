import { describe, expect, test } from "@jest/globals";
import { type Id64, id64 } from "@proj/dcquic-core";
import { AcceptStatus, FrameType, ResetCode } from "#src/wire/constants.js";
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
