import { describe, expect, test } from "@jest/globals";
import { id64, nullCrypto } from "@proj/dcquic-core";
import { runWorkload } from "@proj/dcquic-core/sim";
import { AcceptStatus, CloseScope, NotifyFlag, Shape } from "#src/wire/constants.js";
import { acceptStatuses as statuses } from "../support/accept-statuses.js";
import { closedFrame, notifyFrame } from "../support/frames.js";
import { RawPeer } from "../support/raw-peer.js";

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

  test("because of a limit are those of what is much longer on the wire than it may be", () => {
    const peer = new RawPeer({ maxMessageBytes: 100 });
    peer.send(notifyFrame({ notifySeq: 0, wireBytes: 200 }, 100));
    expect(statuses(peer)).toEqual([AcceptStatus.New]);
    peer.send(notifyFrame({ notifySeq: 1, wireBytes: 201 }, 100));
    expect(statuses(peer)).toEqual([AcceptStatus.Limit]);
  });

  test("because of closes that the peer does not acknowledge are those of what opens a stream", () => {
    const peer = new RawPeer({ maxTransfersPerPeer: 2 });
    for (let i = 0; i < 2; i++) {
      const end = { scope: CloseScope.Both, status: 0, finalCount: 0 };
      peer.engine.close(peer.nowUs, peer.path, { streamId: id64(9, i), opener: true, ...end });
    }
    peer.send(notifyFrame({ notifySeq: 0, shape: Shape.Open }, 100));
    expect(statuses(peer)).toEqual([AcceptStatus.Overloaded]);
    peer.send(notifyFrame({ notifySeq: 1, shape: Shape.End }, 100));
    expect(statuses(peer)).toEqual([AcceptStatus.New]);
  });

  test("the number of one that lives, with another id, is answered with nothing", () => {
    const peer = new RawPeer();
    peer.send(notifyFrame({ notifySeq: 0 }, 500));
    expect(statuses(peer)).toEqual([AcceptStatus.New]);
    const flags = NotifyFlag.Retransmit;
    peer.send(notifyFrame({ notifySeq: 0, transferId: id64(1, 99), flags }, 500));
    expect(statuses(peer)).toEqual([]);
    peer.send(notifyFrame({ notifySeq: 0, flags }, 500));
    expect(statuses(peer)).toEqual([AcceptStatus.DuplicateActive]);
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
