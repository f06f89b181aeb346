import { describe, expect, test } from "@jest/globals";
import { MsgType } from "#src/wire/constants.js";
import {
  decodeGoaway,
  decodePing,
  encodeAck,
  encodeErrorBody,
  encodeGoaway,
  encodeRelease,
  encodeUnsupported,
} from "#src/wire/control.js";
import { XcpCodes } from "@proj/xcp-framing";
import { body, data, deliver, nothing, ofType, responder } from "../support/raw-responder.js";

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
    peer.session.controls.ping(0, "a");
    peer.session.controls.ping(0, "b");
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
    peer.session.controls.ping(0, "a");
    peer.frames();
    peer.advance(30_000_000);
    const [again] = ofType(peer.frames(), MsgType.PING);
    peer.advance(40);
    peer.send({ msgType: MsgType.PONG }, again?.payload);
    expect(peer.of("ponged").map((event) => [event.owner, event.rttUs])).toEqual([["a", 40]]);
  });

  test("a peer that never PONGs but talks fails those who asked, one after the other", () => {
    const peer = responder();
    peer.session.controls.ping(0, "a");
    peer.session.controls.ping(0, "b");
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
    peer.session.replies.reply(peer.time.nowUs(), inbound, { bodyCodec: 8, body });
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
