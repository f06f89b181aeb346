import { beforeEach, describe, expect, test } from "@jest/globals";
import { type Id64, id64, Status } from "@proj/dcquic-core";
import { AcceptStatus, FrameType, NotifyFlag, ResetCode } from "#src/wire/constants.js";
import {
  acceptFrame,
  ackFrame,
  cancelFrame,
  challengeFrame,
  chunkOf,
  closeFrame,
  type Frame,
  holdFrame,
  notifyFrame,
  pullFrame,
  resetFrame,
} from "../support/frames.js";
import { RawPeer } from "../support/raw-peer.js";

const COMPLETE = 1;
const plain = new Uint8Array(5000).fill(1);

let friend: RawPeer;
let stranger: RawPeer;

beforeEach(() => {
  friend = new RawPeer();
  stranger = friend.beside();
});

/** The engine announces a message to the friend. */
function toFriend(payload: Uint8Array = plain): Id64 {
  const options = { shape: 0x30, priority: 0, messageSeq: 0, payload };
  const result = friend.engine.announce(friend.nowUs, friend.path, options);
  if (result.kind !== "announced") throw new Error(result.kind);
  friend.transmit();
  return result.transfer;
}

/** The friend announces a message, and the engine pulls it. */
function fromFriend(bytes = 500): Id64 {
  friend.send(notifyFrame({ transferId: id64(1, 7) }, bytes));
  const offer = friend.of("transferOffered").at(-1)?.transfer ?? id64();
  friend.engine.accept(friend.nowUs, offer);
  friend.transmit();
  return offer;
}

function typesFor(peer: RawPeer): number[] {
  return peer.read(peer.transmit()).map(({ type }) => type);
}

describe("§6.1, §8.4: an id means nothing on another path", () => {
  test("a pull with every id right gets no byte of another peer's message", () => {
    const transfer = toFriend();
    stranger.send(pullFrame(transfer, transfer, [[0, 5000]]));
    const types = typesFor(stranger);
    expect(types).toContain(FrameType.FlowReset);
    expect(types).not.toContain(-1);
    expect(stranger.notes).toContain("foreignTransfer");
  });

  const own: Readonly<Record<string, (transfer: Id64) => Frame>> = {
    "an ACCEPT that refuses": (transfer) => acceptFrame(transfer, AcceptStatus.NoAcceptor),
    "an ACCEPT that says it is complete": (transfer) =>
      acceptFrame(transfer, AcceptStatus.DuplicateComplete),
    "a RANGE_ACK of all": (transfer) => ackFrame(transfer, COMPLETE),
    "a CANCEL_PULL": cancelFrame,
    "a FLOW_RESET": (transfer) => resetFrame(transfer, ResetCode.Cancelled),
  };

  test.each(Object.entries(own))("%s ends no transfer to another peer", (_name, frame) => {
    const transfer = toFriend();
    friend.send(pullFrame(transfer, transfer, [[0, 5000]]));
    stranger.send(frame(transfer));
    expect(stranger.of("transferFailed")).toEqual([]);
    expect(stranger.of("transferDrained")).toEqual([]);
    expect(typesFor(friend).filter((type) => type === -1)).toHaveLength(4);
    friend.send(ackFrame(transfer, COMPLETE));
    expect(friend.of("transferDrained")).toHaveLength(1);
  });

  test("a TRANSFER_CHALLENGE about another peer's message is answered with FLOW_RESET", () => {
    const transfer = toFriend(new Uint8Array(10));
    stranger.send(challengeFrame(transfer, 0));
    const types = typesFor(stranger);
    expect(types).toContain(FrameType.FlowReset);
    expect(types).not.toContain(FrameType.TransferChallengeResponse);
  });

  test("DATA, PULL_HOLD and FLOW_RESET do not touch what is pulled from another peer", () => {
    const offer = fromFriend();
    stranger.sendData(chunkOf(offer, 0, new Uint8Array(500).fill(9)));
    stranger.send(holdFrame(offer, 1_000_000));
    stranger.send(resetFrame(offer, ResetCode.Cancelled));
    expect(stranger.of("transferFailed")).toEqual([]);
    expect(stranger.of("transferDelivered")).toEqual([]);
    friend.sendData(chunkOf(offer, 0, new Uint8Array(500).fill(4)));
    expect(friend.of("transferDelivered")[0]?.bytes).toEqual(new Uint8Array(500).fill(4));
  });

  test("a STREAM_CLOSE is told for the path that it came on", () => {
    stranger.send(closeFrame(toFriend()));
    expect(stranger.of("streamClosed").map(({ path }) => path)).toEqual([stranger.path]);
  });
});

describe("§10.4: MOVED names windows of the same peer only", () => {
  function moved(seq: number): Frame {
    return notifyFrame(
      {
        transferId: id64(1, 7),
        notifySeq: seq,
        flags: NotifyFlag.Moved,
        movedWorker: 0,
        movedNotifySeq: 0,
        movedCredentialId: friend.credentialId,
      },
      500,
    );
  }

  test("a stranger takes nothing over, and learns nothing", () => {
    const offer = fromFriend();
    stranger.send(moved(0));
    expect(stranger.of("transferMoved")).toEqual([]);
    expect(stranger.of("transferOffered")).toHaveLength(1);
    expect(typesFor(stranger)).toContain(FrameType.FlowReset);
    friend.sendData(chunkOf(offer, 0, new Uint8Array(500)));
    expect(friend.of("transferDelivered")).toHaveLength(1);
  });

  test("a credential id of nobody is refused, since no window says whether it was taken", () => {
    const peer = new RawPeer();
    const movedCredentialId = new Uint8Array(16).fill(3);
    peer.send(notifyFrame({ flags: NotifyFlag.Moved, movedCredentialId }, 500));
    expect(peer.of("transferOffered")).toEqual([]);
    expect(typesFor(peer)).toContain(FrameType.FlowReset);
  });
});

describe("§6: what was not announced yet cannot be named", () => {
  const guesses: Readonly<Record<string, (transfer: Id64) => Frame>> = {
    "a pull": (transfer) => pullFrame(transfer, transfer, [[0, 100]]),
    "a RANGE_ACK": (transfer) => ackFrame(transfer, COMPLETE),
    "an ACCEPT": (transfer) => acceptFrame(transfer, AcceptStatus.DuplicateComplete),
  };

  test.each(Object.entries(guesses))("%s that guesses its id changes nothing", (_name, frame) => {
    const first = friend.engine.announce(friend.nowUs, stranger.path, {
      shape: 0x30,
      priority: 0,
      messageSeq: 0,
      payload: plain,
      track: true,
    });
    if (first.kind !== "announced" || first.token === undefined) throw new Error(first.kind);
    // Waits until the stranger accepted the first one.
    const after = [{ token: first.token, kind: 0 }];
    const options = { shape: 0x30, priority: 0, messageSeq: 0, payload: plain, after };
    const blocked = friend.engine.announce(friend.nowUs, friend.path, options);
    if (blocked.kind !== "announced") throw new Error(blocked.kind);
    friend.transmit();
    friend.send(frame(blocked.transfer));
    expect(friend.notes).toContain("foreignTransfer");
    expect(typesFor(friend)).not.toContain(-1);
    expect(friend.of("transferDrained")).toEqual([]);
    stranger.send(acceptFrame(first.transfer, AcceptStatus.New));
    expect(typesFor(friend)).toContain(FrameType.TransferNotify);
  });
});

test("§13.3: a path that fails takes nothing of another peer along", () => {
  const transfer = toFriend();
  stranger.engine.failPath(stranger.path, Status.PeerFailed);
  friend.send(pullFrame(transfer, transfer, [[0, 5000]]));
  expect(typesFor(friend)).toContain(-1);
});
