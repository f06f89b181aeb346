import { describe, expect, test } from "@jest/globals";
import { Flag, MsgType } from "#src/wire/constants.js";
import { decodeAck, decodeNack, encodeAck, encodeNack } from "#src/wire/control.js";
import { XcpCodes, XcpError } from "@proj/xcp-framing";
import { RawPeer } from "../support/raw-peer.js";
import { ofType, responder } from "../support/raw-responder.js";

const body = new Uint8Array([1, 2, 3]);
const data = { msgType: MsgType.DATA, channelId: 1 };

function replyAll(peer: RawPeer): void {
  for (const inbound of peer.of("messageReceived")) {
    peer.session.replies.reply(peer.time.nowUs(), inbound, { bodyCodec: 8, body });
  }
}

describe("§10 ACK", () => {
  test("ACKs of 5 ms share a frame, on the channel of their messages", () => {
    const peer = responder();
    for (const msgId of [2, 3, 4]) peer.send({ ...data, msgId }, body, Flag.ACKREQ);
    for (const inbound of peer.of("messageReceived")) {
      peer.session.replies.reply(peer.time.nowUs(), inbound, undefined);
    }
    expect(peer.frames()).toEqual([]);
    peer.advance(5000);
    const acks = ofType(peer.frames(), MsgType.ACK);
    expect(acks).toHaveLength(1);
    expect(acks[0]?.header.channelId).toBe(1);
    const ack = decodeAck(acks[0]?.payload ?? body, 8);
    expect([ack.msgId, ...(ack.moreIds ?? [])]).toEqual([2, 3, 4]);
  });

  test("a reply does not replace the ACK", () => {
    const peer = responder();
    peer.send({ ...data, msgId: 2 }, body, Flag.ACKREQ);
    replyAll(peer);
    const frames = peer.frames();
    expect(ofType(frames, MsgType.ACK)).toHaveLength(1);
    expect(ofType(frames, MsgType.DATA)[0]?.header.inReplyTo).toBe(2);
  });

  test("the tag xcp.ack asks for an ACK as the flag does", () => {
    const peer = responder();
    peer.send({ ...data, msgId: 2, tags: [{ key: "xcp.ack", val: "1" }] }, body);
    replyAll(peer);
    expect(ofType(peer.frames(), MsgType.ACK)).toHaveLength(1);
  });

  test("nothing is ACKed that did not ask", () => {
    const peer = responder();
    peer.send({ ...data, msgId: 2 }, body);
    replyAll(peer);
    expect(ofType(peer.frames(), MsgType.ACK)).toHaveLength(0);
  });

  test("a refused message is NACKed instead", () => {
    const peer = responder();
    peer.send({ ...data, msgId: 2 }, body, Flag.ACKREQ);
    const [inbound] = peer.of("messageReceived");
    if (inbound === undefined) throw new Error("nothing arrived");
    peer.session.replies.refuse(0, inbound, new XcpError("xcp.validation", "no"));
    const frames = peer.frames();
    peer.advance(10_000);
    expect(ofType([...frames, ...peer.frames()], MsgType.ACK)).toHaveLength(0);
    const nack = decodeNack(ofType(frames, MsgType.NACK)[0]?.payload ?? body, 8);
    expect(nack).toMatchObject({ msgId: 2, errorCode: 0x0405 });
  });
});

describe("§10 duplicates", () => {
  test("a duplicate is dropped and gets the stored reply and ACK", () => {
    const peer = responder();
    peer.send({ ...data, msgId: 2 }, body, Flag.ACKREQ);
    replyAll(peer);
    peer.frames();
    peer.send({ ...data, msgId: 2 }, body, Flag.ACKREQ);
    expect(peer.of("messageReceived")).toHaveLength(1);
    const frames = peer.frames();
    expect(ofType(frames, MsgType.ACK)).toHaveLength(1);
    const [reply] = ofType(frames, MsgType.DATA);
    expect(reply?.header.inReplyTo).toBe(2);
    expect([...(reply?.payload ?? [])]).toEqual([1, 2, 3]);
  });

  test("a duplicate of a refused message gets the same NACK", () => {
    const peer = responder();
    peer.send({ ...data, msgId: 2, bodyCodec: 32 }, body);
    expect(peer.nacks()[0]?.errorCode).toBe(XcpCodes["xcp.codec_not_negotiated"].wire);
    peer.send({ ...data, msgId: 2, bodyCodec: 8 }, body);
    expect(peer.nacks()[0]?.errorCode).toBe(XcpCodes["xcp.codec_not_negotiated"].wire);
    expect(peer.of("messageReceived")).toHaveLength(0);
  });

  test("a message that was refused for now runs when it comes again", () => {
    const peer = responder();
    peer.send({ ...data, msgId: 2 }, body);
    const [inbound] = peer.of("messageReceived");
    if (inbound === undefined) throw new Error("nothing arrived");
    peer.session.replies.refuse(0, inbound, new XcpError("xcp.app_unavailable", "later"));
    expect(peer.nacks()[0]?.errorCode).toBe(0x0602);
    peer.send({ ...data, msgId: 2 }, body);
    expect(peer.of("messageReceived")).toHaveLength(2);
  });

  test("a duplicate of a message in work is dropped in silence", () => {
    const peer = responder();
    peer.send({ ...data, msgId: 2 }, body);
    peer.send({ ...data, msgId: 2 }, body);
    expect(peer.of("messageReceived")).toHaveLength(1);
    expect(peer.frames()).toEqual([]);
  });

  test("messages without an id are never duplicates and get no reply", () => {
    const peer = responder();
    peer.send({ ...data, msgId: 0 }, body);
    peer.send({ ...data, msgId: 0 }, body);
    expect(peer.of("messageReceived")).toHaveLength(2);
    replyAll(peer);
    expect(peer.frames()).toEqual([]);
  });

  test("an id more than 2^20 ahead is ERR_REPLAY", () => {
    const peer = responder();
    peer.send({ ...data, msgId: 2 ** 20 + 1 }, body);
    expect(peer.nacks()[0]?.errorCode).toBe(XcpCodes["xcp.replay"].wire);
    expect(peer.of("messageReceived")).toHaveLength(0);
    peer.send({ ...data, msgId: 2 }, body);
    expect(peer.of("messageReceived")).toHaveLength(1);
  });

  test("an id behind the window is dropped, and answered only if it asked for an ACK", () => {
    const peer = responder({ limits: { dedupWindow: 64 } });
    peer.send({ ...data, msgId: 500 }, body);
    peer.send({ ...data, msgId: 3 }, body);
    expect(peer.frames()).toEqual([]);
    peer.send({ ...data, msgId: 4 }, body, Flag.ACKREQ);
    expect(peer.nacks()[0]?.errorCode).toBe(XcpCodes["xcp.replay"].wire);
    expect(peer.of("messageReceived")).toHaveLength(1);
  });

  test("ids above 2^53 are told apart", () => {
    const peer = responder();
    const big = 2n ** 60n;
    peer.send({ ...data, msgId: big }, body);
    expect(peer.nacks()[0]?.msgId).toBe(big);
  });
});

describe("§10 retransmission", () => {
  function requester(options: ConstructorParameters<typeof RawPeer>[1] = {}): {
    peer: RawPeer;
    submit: (acknowledge?: boolean) => void;
  } {
    const peer = responder(options);
    return {
      peer,
      submit: (acknowledge = false) => {
        peer.session.submit(
          peer.time.nowUs(),
          { bodyCodec: 8, body },
          { channelId: 2, wants: "reply", acknowledge },
        );
      },
    };
  }

  test("a code marked R repeats the message under its id, not before retry_after_ms", () => {
    const { peer, submit } = requester();
    submit();
    const [first] = peer.frames();
    const msgId = first?.header.msgId ?? 0;
    const busy = { msgId, errorCode: XcpCodes["xcp.busy"].wire, retryAfterMs: 700 };
    peer.send({ msgType: MsgType.NACK, channelId: 2, inReplyTo: msgId }, encodeNack(busy, 8));
    peer.advance(699_000);
    expect(ofType(peer.frames(), MsgType.DATA)).toEqual([]);
    peer.advance(200_000);
    const [second] = ofType(peer.frames(), MsgType.DATA);
    expect(second?.header.msgId).toBe(msgId);
  });

  test.each([
    ["not marked R", 0x0405],
    ["unknown", 0x7abc],
  ])("a code %s fails the message at once", (_what, errorCode) => {
    const { peer, submit } = requester();
    submit();
    const msgId = peer.frames()[0]?.header.msgId ?? 0;
    peer.send({ msgType: MsgType.NACK, inReplyTo: msgId }, encodeNack({ msgId, errorCode }, 8));
    expect(peer.of("failed")).toHaveLength(1);
    peer.advance(10_000_000);
    expect(ofType(peer.frames(), MsgType.DATA)).toEqual([]);
  });

  test("five attempts, then the message fails", () => {
    const { peer, submit } = requester({ requestTimeoutMs: 0 });
    submit(true);
    let sent = 0;
    for (let second = 0; second < 120; second++) {
      for (const frame of peer.frames()) {
        if (frame.header.msgType === MsgType.DATA) sent++;
        if (frame.header.msgType === MsgType.PING) {
          peer.send({ msgType: MsgType.PONG }, frame.payload);
        }
      }
      peer.advance(1_000_000);
    }
    expect(sent).toBe(5);
    expect(peer.of("failed")[0]?.error.code).toBe("xcp.timeout");
  });

  test("an ACK stops the repetition, and the reply completes the request", () => {
    const { peer, submit } = requester();
    submit(true);
    const msgId = peer.frames()[0]?.header.msgId ?? 0;
    peer.send({ msgType: MsgType.DATA, channelId: 2, msgId: 2, inReplyTo: msgId }, body);
    expect(peer.of("replied")).toEqual([]);
    peer.send({ msgType: MsgType.ACK, channelId: 2 }, encodeAck({ msgId }, 8));
    expect(peer.of("replied")).toHaveLength(1);
  });

  test("a NACK is never answered, whatever it says", () => {
    const { peer } = requester();
    peer.send({ msgType: MsgType.NACK, msgId: 9 }, encodeNack({ msgId: 99, errorCode: 2 }, 8));
    peer.send({ msgType: MsgType.NACK, msgId: 10 }, new Uint8Array([0xff, 0xff]));
    peer.send({ msgType: MsgType.NACK, msgId: 11, bodyCodec: 32 }, body);
    expect(peer.frames()).toEqual([]);
    expect(peer.session.phase).toBe("open");
  });
});

describe("§10 flow control", () => {
  test("more than max_inflight of the peer wait here", () => {
    const peer = new RawPeer("responder");
    peer.hello({ maxInflight: 2 });
    for (let i = 0; i < 5; i++) {
      peer.session.submit(0, { bodyCodec: 8, body }, { channelId: 2, wants: "reply" });
    }
    const first = ofType(peer.frames(), MsgType.DATA);
    expect(first).toHaveLength(2);
    const inReplyTo = first[0]?.header.msgId ?? 0;
    peer.send({ msgType: MsgType.DATA, channelId: 2, msgId: 2, inReplyTo }, body);
    expect(ofType(peer.frames(), MsgType.DATA)).toHaveLength(1);
  });

  test("more than our max_inflight are answered with ERR_BUSY and retry_after_ms", () => {
    const peer = responder({ limits: { maxInflight: 2 } });
    for (const msgId of [2, 3, 4]) peer.send({ ...data, msgId }, body);
    expect(peer.of("messageReceived")).toHaveLength(2);
    const [nack] = peer.nacks();
    expect(nack).toMatchObject({ msgId: 4, errorCode: XcpCodes["xcp.busy"].wire });
    expect(nack?.retryAfterMs).toBeGreaterThan(0);
  });
});

describe("§10: a NACK that is damaged on its way", () => {
  const damagedNack = (peer: RawPeer, about: number): void => {
    const bytes = peer.encode(
      { msgType: MsgType.NACK, channelId: 2, inReplyTo: about },
      encodeNack({ msgId: about, errorCode: 0x0600 }, 8),
    );
    bytes.set([(bytes.at(-1) ?? 0) ^ 1], bytes.length - 1);
    peer.sendBytes(bytes);
  };
  const request = (peer: RawPeer, payload: Uint8Array | AsyncIterable<Uint8Array> = body) =>
    peer.session.submit(
      peer.time.nowUs(),
      { bodyCodec: 8, body: payload },
      { channelId: 2, wants: "reply" },
    );

  test("has its message sent again, with its id, and is not answered", () => {
    const peer = responder();
    const { msgId } = request(peer);
    peer.frames();
    damagedNack(peer, msgId);
    peer.advance(200_000);
    const frames = peer.frames();
    expect(frames.map(({ header }) => [header.msgType, header.msgId])).toEqual([
      [MsgType.DATA, msgId],
    ]);
    expect(peer.of("failed")).toEqual([]);
  });

  test("fails a message that cannot be sent again at once, not after its timeout", () => {
    const peer = responder();
    const transfer = request(peer, (async function* () {})());
    peer.session.endBody(peer.time.nowUs(), transfer);
    peer.frames();
    damagedNack(peer, transfer.msgId);
    expect(peer.of("failed")[0]?.error.code).toBe("xcp.crc_mismatch");
  });

  test("about no message that waits changes nothing", () => {
    const peer = responder();
    damagedNack(peer, 77);
    peer.advance(1_000_000);
    expect(peer.frames()).toEqual([]);
  });
});

describe("§9 errors", () => {
  test("private and unknown numbers reach the peer as they are, base codes reach old peers", () => {
    const old = new RawPeer("responder");
    old.hello({ features: undefined });
    old.send({ ...data, msgId: 2 }, body);
    const [inbound] = old.of("messageReceived");
    if (inbound === undefined) throw new Error("nothing arrived");
    old.session.replies.refuse(0, inbound, new XcpError("xcp.schema_hash", "secret detail"));
    expect(old.nacks()[0]).toMatchObject({ errorCode: 1 });
  });

  test("details are cut to 256 bytes", () => {
    const peer = responder();
    peer.send({ ...data, msgId: 2 }, body);
    const [inbound] = peer.of("messageReceived");
    if (inbound === undefined) throw new Error("nothing arrived");
    peer.session.replies.refuse(0, inbound, new XcpError("xcp.validation", "é".repeat(1000)));
    expect(peer.nacks()[0]?.detail).toBe("é".repeat(128));
  });
});
