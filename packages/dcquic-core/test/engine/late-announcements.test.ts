import { describe, expect, test } from "@jest/globals";
import { type EngineConfig, type Id64, id64 } from "@proj/dcquic-core";
import { challengeProof } from "#src/crypto/challenge-proof.js";
import { nodeCrypto } from "#src/io/node-crypto.js";
import { AcceptStatus, FrameType, NotifyFlag, ResetCode } from "#src/wire/constants.js";
import type { NotifyEntry } from "#src/wire/notify-entry.js";
import { encodeChallengeResponse } from "#src/wire/transfer-frames.js";
import { acceptStatuses as statuses } from "../support/accept-statuses.js";
import { closedFrame, notifyFrame, resetFrame } from "../support/frames.js";
import { RawPeer } from "../support/raw-peer.js";

const WINDOW = 256;
const EXACT = {};

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

/** Announces a number below the window, and answers the challenge; not as it should where `wrong` says what else is in the answer. */
function prove(
  peer: RawPeer,
  notifySeq: number,
  inline: Uint8Array,
  wrong: { readonly nonce?: Uint8Array; readonly announcerId?: Id64 } = {},
  more: Partial<NotifyEntry> = {},
): void {
  peer.send(notifyFrame({ notifySeq, inline, ...more }));
  const [challenged] = challenges(peer);
  if (challenged === undefined) throw new Error("nobody was challenged");
  const { announcerId } = challenged;
  const nonce = challenged.nonce.slice();
  const proof = challengeProof(nodeCrypto, nonce, announcerId, notifySeq, inline);
  const frame = { announcerId, notifySeq, nonce, proof, ...wrong };
  peer.send((writer) => {
    writer.u8(FrameType.TransferChallengeResponse);
    encodeChallengeResponse(writer, frame);
  });
}

describe("§10, §11: announcements that come late", () => {
  test("wait for those they name, when they were proved, as others do", () => {
    const peer = slid(8192);
    const missing = WINDOW + 3;
    const deps = [{ worker: 0, notifySeq: missing, kind: 2 }];
    const flags = NotifyFlag.Deps;
    const offered = peer.of("transferOffered").length;
    prove(peer, 0, new Uint8Array(10), {}, { flags, depCount: 1, deps, messageSeq: 77 });
    expect(peer.of("transferOffered")).toHaveLength(offered);
    peer.send(notifyFrame({ notifySeq: missing, messageSeq: 76 }));
    const now = peer.of("transferOffered").slice(offered);
    expect(now.map(({ messageSeq }) => messageSeq)).toEqual([76, 77]);
  });

  test("need not wait for what was offered before they were proved", () => {
    const peer = slid(8192);
    const missing = WINDOW + 3;
    const deps = [{ worker: 0, notifySeq: missing, kind: 2 }];
    peer.send(notifyFrame({ notifySeq: 0, flags: NotifyFlag.Deps, depCount: 1, deps }));
    peer.send(notifyFrame({ notifySeq: missing }));
    const offered = peer.of("transferOffered").length;
    prove(peer, 0, new Uint8Array(0), {}, { flags: NotifyFlag.Deps, depCount: 1, deps });
    expect(peer.of("transferOffered")).toHaveLength(offered + 1);
  });

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

  test("what is proved beyond credit is forgotten, and may be proved again", () => {
    const peer = slid(1500);
    peer.send(closedFrame(0, [[1, WINDOW]]));
    const inline = new Uint8Array(1000);
    let entries = 0;
    for (const seq of [0, 2, 3, 4]) {
      if (peer.notes.includes("creditViolation")) break;
      entries = peer.engine.stats.entries;
      prove(peer, seq, inline);
    }
    expect(peer.notes).toContain("creditViolation");
    expect(peer.engine.stats.entries).toBe(entries);
  });

  test("a doubtful one is answered with nothing but the challenge, as often as it comes", () => {
    const peer = slid(60_000);
    for (const flags of [0, NotifyFlag.Retransmit]) {
      peer.send(notifyFrame({ notifySeq: 0, inline: Uint8Array.of(1), flags }));
      expect(statuses(peer)).toEqual([]);
    }
  });

  test("a proof of another id or nonce is none", () => {
    const inline = Uint8Array.of(1, 2);
    for (const wrong of [EXACT, { nonce: new Uint8Array(16) }, { announcerId: id64(1, 77) }]) {
      const peer = slid(60_000);
      const before = peer.of("transferOffered").length;
      prove(peer, 0, inline, wrong);
      expect(peer.of("transferOffered").length - before).toBe(wrong === EXACT ? 1 : 0);
    }
  });

  test("what was taken back leaves the pool to others", () => {
    const peer = slid(60_000, { challengeEntries: 2 });
    peer.send(closedFrame(0, [[1, WINDOW]]));
    const before = peer.engine.stats.entries;
    const inline = new Uint8Array(10);
    for (let seq = 2; seq < 8; seq++) {
      peer.send(notifyFrame({ notifySeq: seq, inline }));
      // All but the last two.
      if (seq < 6) peer.send(resetFrame(id64(), ResetCode.Cancelled, seq));
    }
    expect(peer.engine.stats.entries - before).toBe(2);
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
