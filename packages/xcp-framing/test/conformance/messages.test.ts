import { describe, expect, test } from "@jest/globals";
import { Flag, MsgType } from "#src/wire/constants.js";
import {
  decodeClarifyReq,
  decodeErrorBody,
  decodeGoaway,
  decodePing,
  encodeAck,
  encodeClarifyReq,
  encodeClarifyRes,
  encodeConfirmRes,
  encodeErrorBody,
  encodeGoaway,
  encodeRelease,
  encodeUnsupported,
  decodeUnsupported,
} from "#src/wire/control.js";
import type { ReceivedFrame } from "#src/wire/frame-event.js";
import type { Inbound } from "#src/inbound.js";
import { decodeHello, encodeHello } from "#src/wire/hello.js";
import { XcpCodes, XcpError } from "@proj/xcp-framing";
import { parseHex } from "@proj/wire-types";
import { openPair } from "../support/session-pair.js";
import { RawPeer } from "../support/raw-peer.js";

const body = new Uint8Array([1, 2, 3]);
const data = { msgType: MsgType.DATA, channelId: 1 };
const nothing = new Uint8Array(0);

function responder(options: ConstructorParameters<typeof RawPeer>[1] = {}): RawPeer {
  const peer = new RawPeer("responder", options);
  peer.hello();
  return peer;
}

function ofType(frames: ReceivedFrame[], msgType: number): ReceivedFrame[] {
  return frames.filter((frame) => frame.header.msgType === msgType);
}

function deliver(peer: RawPeer, msgId = 2): Inbound {
  peer.send({ ...data, msgId }, body);
  const inbound = peer.of("messageReceived").at(-1);
  if (inbound === undefined) throw new Error("nothing arrived");
  return inbound;
}

describe("§3 frames", () => {
  test("a wrong magic closes without an answer", () => {
    const peer = responder();
    peer.sendBytes(parseHex("a9a17a100200600000000000"));
    expect(peer.frames()).toEqual([]);
    expect(peer.of("closed")[0]?.error?.code).toBe("xcp.bad_magic");
  });

  test("a major version above 0 is answered with one ERROR frame and a close", () => {
    const peer = new RawPeer("responder");
    peer.sendBytes(parseHex("107aa1a91000380000000000"));
    const frames = peer.frames();
    expect(frames.map((frame) => frame.header.msgType)).toEqual([MsgType.ERROR]);
    expect(frames[0]?.ver).toBe(2);
    const error = decodeErrorBody(frames[0]?.payload ?? nothing, 8);
    expect(error.errorCode).toBe(XcpCodes["xcp.version_unsupported"].wire);
    expect(peer.session.phase).toBe("closed");
  });

  test("a flag whose feature was not negotiated is ERR_FLAGS_RESERVED", () => {
    const peer = new RawPeer("responder", { features: { ackreq: false } });
    peer.hello();
    peer.send({ ...data, msgId: 2 }, body, Flag.ACKREQ);
    expect(peer.of("closed")[0]?.error?.code).toBe("xcp.flags_reserved");
  });

  test("a wrong CRC is NACKed with ERR_CRC_MISMATCH and reading goes on; three in 60 s close", () => {
    const peer = responder();
    const damaged = (msgId: number): Uint8Array => {
      const bytes = peer.encode({ ...data, msgId }, body).slice();
      bytes[bytes.length - 5] = 0xff;
      return bytes;
    };
    peer.sendBytes(damaged(2));
    expect(peer.nacks()[0]).toMatchObject({ msgId: 2, errorCode: 0x0104 });
    deliver(peer, 2);
    peer.advance(60_000_000);
    peer.sendBytes(damaged(3));
    peer.sendBytes(damaged(4));
    expect(peer.session.phase).toBe("open");
    peer.sendBytes(damaged(5));
    expect(peer.of("closed")[0]?.error?.code).toBe("xcp.crc_mismatch");
  });

  test("a frame above max_frame_bytes is NACKed and dropped, and the next one is read", () => {
    const peer = responder({ limits: { maxFrameBytes: 1000 } });
    peer.send({ ...data, msgId: 2 }, new Uint8Array(2000));
    expect(peer.nacks()[0]).toMatchObject({ msgId: 2, errorCode: 3 });
    deliver(peer, 3);
  });

  test("a stream that ends inside a frame is ERR_FRAME_TRUNCATED", () => {
    const peer = responder();
    peer.sendBytes(peer.encode({ ...data, msgId: 2 }, body).subarray(0, 30));
    peer.session.receiveEnd(peer.time.nowUs());
    peer.pump();
    expect(peer.of("closed")[0]?.error?.code).toBe("xcp.frame_truncated");
  });
});

describe("§7 messages and channels", () => {
  test("an unknown control type with an id is NACKed, without one ignored", () => {
    const peer = responder();
    peer.send({ msgType: 0x0042, msgId: 2 }, body);
    expect(peer.nacks()[0]).toMatchObject({ msgId: 2, errorCode: 0x0206 });
    peer.send({ msgType: 0x0043 }, body);
    expect(peer.frames()).toEqual([]);
  });

  test.each([0x0101, 0x01ff])("the reserved type %i is ERR_MSGTYPE_UNKNOWN", (msgType) => {
    const peer = responder();
    peer.send({ msgType, msgId: 2, channelId: 1 }, body);
    expect(peer.nacks()[0]?.errorCode).toBe(0x0206);
  });

  test("PONG copies payload and codec, and an empty PING is legal", () => {
    const peer = responder();
    for (const [bodyCodec, payload] of [
      [8, nothing],
      [1, body],
    ] as const) {
      peer.send({ msgType: MsgType.PING, msgId: 2 + bodyCodec, bodyCodec }, payload);
      const [pong] = ofType(peer.frames(), MsgType.PONG);
      expect(pong?.header).toMatchObject({ inReplyTo: 2 + bodyCodec, bodyCodec });
      expect([...(pong?.payload ?? [])]).toEqual([...payload]);
    }
  });

  test("DATA on channel 0 is accepted; channels beyond the limit are ERR_CHANNEL_LIMIT", () => {
    const peer = responder({ limits: { maxChannels: 2 } });
    peer.send({ ...data, msgId: 2, channelId: 0 }, body);
    for (const channelId of [1, 3]) peer.send({ ...data, msgId: 2 + channelId, channelId }, body);
    expect(peer.of("messageReceived")).toHaveLength(3);
    peer.send({ ...data, msgId: 9, channelId: 5 }, body);
    expect(peer.nacks()[0]?.errorCode).toBe(XcpCodes["xcp.channel_limit"].wire);
    peer.send({ ...data, msgId: 10, channelId: 3 }, body);
    expect(peer.of("messageReceived")).toHaveLength(4);
  });

  test("an idle connection PINGs after 30 s and is dead after two without answer", () => {
    const peer = responder();
    peer.advance(29_999_000);
    expect(peer.frames()).toEqual([]);
    peer.advance(2000);
    expect(ofType(peer.frames(), MsgType.PING)).toHaveLength(1);
    peer.advance(30_000_000);
    expect(ofType(peer.frames(), MsgType.PING)).toHaveLength(1);
    expect(peer.session.phase).toBe("open");
    peer.advance(30_000_000);
    expect(peer.of("closed")[0]?.error?.code).toBe("xcp.timeout");
  });

  test("at most one PING is outstanding; those of the application wait in line", () => {
    const peer = responder();
    peer.session.ping(0, "a");
    peer.session.ping(0, "b");
    const [first, ...more] = ofType(peer.frames(), MsgType.PING);
    expect(more).toEqual([]);
    peer.advance(250);
    peer.send({ msgType: MsgType.PONG }, first?.payload);
    const [second] = ofType(peer.frames(), MsgType.PING);
    expect(decodePing(second?.payload ?? nothing, 8).nonce).toBe(2);
    peer.send({ msgType: MsgType.PONG }, second?.payload);
    expect(peer.of("ponged").map((event) => [event.owner, event.rttUs])).toEqual([
      ["a", 250],
      ["b", 0],
    ]);
  });

  test("a PING whose PONG is lost is sent once more, for whoever asked", () => {
    const peer = responder();
    peer.session.ping(0, "a");
    peer.frames();
    peer.advance(30_000_000);
    const [again] = ofType(peer.frames(), MsgType.PING);
    peer.advance(40);
    peer.send({ msgType: MsgType.PONG }, again?.payload);
    expect(peer.of("ponged").map((event) => [event.owner, event.rttUs])).toEqual([["a", 40]]);
  });

  test("a peer that never PONGs but talks fails those who asked, one after the other", () => {
    const peer = responder();
    peer.session.ping(0, "a");
    peer.session.ping(0, "b");
    for (let i = 0; i < 120; i++) {
      peer.advance(1_000_000);
      peer.send({ msgType: MsgType.ACK }, encodeAck({ msgId: 99 }, 8));
    }
    expect(peer.of("commandFailed").map((event) => [event.owner, event.error.code])).toEqual([
      ["a", "xcp.timeout"],
      ["b", "xcp.timeout"],
    ]);
    expect(peer.session.phase).toBe("open");
  });

  test("GOAWAY lets what is under way finish and refuses later messages", () => {
    const peer = responder();
    const inbound = deliver(peer, 2);
    peer.session.close(peer.time.nowUs(), 3);
    const [goaway] = ofType(peer.frames(), MsgType.GOAWAY);
    expect(decodeGoaway(goaway?.payload ?? nothing, 8)).toEqual({ lastMsgId: 2, reason: 3 });
    peer.send({ ...data, msgId: 3 }, body);
    expect(peer.nacks()[0]?.errorCode).toBe(XcpCodes["xcp.going_away"].wire);
    expect(peer.of("drained")).toEqual([]);
    peer.session.reply(peer.time.nowUs(), inbound, { bodyCodec: 8, body });
    expect(ofType(peer.frames(), MsgType.DATA)).toHaveLength(1);
    expect(peer.of("drained")).toHaveLength(1);
  });

  test("a drain that does not finish ends after 5 s", () => {
    const peer = responder();
    deliver(peer, 2);
    peer.session.close(peer.time.nowUs());
    peer.advance(4_999_000);
    expect(peer.of("drained")).toEqual([]);
    peer.advance(2000);
    expect(peer.of("drained")).toHaveLength(1);
  });

  test("after the peer's GOAWAY nothing new is sent", () => {
    const peer = responder();
    peer.send({ msgType: MsgType.GOAWAY }, encodeGoaway({ lastMsgId: 0, reason: 0 }, 8));
    expect(() =>
      peer.session.submit(0, { bodyCodec: 8, body }, { channelId: 2, wants: "reply" }),
    ).toThrow(expect.objectContaining({ code: "xcp.going_away" }));
    expect(peer.of("peerGoingAway")).toHaveLength(1);
  });

  test("ERROR ends the session and is not answered", () => {
    const peer = responder();
    peer.send({ msgType: MsgType.ERROR }, encodeErrorBody({ errorCode: 0x0103, detail: "x" }, 8));
    expect(peer.frames()).toEqual([]);
    expect(peer.of("closed")[0]?.error?.code).toBe("xcp.header_malformed");
  });

  test("RELEASE reaches the application; UNSUPPORTED fails its message", () => {
    const peer = responder();
    const release = { msgId: 7, lease: "shm://a/b" };
    peer.send({ msgType: MsgType.RELEASE }, encodeRelease(release, 8));
    expect(peer.of("leaseReleased")[0]?.release).toMatchObject(release);
    peer.session.submit(0, { bodyCodec: 8, body }, { channelId: 2, wants: "reply" });
    const msgId = peer.frames()[0]?.header.msgId ?? 0;
    const unsupported = { msgType: MsgType.UNSUPPORTED, inReplyTo: msgId };
    peer.send(unsupported, encodeUnsupported({ msgId, kindId: 5 }, 8));
    expect(peer.of("failed")[0]?.error.code).toBe("xcp.kind_mismatch");
  });

  test("a control body that cannot be read is refused and the session goes on", () => {
    const peer = responder();
    peer.send({ msgType: MsgType.RELEASE, msgId: 2 }, new Uint8Array([0xff, 0xff, 0xff]));
    expect(peer.nacks()[0]?.errorCode).toBe(XcpCodes["xcp.body_malformed"].wire);
    expect(peer.session.phase).toBe("open");
  });
});

describe("§6 NEGOTIATE", () => {
  test("changes the frame limit of both directions after the answer", () => {
    const pair = openPair();
    pair.initiator.session.negotiate(0, { maxFrameBytes: 100, codecs: [8] }, "me");
    pair.settle();
    expect(pair.initiator.of("negotiated")[0]).toMatchObject({
      owner: "me",
      terms: { maxFrameBytes: 100, codecs: [8, 1] },
    });
    for (const end of [pair.initiator, pair.responder]) {
      expect(end.session.negotiated).toMatchObject({ maxFrameBytes: 100, codecs: [8, 1] });
    }
    pair.responder.session.submit(
      0,
      { bodyCodec: 8, body: new Uint8Array(1000) },
      { channelId: 2, wants: "nothing" },
    );
    pair.settle();
    expect(pair.responder.session.traffic.sent.frames).toBeGreaterThan(10);
    expect(pair.initiator.of("messageReceived")[0]?.message.body).toHaveLength(1000);
  });

  test("raising beyond the original offer is refused on both sides", () => {
    const peer = responder({ limits: { maxFrameBytes: 1000 } });
    expect(() => peer.session.negotiate(0, { maxFrameBytes: 2000 }, 0)).toThrow(
      expect.objectContaining({ code: "xcp.message_too_large" }),
    );
    const more = { codecs: [], accepts: [], emits: [], sharedMem: false, features: undefined };
    const proposal = encodeHello({ ...more, maxFrameBytes: 5000 }, 8);
    peer.send({ msgType: MsgType.NEGOTIATE, msgId: 2 }, proposal);
    expect(peer.nacks()[0]).toMatchObject({ msgId: 2, errorCode: 3 });
    peer.send({ msgType: MsgType.NEGOTIATE, msgId: 3 }, encodeHello({ ...more, codecs: [32] }, 8));
    expect(peer.nacks()[0]).toMatchObject({ msgId: 3, errorCode: 0x0205 });
  });

  test("lowering and raising back within the offer is allowed", () => {
    const pair = openPair();
    for (const maxFrameBytes of [64, 1_048_576]) {
      pair.responder.session.negotiate(0, { maxFrameBytes }, 0);
      pair.settle();
      expect(pair.initiator.session.negotiated?.maxFrameBytes).toBe(maxFrameBytes);
      expect(pair.responder.session.negotiated?.maxFrameBytes).toBe(maxFrameBytes);
    }
  });

  test("when both propose at once the initiator's proposal wins", () => {
    const pair = openPair();
    pair.initiator.session.negotiate(0, { maxFrameBytes: 500 }, "i");
    pair.responder.session.negotiate(0, { maxFrameBytes: 600 }, "r");
    pair.settle();
    expect(pair.initiator.session.negotiated?.maxFrameBytes).toBe(500);
    expect(pair.responder.session.negotiated?.maxFrameBytes).toBe(500);
    expect(pair.responder.of("commandFailed")[0]?.owner).toBe("r");
  });

  test("the answer is a NEGOTIATE with inReplyTo", () => {
    const peer = responder();
    const hello = { codecs: [], accepts: [], emits: [], sharedMem: false, features: undefined };
    const proposal = encodeHello({ ...hello, maxFrameBytes: 4096 }, 8);
    peer.send({ msgType: MsgType.NEGOTIATE, msgId: 2 }, proposal);
    const [answer] = ofType(peer.frames(), MsgType.NEGOTIATE);
    expect(answer?.header.inReplyTo).toBe(2);
    expect(decodeHello(answer?.payload ?? nothing, 8).maxFrameBytes).toBe(4096);
  });
});

describe("§8 clarification and confirmation", () => {
  const question = { reason: 1, fields: [{ path: "/payload/top_k", reason: 1 }] };

  function ask(peer: RawPeer, inbound: Inbound): ReceivedFrame {
    peer.session.ask(peer.time.nowUs(), inbound, { kind: "clarify", request: question });
    const [request] = ofType(peer.frames(), MsgType.CLARIFY_REQ);
    if (request === undefined) throw new Error("no CLARIFY_REQ");
    return request;
  }

  function answer(peer: RawPeer, request: ReceivedFrame, msgId: number, key?: string): void {
    const response = { msgId: 2, values: new Map(), declined: false, idempotencyKey: key };
    const fields = { msgType: MsgType.CLARIFY_RES, msgId, inReplyTo: request.header.msgId };
    peer.send({ ...fields, channelId: 1 }, encodeClarifyRes(response, 8));
  }

  test("CLARIFY_REQ travels on the channel of its message, as a reply to it", () => {
    const peer = responder();
    const request = ask(peer, deliver(peer));
    expect(request.header).toMatchObject({ channelId: 1, inReplyTo: 2 });
    expect(decodeClarifyReq(request.payload, 8)).toMatchObject({ msgId: 2, deadlineMs: 30_000 });
  });

  test("its channel and others go on meanwhile", () => {
    const peer = responder();
    ask(peer, deliver(peer));
    deliver(peer, 3);
    expect(peer.of("messageReceived")).toHaveLength(2);
  });

  test("three rounds, then ERR_CLARIFICATION_FAILED", () => {
    const peer = responder();
    const inbound = deliver(peer);
    for (let round = 0; round < 3; round++) answer(peer, ask(peer, inbound), 10 + round);
    expect(peer.of("clarified")).toHaveLength(3);
    expect(() => ask(peer, inbound)).toThrow(
      expect.objectContaining({ code: "xcp.clarification_failed" }),
    );
  });

  test("an answer that does not come in time fails the question", () => {
    const peer = responder();
    ask(peer, deliver(peer));
    peer.advance(29_999_000);
    expect(peer.of("questionFailed")).toEqual([]);
    peer.advance(2000);
    expect(peer.of("questionFailed")[0]?.error.code).toBe("xcp.clarification_failed");
  });

  test("declining, and decision 2, are ERR_CLARIFICATION_DECLINED", () => {
    const peer = responder();
    const inbound = deliver(peer);
    const request = ask(peer, inbound);
    const declined = encodeClarifyRes({ msgId: 2, values: new Map(), declined: true }, 8);
    peer.send(
      { msgType: MsgType.CLARIFY_RES, msgId: 10, inReplyTo: request.header.msgId },
      declined,
    );
    const confirm = { plan: "drop the table", params: new Map() };
    peer.session.ask(0, inbound, { kind: "confirm", request: confirm });
    const [asked] = ofType(peer.frames(), MsgType.CONFIRM_REQ);
    const no = encodeConfirmRes({ msgId: 2, decision: 2, corrections: new Map() }, 8);
    peer.send({ msgType: MsgType.CONFIRM_RES, msgId: 11, inReplyTo: asked?.header.msgId ?? 0 }, no);
    expect(peer.of("questionFailed").map((event) => event.error.code)).toEqual([
      "xcp.clarification_declined",
      "xcp.clarification_declined",
    ]);
  });

  test("one idempotency_key runs once; a later message with it gets the stored result", () => {
    const peer = responder();
    const first = deliver(peer, 2);
    answer(peer, ask(peer, first), 10, "task-1");
    expect(peer.of("clarified")).toHaveLength(1);

    // While the task runs, a second message with its key waits for the same result.
    const second = deliver(peer, 3);
    answer(peer, ask(peer, second), 11, "task-1");
    expect(peer.of("clarified")).toHaveLength(1);

    peer.session.reply(0, first, { bodyCodec: 8, body: new Uint8Array([42]) });
    const replies = ofType(peer.frames(), MsgType.DATA);
    const third = deliver(peer, 4);
    answer(peer, ask(peer, third), 12, "task-1");
    replies.push(...ofType(peer.frames(), MsgType.DATA));
    expect(replies.map((frame) => [frame.header.inReplyTo, frame.payload[0]])).toEqual([
      [2, 42],
      [3, 42],
      [4, 42],
    ]);
    expect(peer.of("superseded").map((event) => event.inbound)).toEqual([second, third]);
  });

  test("after 10 minutes the key is free again", () => {
    const peer = responder();
    const first = deliver(peer, 2);
    answer(peer, ask(peer, first), 10, "k");
    peer.session.reply(0, first, { bodyCodec: 8, body });
    for (let minute = 0; minute < 10; minute++) {
      peer.advance(60_000_000 - 1);
      for (const ping of ofType(peer.frames(), MsgType.PING)) {
        peer.send({ msgType: MsgType.PONG }, ping.payload);
      }
      peer.advance(1);
      peer.send({ msgType: MsgType.PING });
      peer.frames();
    }
    answer(peer, ask(peer, deliver(peer, 3)), 11, "k");
    expect(peer.of("clarified")).toHaveLength(2);
  });

  test("a peer without the feature cannot be asked", () => {
    const peer = new RawPeer("responder");
    peer.hello({ features: 0 });
    const inbound = deliver(peer);
    expect(() => ask(peer, inbound)).toThrow(
      expect.objectContaining({ code: "xcp.clarification_failed" }),
    );
  });

  test("a question about no message of ours is refused", () => {
    const peer = responder();
    const request = { msgId: 77, reason: 1, fields: [] };
    peer.send({ msgType: MsgType.CLARIFY_REQ, msgId: 2 }, encodeClarifyReq(request, 8));
    expect(peer.nacks()[0]?.errorCode).toBe(XcpCodes["xcp.clarification_failed"].wire);
  });
});

describe("§15.2, §15.3, §17 acceptance", () => {
  test("codecs: known but not negotiated, and unknown", () => {
    const peer = responder();
    peer.send({ ...data, msgId: 2, bodyCodec: 32 }, body);
    peer.send({ ...data, msgId: 3, bodyCodec: 0x77 }, body);
    expect(peer.nacks().map((nack) => nack.errorCode)).toEqual([0x0205, 0x0002]);
  });

  test("§7: UNSUPPORTED follows the NACK and names what is not supported", () => {
    const peer = responder({
      msgTypes: [],
      accepts: [{ kindId: 5, major: 1, minMinor: 0, maxMinor: 3 }],
    });
    const schemaKey = { nsHash: 0, kindId: 6, major: 1, minor: 0 };
    peer.send({ ...data, msgId: 2, bodyCodec: 0x77 }, body);
    peer.send({ ...data, msgId: 3, msgType: 0x0300 }, body);
    peer.send({ ...data, msgId: 4, schemaKey }, body);
    peer.send({ ...data, msgId: 0, schemaKey }, body);
    const frames = peer.frames();
    const { NACK, UNSUPPORTED } = MsgType;
    expect(frames.map(({ header }) => header.msgType)).toEqual([
      NACK,
      UNSUPPORTED,
      NACK,
      UNSUPPORTED,
      NACK,
      UNSUPPORTED,
    ]);
    const bodies = frames
      .filter(({ header }) => header.msgType === UNSUPPORTED)
      .map(({ payload, header }) => ({
        ...decodeUnsupported(payload, 8),
        inReplyTo: header.inReplyTo,
        channelId: header.channelId,
      }));
    expect(bodies).toEqual([
      expect.objectContaining({ msgId: 2, codec: 0x77, inReplyTo: 2, channelId: 1 }),
      expect.objectContaining({ msgId: 3, msgType: 0x0300, inReplyTo: 3 }),
      expect.objectContaining({ msgId: 4, kindId: 6, inReplyTo: 4 }),
    ]);
  });

  test("§9: a peer without features gets the NACK alone", () => {
    const peer = new RawPeer("responder");
    peer.hello({ features: undefined });
    peer.send({ ...data, msgId: 2, bodyCodec: 0x77 }, body);
    expect(peer.frames().map(({ header }) => header.msgType)).toEqual([MsgType.NACK]);
  });

  test("BinaryRequired refuses JSON, also inside codec 8, in both directions", () => {
    const peer = new RawPeer("responder", { codecs: [8, 1], codecPolicy: "BinaryRequired" });
    peer.hello();
    const json = new TextEncoder().encode('{"kind":"text"}');
    peer.send({ ...data, msgId: 2, bodyCodec: 1 }, json);
    peer.send({ ...data, msgId: 3, bodyCodec: 8 }, json);
    expect(peer.nacks().map((nack) => nack.errorCode)).toEqual([0x0205, 0x0204]);
    for (const bodyCodec of [1, 8]) {
      expect(() =>
        peer.session.submit(0, { bodyCodec, body: json }, { channelId: 2, wants: "reply" }),
      ).toThrow(XcpError);
    }
    expect(peer.session.negotiated?.codecs).toEqual([8]);
  });

  test("a kind outside accepts is ERR_KIND_MISMATCH, and is not sent to a peer that lacks it", () => {
    const ranges = [{ kindId: 5, major: 1, minMinor: 0, maxMinor: 3 }];
    const peer = responder({ accepts: ranges });
    const key = { nsHash: 0, kindId: 5, major: 1, minor: 4 };
    peer.send({ ...data, msgId: 2, schemaKey: key }, body);
    expect(peer.nacks()[0]?.errorCode).toBe(4);
    peer.send({ ...data, msgId: 3, schemaKey: { ...key, minor: 3 } }, body);
    expect(peer.of("messageReceived")).toHaveLength(1);

    const other = new RawPeer("responder");
    other.hello({ accepts: ranges });
    expect(() =>
      other.session.submit(
        0,
        { bodyCodec: 8, body, schemaKey: { ...key, major: 2 } },
        { channelId: 2, wants: "reply" },
      ),
    ).toThrow(expect.objectContaining({ code: "xcp.schema_unknown" }));
  });

  test("a kind outside emits is not sent", () => {
    const peer = responder({ emits: [{ kindId: 5, major: 1, minMinor: 0, maxMinor: 3 }] });
    const key = { nsHash: 0, kindId: 5, major: 1, minor: 3 };
    const terms = { channelId: 2, wants: "reply" } as const;
    peer.session.submit(0, { bodyCodec: 8, body, schemaKey: key }, terms);
    peer.session.submit(0, { bodyCodec: 8, body }, terms);
    expect(() =>
      peer.session.submit(0, { bodyCodec: 8, body, schemaKey: { ...key, minor: 4 } }, terms),
    ).toThrow(expect.objectContaining({ code: "xcp.schema_unknown" }));
  });

  test("application types are delivered as DATA is, unless the application names its own", () => {
    const all = responder();
    all.send({ msgType: 0x0200, msgId: 2, channelId: 1 }, body);
    expect(all.of("messageReceived")[0]?.message.msgType).toBe(0x0200);
    const some = responder({ msgTypes: [0x0200] });
    some.send({ msgType: 0x0300, msgId: 2, channelId: 1 }, body);
    expect(some.nacks()[0]?.errorCode).toBe(0x0206);
  });
});
