import { expect, test } from "@jest/globals";
import { id64, type Id64 } from "@proj/dcquic-core";
import { CloseScope, FrameType } from "#src/wire/constants.js";
import { encodeStreamCloseAck } from "#src/wire/stream-frames.js";
import { probeFrame } from "../support/frames.js";
import { RawPeer } from "../support/raw-peer.js";

const INITIAL_RTT_US = 100_000;

function closed(peer: RawPeer, number: number): Id64 {
  const streamId = id64(1, number);
  const close = { streamId, opener: true, scope: CloseScope.Both, status: 1, finalCount: 0 };
  peer.engine.close(peer.nowUs, peer.path, close);
  return streamId;
}

function acknowledge(peer: RawPeer, streamId: Id64): void {
  peer.send((writer) => {
    writer.u8(FrameType.StreamCloseAck);
    encodeStreamCloseAck(writer, { streamId, opener: false });
  });
}

function closesIn(peer: RawPeer, datagrams: readonly Uint8Array[]): number {
  return peer.read(datagrams).filter(({ type }) => type === FrameType.StreamClose).length;
}

/** A peer that was told of a close, and of another one so many packets and so much time later. */
function toldTwice(packets: number, laterUs: number): { peer: RawPeer; second: Id64 } {
  const peer = new RawPeer({ initialRttUs: INITIAL_RTT_US });
  closed(peer, 1);
  expect(closesIn(peer, peer.transmit())).toBe(1);
  // An answer each.
  for (let i = 1; i < packets; i++) {
    peer.send(probeFrame(i));
    peer.read(peer.transmit());
  }
  const second = closed(peer, 2);
  expect(closesIn(peer, peer.transmit(laterUs))).toBe(1);
  return { peer, second };
}

test("§13.2: a close is repeated at once when one that was sent more than three packets later is answered", () => {
  const { peer, second } = toldTwice(5, INITIAL_RTT_US / 8);
  acknowledge(peer, second);
  expect(closesIn(peer, peer.transmit())).toBe(1);
  // Once in a round trip.
  acknowledge(peer, second);
  expect(closesIn(peer, peer.transmit())).toBe(0);
  const { closesRepeatedFast, closesRepeatedTimer } = peer.engine.counters;
  expect([closesRepeatedFast, closesRepeatedTimer]).toEqual([1, 0]);
});

test.each([
  ["three packets are no reason", 3, INITIAL_RTT_US / 8],
  ["nor is an eighth of a round trip less", 5, INITIAL_RTT_US / 16],
])("§13.2: what was sent close together may have been overtaken: %s", (_, packets, laterUs) => {
  const { peer, second } = toldTwice(packets, laterUs);
  acknowledge(peer, second);
  expect(closesIn(peer, peer.transmit())).toBe(0);
  // Then its timer has it repeated.
  expect(closesIn(peer, peer.transmit(4 * INITIAL_RTT_US))).toBe(1);
  const { closesRepeatedFast, closesRepeatedTimer } = peer.engine.counters;
  expect([closesRepeatedFast, closesRepeatedTimer]).toEqual([0, 1]);
});

test("§21: an announcement that is taken back was not repeated, the taking back may be", () => {
  const peer = new RawPeer({ initialRttUs: INITIAL_RTT_US });
  const payload = new Uint8Array(5000);
  const options = { shape: 0x30, priority: 0, messageSeq: 0, payload };
  const result = peer.engine.announce(peer.nowUs, peer.path, options);
  if (result.kind !== "announced") throw new Error(result.kind);
  peer.transmit();
  peer.engine.cancel(result.transfer);
  const resets = (afterUs: number): number =>
    peer.read(peer.transmit(afterUs)).filter(({ type }) => type === FrameType.FlowReset).length;
  expect(resets(0)).toBe(1);
  expect(peer.engine.counters.announcementsRepeatedTimer).toBe(0);
  expect(resets(4 * INITIAL_RTT_US)).toBe(1);
  expect(peer.engine.counters.announcementsRepeatedTimer).toBe(1);
});
