import { describe, expect, test } from "@jest/globals";
import { type Id64, id64, nullCrypto } from "@proj/dcquic-core";
import { runWorkload } from "@proj/dcquic-core/sim";
import { challengeProof } from "#src/crypto/challenge-proof.js";
import { nodeCrypto } from "#src/io/node-crypto.js";
import { AcceptStatus, FrameType, NotifyFlag } from "#src/wire/constants.js";
import { encodeChallengeResponse } from "#src/wire/transfer-frames.js";
import { closedFrame, notifyFrame } from "../support/frames.js";
import { RawPeer } from "../support/raw-peer.js";

const WINDOW = 256;

/** Takes and uses what was offered last. */
function use(peer: RawPeer): void {
  const { transfer = id64() } = peer.of("transferOffered").at(-1) ?? {};
  peer.engine.accept(peer.nowUs, transfer);
  peer.engine.consume(transfer);
}

/** A peer whose announcement 0 never came, and whose window slid past it. */
function slid(inlineStartBytes: number): RawPeer {
  const windows = { replayNotifyWindow: WINDOW, notifyWindow: WINDOW };
  const peer = new RawPeer({ ...windows, inlineStartBytes, inlinePoolBytes: 1 });
  for (let seq = 1; seq < WINDOW; seq++) {
    peer.send(notifyFrame({ notifySeq: seq }));
    use(peer);
    peer.transmit();
  }
  peer.send(notifyFrame({ notifySeq: WINDOW + 40 }));
  use(peer);
  peer.transmit();
  return peer;
}

function statuses(peer: RawPeer): readonly number[] {
  return peer
    .read(peer.transmit())
    .filter(({ type }) => type === FrameType.TransferAccept)
    .flatMap(({ frame }) => {
      const { count, entries } = frame as { count: number; entries: { status: number }[] };
      return entries.slice(0, count).map(({ status }) => status);
    });
}

describe("§10, §11: announcements that come late", () => {
  test("copies of what was finished and closed long ago break no credit", () => {
    const peer = slid(2048);
    const inline = new Uint8Array(1000);
    for (const notifySeq of [WINDOW + 41, WINDOW + 42]) {
      peer.send(notifyFrame({ notifySeq, inline }));
      use(peer);
    }
    peer.send(closedFrame(WINDOW + 43));
    // Numbers below the window that carry more than may come now.
    for (let seq = 2; seq < 6; seq++) peer.send(notifyFrame({ notifySeq: seq, inline }));
    peer.send(notifyFrame({ notifySeq: 0, inline }));
    expect(peer.notes).not.toContain("creditViolation");
    expect(peer.of("pathFailed")).toEqual([]);
  });

  test("what is proved is held to credit: three times beyond it end the path", () => {
    const peer = slid(1500);
    const inline = new Uint8Array(1000);
    const prove = (notifySeq: number): void => {
      peer.send(notifyFrame({ notifySeq, inline }));
      const challenged = peer
        .read(peer.transmit())
        .find(({ type }) => type === FrameType.TransferChallenge);
      if (challenged === undefined) throw new Error("nobody was challenged");
      const { nonce, announcerId } = challenged.frame as { nonce: Uint8Array; announcerId: Id64 };
      const proof = challengeProof(nodeCrypto, nonce, announcerId, notifySeq, inline);
      const frame = { announcerId, notifySeq, nonce: nonce.slice(), proof };
      peer.send((writer) => {
        writer.u8(FrameType.TransferChallengeResponse);
        encodeChallengeResponse(writer, frame);
      });
    };
    peer.send(closedFrame(0, [[1, WINDOW]]));
    const before = peer.of("transferOffered").length;
    // Nothing returns credit: what is offered is not used.
    for (const seq of [0, 2, 3, 4, 5, 6]) {
      if (peer.of("pathFailed").length === 0) prove(seq);
    }
    expect(peer.notes.filter((note) => note === "creditViolation")).toHaveLength(3);
    expect(peer.of("pathFailed")).toMatchObject([{ status: 15 }]);
    expect(peer.of("transferOffered").length - before).toBeGreaterThan(0);
    expect(peer.engine.stats.outstandingBytes).toBe(0);
  });
});

describe("§9.2: refusals", () => {
  test.each([
    { what: "overloaded", config: { maxTransfersPerPeer: 1 }, status: AcceptStatus.Overloaded },
    { what: "a limit", config: { maxMessageBytes: 100 }, status: AcceptStatus.Limit },
  ])("because of $what are said again as often as is asked, until CLOSED", ({ config, status }) => {
    const peer = new RawPeer(config);
    peer.send(notifyFrame({ notifySeq: 0 }, 50));
    peer.transmit();
    for (let i = 0; i < 3; i++) {
      const flags = i === 0 ? 0 : NotifyFlag.Retransmit;
      peer.send(notifyFrame({ notifySeq: 1, flags }, 500));
      expect(statuses(peer)).toEqual([status]);
    }
    peer.send(closedFrame(2));
    peer.send(notifyFrame({ notifySeq: 1, flags: NotifyFlag.Retransmit }, 500));
    expect(statuses(peer)).toEqual([]);
  });

  test("of inline payload cost its sender no credit for good", () => {
    const peer = new RawPeer({ maxTransfersPerPeer: 1, inlineStartBytes: 4096 });
    peer.send(notifyFrame({ notifySeq: 0 }, 500));
    const inline = new Uint8Array(1000);
    for (let seq = 1; seq < 60; seq++) {
      peer.send(notifyFrame({ notifySeq: seq, inline }));
      peer.transmit();
    }
    expect(peer.notes).toEqual([]);
    expect(peer.of("pathFailed")).toEqual([]);
  });

  test.each([
    { what: "too large", config: { maxMessageBytes: 1000 }, consumeUs: 0 },
    { what: "too many", config: { maxTransfersPerPeer: 4 }, consumeUs: 50_000 },
  ])("of what is $what reach everyone, over links that lose a third", ({ config, consumeUs }) => {
    const transfers = Array.from({ length: 60 }, (_, i) => ({
      from: 1,
      to: 0,
      bytes: 2000,
      atUs: 300 * i,
    }));
    const faults = { loss: 0.3 };
    const more = { crypto: nullCrypto, transfers, faults, config, consumeUs };
    const { outcomes } = runWorkload({ seed: 6, hosts: 2, ...more, untilUs: 60e6 });
    const waiting = outcomes.filter(
      ({ drainedUs, failed }) => drainedUs === undefined && failed === undefined,
    );
    expect(waiting).toEqual([]);
    expect(outcomes.some(({ failed }) => failed === 14 || failed === 3)).toBe(true);
  });
});
