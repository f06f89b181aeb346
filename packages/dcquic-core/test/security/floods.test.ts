import { describe, expect, test } from "@jest/globals";
import { type Id64, id64 } from "@proj/dcquic-core";
import { FrameType, PullFlag } from "#src/wire/constants.js";
import type { WireWriter } from "#src/wire/wire-writer.js";
import {
  ackFrame,
  challengeFrame,
  closedFrame,
  closeFrame,
  type Frame,
  notifyFrame,
  type Pairs,
  probeFrame,
  pullFrame,
} from "../support/frames.js";
import { RawPeer } from "../support/raw-peer.js";

const RANGES = 64;

/** One packet full of frames. */
function many(count: number, frameAt: (index: number) => Frame): (writer: WireWriter) => void {
  return (writer) => {
    for (let i = 0; i < count; i++) frameAt(i)(writer);
  };
}

/** Single bytes with gaps of one, as many as a frame holds. */
function dust(from: number): Pairs {
  return Array.from({ length: RANGES }, (_, i) => [from + 2 * i, from + 2 * i + 1] as const);
}

function announced(peer: RawPeer, bytes: number): Id64 {
  const options = { shape: 0x30, priority: 0, messageSeq: 0, payload: new Uint8Array(bytes) };
  const result = peer.engine.announce(peer.nowUs, peer.path, options);
  if (result.kind !== "announced") throw new Error(result.kind);
  peer.transmit();
  return result.transfer;
}

/** How many frames of a kind the engine answers with, while time passes. */
function answers(peer: RawPeer, kind: number): number {
  let count = 0;
  for (let i = 0; i < 200; i++) {
    const sent = peer.read(peer.transmit());
    count += sent.filter(({ type }) => type === kind).length;
    if (sent.length === 0) break;
  }
  return count;
}

describe("§11: every queue that a peer fills has a limit", () => {
  test("answers to probes: 64", () => {
    const peer = new RawPeer();
    for (let i = 0; i < 20; i++) peer.send(many(100, probeFrame));
    expect(answers(peer, FrameType.ProbeResponse)).toBe(64);
  });

  test("acknowledgements of closes: 16,384", () => {
    const peer = new RawPeer();
    for (let i = 0; i < 280; i++) peer.send(many(60, (k) => closeFrame(id64(i, k))));
    expect(answers(peer, FrameType.StreamCloseAck)).toBe(16_384);
  });

  test("challenges that no transfer answers: as many resets", () => {
    const peer = new RawPeer();
    for (let i = 0; i < 500; i++) peer.send(many(35, (k) => challengeFrame(id64(i, k), k)));
    expect(answers(peer, FrameType.FlowReset)).toBeLessThanOrEqual(16_384);
  });

  test("complaints about stale keys: 1024", () => {
    const peer = new RawPeer();
    // The second key retires the first a second later.
    peer.send(probeFrame());
    for (let keyId = 1; keyId <= 2; keyId++) {
      peer.nextKey();
      peer.send(probeFrame());
      peer.transmit(3_000_000);
    }
    for (let i = 0; i < 1500; i++) peer.deliver(peer.seal(probeFrame(), { keyId: 0 }));
    const told = peer.transmit().filter((datagram) => datagram[1] === 0x11);
    expect(told.length).toBeGreaterThan(0);
    expect(told.length).toBeLessThanOrEqual(1024);
  });

  test("pieces of one message that wait to be sent: 1024", () => {
    const peer = new RawPeer();
    const transfer = announced(peer, 200_000);
    for (let i = 0; i < 20; i++) peer.send(pullFrame(transfer, transfer, dust(1000 * i)));
    for (let i = 0; i < 20; i++) {
      // Nothing is reported as received: the window opens when the puller gives it up.
      peer.send(pullFrame(transfer, transfer, [], PullFlag.Retransmit));
      peer.transmit(1000);
    }
    expect(peer.engine.stats.payloadSent).toBe(1024);
  });

  test("pieces of one message that are acknowledged: 65,536, beyond which only all of it counts", () => {
    const peer = new RawPeer();
    const transfer = announced(peer, 200_000);
    for (let i = 0; i < 1100; i++) peer.send(ackFrame(transfer, 0, dust(130 * i)));
    expect(peer.notes).toContain("protocolViolation");
    expect(peer.of("transferDrained")).toEqual([]);
    peer.send(ackFrame(transfer, 1));
    expect(peer.of("transferDrained")).toHaveLength(1);
  });

  test("numbers that were never announced take no memory when they are closed", () => {
    const peer = new RawPeer();
    peer.send(closedFrame(0, dust(1_000_000)));
    peer.send(closedFrame(2 ** 52, dust(10)));
    // Everything that could have been announced is closed now, and nothing beyond it.
    expect(peer.notes).toEqual([]);
    peer.send(notifyFrame({ notifySeq: 1023, inline: Uint8Array.of(1) }));
    expect(peer.of("transferOffered")).toHaveLength(1);
  });

  test("transfers of one peer: as configured, the others are refused as overloaded", () => {
    const peer = new RawPeer({ maxTransfersPerPeer: 10 });
    for (let seq = 0; seq < 12; seq++) peer.send(notifyFrame({ notifySeq: seq }, 500));
    expect(peer.of("transferOffered")).toHaveLength(10);
    const statuses = peer
      .read(peer.transmit())
      .filter(({ type }) => type === FrameType.TransferAccept)
      .flatMap(({ frame }) => {
        const { count, entries } = frame as { count: number; entries: { status: number }[] };
        return entries.slice(0, count).map(({ status }) => status);
      });
    expect(statuses.filter((status) => status === 3)).toHaveLength(2);
  });

  test("messages larger than is accepted are refused before memory is taken", () => {
    const peer = new RawPeer({ maxMessageBytes: 1000 });
    peer.send(notifyFrame({}, 1001));
    expect(peer.of("transferOffered")).toEqual([]);
    expect(peer.engine.stats.entries).toBe(0);
  });
});

describe("§10: doubtful announcements", () => {
  /** A peer whose window slid past the first 100 numbers. */
  function slid(config: ConstructorParameters<typeof RawPeer>[0] = {}): RawPeer {
    const window = { replayNotifyWindow: 1024, notifyWindow: 1024, inlineStartBytes: 60_000 };
    const peer = new RawPeer({ ...window, ...config });
    for (let seq = 100; seq < 1020; seq++) {
      peer.send(notifyFrame({ notifySeq: seq }));
      const offer = peer.of("transferOffered").at(-1)?.transfer ?? id64();
      peer.engine.accept(peer.nowUs, offer);
      peer.engine.consume(offer);
      if (seq % 64 === 0) peer.transmit();
    }
    peer.transmit();
    peer.send(notifyFrame({ notifySeq: 1023 + 100 }));
    peer.events.length = 0;
    return peer;
  }

  test("§10.3: inline ones wait for their proof in a bounded pool, the oldest go", () => {
    const peer = slid({ challengeEntries: 8 });
    const before = peer.engine.stats.entries;
    for (let seq = 0; seq < 40; seq++) {
      peer.send(notifyFrame({ notifySeq: seq, inline: new Uint8Array(100) }));
    }
    expect(peer.engine.stats.entries - before).toBe(8);
    expect(peer.of("transferOffered")).toEqual([]);
  });

  test("§10.3: their bytes are bounded as well", () => {
    const peer = slid({ challengeBytes: 1000 });
    const before = peer.engine.stats.entries;
    for (let seq = 0; seq < 40; seq++) {
      peer.send(notifyFrame({ notifySeq: seq, inline: new Uint8Array(300) }));
    }
    expect(peer.engine.stats.entries - before).toBeLessThanOrEqual(3);
  });

  test("§10.3: a large one takes the place of as many small ones as it needs", () => {
    const peer = slid({ challengeBytes: 1000 });
    const before = peer.engine.stats.entries;
    for (let seq = 0; seq < 90; seq++) {
      peer.send(notifyFrame({ notifySeq: seq, inline: new Uint8Array(seq < 80 ? 10 : 500) }));
    }
    expect(peer.engine.stats.entries - before).toBe(2);
  });

  test("§10.2: the others are asked for their first bytes three times, and never offered", () => {
    const peer = slid();
    const before = peer.engine.stats.entries;
    for (let seq = 0; seq < 20; seq++) peer.send(notifyFrame({ notifySeq: seq }, 500));
    expect(peer.engine.stats.entries - before).toBe(20);
    let pulls = 0;
    for (let i = 0; i < 100; i++) {
      const sent = peer.read(peer.transmit(100_000));
      pulls += sent.filter(({ type }) => type === FrameType.PullRequest).length;
    }
    expect(pulls).toBe(60);
    expect(peer.of("transferOffered")).toEqual([]);
    expect(peer.engine.stats.entries).toBe(before);
    expect(peer.engine.stats.outstandingBytes).toBe(0);
  });
});

describe("§10.3: challenges", () => {
  test("one is answered while the transfer lives, not from what is left of it, nor for another number", () => {
    const peer = new RawPeer();
    const transfer = announced(peer, 10);
    const responses = (seq: number): number[] => {
      peer.send(challengeFrame(transfer, seq));
      return peer.read(peer.transmit()).map(({ type }) => type);
    };
    expect(responses(0)).toContain(FrameType.TransferChallengeResponse);
    expect(responses(1)).toContain(FrameType.FlowReset);
    peer.send(ackFrame(transfer, 1));
    const after = responses(0);
    expect(after).toContain(FrameType.FlowReset);
    expect(after).not.toContain(FrameType.TransferChallengeResponse);
  });
});
