import { describe, expect, test } from "@jest/globals";
import { type EngineConfig, type Id64, id64, nullCrypto } from "@proj/dcquic-core";
import { runWorkload } from "@proj/dcquic-core/sim";
import { challengeProof } from "#src/crypto/challenge-proof.js";
import { nodeCrypto } from "#src/io/node-crypto.js";
import { AcceptStatus, FrameType, NotifyFlag, ResetCode } from "#src/wire/constants.js";
import { encodeChallengeResponse } from "#src/wire/transfer-frames.js";
import { closedFrame, notifyFrame, resetFrame } from "../support/frames.js";
import { RawPeer } from "../support/raw-peer.js";

const WINDOW = 256;

/** Takes and uses what was offered last. */
function use(peer: RawPeer): void {
  const { transfer = id64() } = peer.of("transferOffered").at(-1) ?? {};
  peer.engine.accept(peer.nowUs, transfer);
  peer.engine.consume(transfer);
}

/** A peer whose announcement 0 never came, and whose window slid past it. */
function slid(inlineStartBytes: number, config: Partial<EngineConfig> = {}): RawPeer {
  const windows = { replayNotifyWindow: WINDOW, notifyWindow: WINDOW };
  const peer = new RawPeer({ ...windows, inlineStartBytes, inlinePoolBytes: 1, ...config });
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

/** What a peer is asked to prove, of what it announced. */
function challenges(
  peer: RawPeer,
  afterUs = 0,
): readonly { nonce: Uint8Array; announcerId: Id64 }[] {
  return peer
    .read(peer.transmit(afterUs))
    .filter(({ type }) => type === FrameType.TransferChallenge)
    .map(({ frame }) => frame as { nonce: Uint8Array; announcerId: Id64 });
}

/** Announces a number below the window, and answers the challenge. */
function prove(peer: RawPeer, notifySeq: number, inline: Uint8Array): void {
  peer.send(notifyFrame({ notifySeq, inline }));
  const [challenged] = challenges(peer);
  if (challenged === undefined) throw new Error("nobody was challenged");
  const { nonce, announcerId } = challenged;
  const proof = challengeProof(nodeCrypto, nonce, announcerId, notifySeq, inline);
  const frame = { announcerId, notifySeq, nonce: nonce.slice(), proof };
  peer.send((writer) => {
    writer.u8(FrameType.TransferChallengeResponse);
    encodeChallengeResponse(writer, frame);
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
    peer.send(closedFrame(0, [[1, WINDOW]]));
    const before = peer.of("transferOffered").length;
    // Nothing returns credit: what is offered is not used.
    for (const seq of [0, 2, 3, 4, 5, 6]) {
      if (peer.of("pathFailed").length === 0) prove(peer, seq, inline);
    }
    expect(peer.notes.filter((note) => note === "creditViolation")).toHaveLength(3);
    expect(peer.of("pathFailed")).toMatchObject([{ status: 15 }]);
    expect(peer.of("transferOffered").length - before).toBeGreaterThan(0);
    expect(peer.engine.stats.outstandingBytes).toBe(0);
  });

  test("what was proved leaves the pool to others", () => {
    const peer = slid(60_000, { challengeEntries: 2 });
    peer.send(closedFrame(0, [[1, WINDOW]]));
    for (let seq = 2; seq < 6; seq++) prove(peer, seq, new Uint8Array(10));
    const before = peer.engine.stats.entries;
    for (let seq = 10; seq < 12; seq++) {
      peer.send(notifyFrame({ notifySeq: seq, inline: new Uint8Array(10) }));
    }
    expect(peer.engine.stats.entries - before).toBe(2);
    expect(challenges(peer)).toHaveLength(2);
  });

  test("what is refused is neither counted nor remembered: it is doubted when there is room", () => {
    const peer = slid(60_000, { maxTransfersPerPeer: 1 });
    const inline = new Uint8Array(10);
    peer.send(notifyFrame({ notifySeq: WINDOW + 41 }, 500));
    statuses(peer);
    const { transfer = id64() } = peer.of("transferOffered").at(-1) ?? {};
    for (let i = 0; i < 2; i++) {
      peer.send(notifyFrame({ notifySeq: 0, inline }));
      expect(statuses(peer)).toEqual([AcceptStatus.Overloaded]);
    }
    peer.send(resetFrame(transfer, ResetCode.Cancelled));
    peer.send(notifyFrame({ notifySeq: 0, inline }));
    expect(challenges(peer)).toHaveLength(1);
  });

  test("§10.4: one that moved and nobody proved is doubted again, though its number here was seen", () => {
    const peer = slid(60_000);
    const later = peer.again();
    const moved = (flags: number): void =>
      later.send(
        notifyFrame({
          notifySeq: 0,
          inline: Uint8Array.of(1, 2),
          flags: NotifyFlag.Moved | flags,
          movedCredentialId: peer.credentialId,
        }),
      );
    const before = peer.of("transferOffered").length;
    const entries = peer.engine.stats.entries;
    for (const flags of [0, NotifyFlag.Retransmit]) {
      moved(flags);
      let asked = 0;
      for (let i = 0; i < 100; i++) asked += challenges(later, 100_000).length;
      expect(asked).toBe(3);
      expect(peer.engine.stats.entries).toBe(entries);
    }
    expect(peer.of("transferOffered")).toHaveLength(before);
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

  test("return the credit for numbers, and let those go on that wait for what was refused", () => {
    const peer = new RawPeer({ maxTransfersPerPeer: 2, notifyWindow: 8 });
    peer.send(notifyFrame({ notifySeq: 0 }, 500));
    const after = { depCount: 1, deps: [{ worker: 0, notifySeq: 2, kind: 2 }] };
    peer.send(notifyFrame({ notifySeq: 1, flags: NotifyFlag.Deps, ...after }, 500));
    expect(peer.of("transferOffered")).toHaveLength(1);
    for (let seq = 2; seq < 40; seq++) {
      peer.send(notifyFrame({ notifySeq: seq }, 500));
      expect(statuses(peer).at(-1)).toBe(AcceptStatus.Overloaded);
    }
    expect(peer.of("transferOffered")).toHaveLength(2);
    expect(peer.notes).toEqual([]);
  });

  test("of inline payload count as received: what is sent beyond the credit is seen as that", () => {
    const peer = new RawPeer({
      maxTransfersPerPeer: 1,
      inlineStartBytes: 4096,
      inlinePoolBytes: 1,
    });
    const inline = new Uint8Array(1000);
    peer.send(notifyFrame({ notifySeq: 0 }, 500));
    for (let seq = 1; seq < 40; seq++) {
      peer.send(notifyFrame({ notifySeq: seq, inline }));
      peer.transmit();
    }
    // There are 2048 bytes left, and nothing is granted meanwhile.
    for (let seq = 40; seq < 43; seq++) peer.send(notifyFrame({ notifySeq: seq, inline }));
    expect(peer.notes).toEqual(["creditViolation"]);
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
