import { describe, expect, test } from "@jest/globals";
import { type Id64, id64 } from "@proj/dcquic-core";
import { FrameType } from "#src/wire/constants.js";
import { cancelFrame, chunkOf, notifyFrame, type Pairs, pullFrame } from "../support/frames.js";
import { RawPeer } from "../support/raw-peer.js";

describe("§3 row 13, flow-control messages, §9.7: CANCEL_PULL", () => {
  /** The bytes of DATA that are sent after a pull of everything, of which these ranges are withdrawn. */
  function served(withdrawn: Pairs): { bytes: number; peer: RawPeer; transfer: Id64 } {
    const peer = new RawPeer();
    const options = { shape: 0x30, priority: 0, messageSeq: 0, payload: new Uint8Array(8000) };
    const result = peer.engine.announce(peer.nowUs, peer.path, options);
    if (result.kind !== "announced") throw new Error(result.kind);
    peer.transmit();
    const { transfer } = result;
    const [first, second] = [
      pullFrame(transfer, transfer, [[0, 4000]]),
      pullFrame(transfer, transfer, [[4000, 8000]]),
    ];
    peer.send((writer) => {
      for (const frame of [first, second, cancelFrame(transfer, withdrawn)]) frame(writer);
    });
    peer.transmit();
    return { bytes: peer.engine.counters.payloadSent, peer, transfer };
  }

  test("what was asked for and withdrawn is not sent: a range, or everything", () => {
    expect(served([[8000, 8001]]).bytes).toBe(8000);
    expect(served([[4000, 8000]]).bytes).toBe(4000);
    expect(
      served([
        [0, 4000],
        [4001, 8000],
      ]).bytes,
    ).toBe(4000);
    expect(served([]).bytes).toBe(0);
  });

  test("it ends nothing: what was withdrawn may be asked for again", () => {
    const { peer, transfer } = served([]);
    expect(peer.of("transferFailed")).toEqual([]);
    peer.send(pullFrame(transfer, transfer, [[0, 8000]]));
    peer.transmit(1000);
    expect(peer.engine.counters.payloadSent).toBe(8000);
  });

  test("one for a transfer that is not there, or of bytes that are not, does nothing: nobody waits for an answer", () => {
    const peer = new RawPeer();
    peer.send(cancelFrame(id64(9, 9)));
    const types = peer.read(peer.transmit()).map(({ type }) => type);
    expect(types).not.toContain(FrameType.FlowReset);
    expect(peer.notes).toEqual([]);
    expect(served([[1_000_000, 2_000_000]]).bytes).toBe(8000);
  });

  test("a puller that rejects what it pulls withdraws, and bytes that still arrive are dropped", () => {
    const peer = new RawPeer();
    peer.send(notifyFrame({}, 50_000));
    const [{ transfer } = { transfer: id64() }] = peer.of("transferOffered");
    peer.engine.accept(peer.nowUs, transfer);
    expect(peer.read(peer.transmit()).map(({ type }) => type)).toContain(FrameType.PullRequest);
    peer.engine.reject(transfer);
    const types = peer.read(peer.transmit()).map(({ type }) => type);
    expect(types).toContain(FrameType.CancelPull);
    expect(peer.engine.stats.outstandingBytes).toBe(0);
    peer.sendData(chunkOf(transfer, 0, new Uint8Array(1000)));
    expect(peer.of("transferDelivered")).toEqual([]);
    expect(peer.engine.stats.outstandingBytes).toBe(0);
  });
});
