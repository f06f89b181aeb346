import { describe, expect, test } from "@jest/globals";
import { type Id64, id64 } from "@proj/dcquic-core";
import fc from "fast-check";
import { challengeProof } from "#src/crypto/challenge-proof.js";
import { nodeCrypto } from "#src/io/node-crypto.js";
import { FrameType, NotifyFlag } from "#src/wire/constants.js";
import { encodeChallengeResponse } from "#src/wire/transfer-frames.js";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";
import { chunkOf, notifyFrame, probeFrame, pullFrame } from "../support/frames.js";
import { RawPeer } from "../support/raw-peer.js";

// Announcement 0 never came, and the window slid past it.
function beyondWindow(): RawPeer {
  const peer = new RawPeer({ replayNotifyWindow: 256, notifyWindow: 256 });
  for (let seq = 1; seq < 256; seq++) {
    peer.send(notifyFrame({ notifySeq: seq }));
    const offer = peer.of("transferOffered").at(-1)?.transfer ?? id64();
    peer.engine.accept(peer.nowUs, offer);
    peer.engine.consume(offer);
    peer.transmit();
  }
  peer.send(notifyFrame({ notifySeq: 300 }));
  return peer;
}

const probe = probeFrame();

describe("§10: replays", () => {
  test("a captured packet never acts twice", () => {
    const peer = new RawPeer();
    const datagram = peer.seal(notifyFrame({ inline: Uint8Array.of(1, 2) }));
    peer.deliver(datagram);
    peer.deliver(datagram);
    expect(peer.of("transferOffered")).toHaveLength(1);
    expect(peer.notes).toEqual(["replayedPacket"]);
  });

  test("a repeated announcement is answered, and offered once", () => {
    const peer = new RawPeer();
    peer.send(notifyFrame({ inline: Uint8Array.of(1) }));
    peer.send(notifyFrame({ inline: Uint8Array.of(1), flags: NotifyFlag.Retransmit }));
    expect(peer.of("transferOffered")).toHaveLength(1);
    const [offer] = peer.of("transferOffered");
    peer.engine.accept(peer.nowUs, offer?.transfer ?? id64());
    peer.engine.consume(offer?.transfer ?? id64());
    peer.transmit();
    peer.send(notifyFrame({ inline: Uint8Array.of(1), flags: NotifyFlag.Retransmit }));
    const accepts = peer
      .read(peer.transmit())
      .filter(({ type }) => type === FrameType.TransferAccept);
    expect(accepts.at(-1)?.frame["entries"]).toMatchObject({ 0: { status: 2 } });
    expect(peer.of("transferOffered")).toHaveLength(1);
  });

  test("below the window an inline announcement is challenged, and processed on a correct proof", () => {
    const peer = beyondWindow();
    const before = peer.of("transferOffered").length;
    const inline = Uint8Array.of(9, 9);
    peer.send(notifyFrame({ notifySeq: 0, inline }));
    const challenged = peer
      .read(peer.transmit())
      .find(({ type }) => type === FrameType.TransferChallenge);
    expect(peer.of("transferOffered")).toHaveLength(before);
    const nonce = Uint8Array.from(challenged?.frame["nonce"] as Uint8Array);
    const announcerId = id64(1, 0);
    const respond = (proof: Uint8Array): void =>
      peer.send((writer) => {
        writer.u8(FrameType.TransferChallengeResponse);
        encodeChallengeResponse(writer, { announcerId, notifySeq: 0, nonce, proof });
      });
    respond(new Uint8Array(16));
    expect(peer.of("transferOffered")).toHaveLength(before);
    respond(challengeProof(nodeCrypto, nonce, announcerId, 0, inline));
    expect(peer.of("transferOffered")).toHaveLength(before + 1);
  });

  test("without a proof a doubtful announcement is dropped after three challenges", () => {
    const peer = beyondWindow();
    const before = peer.engine.stats.entries;
    peer.send(notifyFrame({ notifySeq: 0, inline: Uint8Array.of(1) }));
    expect(peer.engine.stats.entries).toBe(before + 1);
    let challenges = 0;
    for (let i = 0; i < 100; i++) {
      const frames = peer.read(peer.transmit(100_000));
      challenges += frames.filter(({ type }) => type === FrameType.TransferChallenge).length;
    }
    expect(challenges).toBe(3);
    expect(peer.engine.stats.entries).toBe(before);
  });
});

describe("§7.3, §17: before a tag verified", () => {
  test("a huge packet number moves no window", () => {
    const peer = new RawPeer();
    const forged = peer.seal(probe, { packetNumber: 2 ** 52 });
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
    peer.deliver(forged);
    peer.send(probe);
    expect(peer.notes).toEqual(["openFailed"]);
    expect(peer.read(peer.transmit()).map(({ type }) => type)).toContain(FrameType.ProbeResponse);
  });

  test("a reflected packet does not open", () => {
    const peer = new RawPeer();
    const options = { shape: 0x30, priority: 0, messageSeq: 0, payload: new Uint8Array(10) };
    peer.engine.announce(peer.nowUs, peer.path, options);
    const sent = peer.transmit();
    for (const datagram of sent) peer.deliver(datagram);
    expect(sent.length).toBeGreaterThan(0);
    expect(new Set(peer.notes)).toEqual(new Set(["openFailed"]));
  });

  test("an unknown credential id is reported and answered by nobody here", () => {
    const peer = new RawPeer();
    const stranger = peer.seal(probe);
    stranger[8] = (stranger[8] ?? 0) ^ 1;
    peer.deliver(stranger);
    expect(peer.of("unknownCredential")).toHaveLength(1);
    expect(peer.transmit()).toEqual([]);
  });

  test("no datagram throws, whatever it holds", () => {
    const peer = new RawPeer();
    const valid = peer.seal(notifyFrame({ inline: Uint8Array.of(1, 2, 3) }));
    fc.assert(
      fc.property(
        fc.oneof(fc.uint8Array({ maxLength: 120 }), fc.constant(valid)),
        fc.nat(120),
        fc.nat(255),
        (bytes, at, to) => {
          const damaged = new Uint8Array(bytes);
          damaged[at] = to;
          peer.deliver(damaged.subarray(0, 1 + ((at * 7) % 121)));
          peer.deliver(damaged);
        },
      ),
      fuzzRuns(300),
    );
  });

  test("no sealed payload throws, whatever it holds", () => {
    const peer = new RawPeer();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(15), (bytes, type) => {
        peer.send((writer) => {
          writer.u8(type);
          writer.copy(bytes);
        });
      }),
      fuzzRuns(300),
    );
  });
});

describe("§8.4: a pull is served only through the transfer it names", () => {
  function withTransfer(): { peer: RawPeer; transfer: Id64 } {
    const peer = new RawPeer();
    const result = peer.engine.announce(peer.nowUs, peer.path, {
      shape: 0x30,
      priority: 0,
      messageSeq: 0,
      payload: new Uint8Array(5000).fill(1),
    });
    if (result.kind !== "announced") throw new Error(result.kind);
    peer.transmit();
    return { peer, transfer: result.transfer };
  }

  function pull(peer: RawPeer, announcerId: Id64, bufferId: Id64, end: number): number[] {
    peer.send(pullFrame(announcerId, bufferId, [[0, end]]));
    return peer.read(peer.transmit()).map(({ type }) => type);
  }

  test("with the right ids it is", () => {
    const { peer, transfer } = withTransfer();
    expect(pull(peer, transfer, transfer, 5000).filter((type) => type === -1)).toHaveLength(4);
  });

  test("a guessed buffer, another generation or bytes beyond the window are not", () => {
    for (const [announcer, buffer, end] of [
      [0, 1, 5000],
      [0, 0, 5001],
      [256, 256, 5000],
    ] as const) {
      const { peer, transfer } = withTransfer();
      const announcerId = id64(transfer.hi + announcer, transfer.lo);
      const bufferId = id64(transfer.hi, transfer.lo + buffer);
      const types = pull(peer, announcerId, bufferId, end);
      expect(types).toContain(FrameType.FlowReset);
      expect(types).not.toContain(-1);
    }
  });
});

describe("§11: credit", () => {
  test("who announces beyond its limits three times loses the path", () => {
    const peer = new RawPeer({ notifyWindow: 4 });
    for (const seq of [4, 5, 6]) peer.send(notifyFrame({ notifySeq: seq }));
    expect(peer.notes).toEqual(["creditViolation", "creditViolation", "creditViolation"]);
    expect(peer.of("pathFailed")).toMatchObject([{ status: 15 }]);
    expect(peer.of("transferOffered")).toHaveLength(0);
  });

  test("an inline flood is not taken", () => {
    const peer = new RawPeer({ inlineStartBytes: 2048 });
    for (let seq = 0; seq < 3; seq++) {
      peer.send(notifyFrame({ notifySeq: seq, inline: new Uint8Array(1000) }));
    }
    expect(peer.of("transferOffered")).toHaveLength(2);
    expect(peer.notes).toEqual(["creditViolation"]);
  });
});

test("§17.5: DATA for a transfer of nobody is ignored", () => {
  const peer = new RawPeer();
  peer.sendData(chunkOf(id64(3, 3), 0, new Uint8Array(2)));
  expect(peer.notes).toEqual([]);
});
