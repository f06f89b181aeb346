import { describe, expect, test } from "@jest/globals";
import { id64 } from "@proj/dcquic-core";
import { NotifyFlag, ResetCode } from "#src/wire/constants.js";
import type { NotifyEntry } from "#src/wire/notify-entry.js";
import { closedFrame, type Frame, notifyFrame, resetFrame } from "../support/frames.js";
import { RawPeer } from "../support/raw-peer.js";
import { heapBytes } from "../support/used-bytes.js";

const NEVER = 2 ** 40;

/** What says that an announcement comes after others. */
function after(...numbers: readonly number[]) {
  const deps = numbers.map((notifySeq) => ({ worker: 0, notifySeq, kind: 2 }));
  return { flags: NotifyFlag.Deps, depCount: deps.length, deps };
}

/** Numbers of the announcements that were offered, in order. */
function offered(peer: RawPeer): readonly number[] {
  return peer.of("transferOffered").map(({ messageSeq }) => messageSeq);
}

/** An announcement, by whose number its offer is known. */
function announced(notifySeq: number, more: Partial<NotifyEntry> = {}): Frame {
  return notifyFrame({ notifySeq, messageSeq: notifySeq, ...more }, 500);
}

/** Announces and takes back, `count` times, what waits for numbers that never come. */
function announceAndTakeBack(peer: RawPeer, first: number, count: number): void {
  for (let seq = first; seq < first + count; seq++) {
    peer.send(announced(seq, after(NEVER, NEVER + seq)));
    peer.send(resetFrame(id64(), ResetCode.Cancelled, seq));
    if (seq % 64 === 63) peer.send(closedFrame(seq + 1));
    peer.transmit();
  }
}

describe("§5, D-2: announcements that wait for others", () => {
  test("leave nothing behind when they are taken back, whatever they waited for", () => {
    const peer = new RawPeer();
    announceAndTakeBack(peer, 0, 10_000);
    const before = heapBytes();
    announceAndTakeBack(peer, 10_000, 10_000);
    expect((heapBytes() - before) / 10_000).toBeLessThan(100);
    expect(peer.notes).toEqual([]);
    expect(offered(peer)).toEqual([]);
  });

  test("are offered once all they name were, though one that waited with them is gone", () => {
    const peer = new RawPeer();
    peer.send(announced(2, after(0, 1)));
    peer.send(announced(3, after(0, 1)));
    peer.send(resetFrame(id64(), ResetCode.Cancelled, 2));
    peer.send(announced(0));
    expect(offered(peer)).toEqual([0]);
    peer.send(announced(1));
    expect(offered(peer)).toEqual([0, 1, 3]);
  });
});
