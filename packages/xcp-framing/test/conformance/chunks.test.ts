import { describe, expect, test } from "@jest/globals";
import { Flag, MsgType } from "#src/wire/constants.js";
import { encodeNack } from "#src/wire/control.js";
import type { ReceivedFrame } from "#src/wire/frame-event.js";
import { tagValue } from "#src/wire/header.js";
import { concatBytes } from "@proj/wire-types";
import { XcpCodes, XcpError } from "@proj/xcp-framing";
import { RawPeer } from "../support/raw-peer.js";

const data = { msgType: MsgType.DATA, channelId: 1 };

function open(maxFrameBytes = 100): RawPeer {
  const peer = new RawPeer("responder", { limits: { maxFrameBytes } });
  peer.hello();
  return peer;
}

function isAbort(frame: ReceivedFrame): boolean {
  return tagValue(frame.header.tags, "xcp.abort") === "1";
}

function bytes(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i * 7);
}

describe("§11.3 the sending side", () => {
  test("a message above max_frame_bytes is split into chunks of one size; only its first chunk has tags, only its last no MORE", () => {
    const peer = open();
    const body = bytes(250);
    const tags = [{ key: "trace_id", val: "t" }];
    peer.session.submit(0, { bodyCodec: 8, body, tags }, { channelId: 4, wants: "reply" });
    const frames = peer.frames();
    expect(frames.map((frame) => frame.payload.length)).toEqual([84, 83, 83]);
    expect(frames.map((frame) => frame.flags & Flag.MORE)).toEqual([Flag.MORE, Flag.MORE, 0]);
    expect(tagValue(frames[0]?.header.tags ?? [], "xcp.len")).toBe("250");
    expect(frames.slice(1).every((frame) => frame.header.tags.length === 0)).toBe(true);
    expect(new Set(frames.map((frame) => frame.header.msgId)).size).toBe(1);
    expect(concatBytes(frames.map((frame) => frame.payload))).toEqual(body);
  });

  test("channels take turns, so a small message is not held up by a train", () => {
    const peer = open();
    const submit = (channelId: number, length: number): void => {
      peer.session.submit(
        0,
        { bodyCodec: 8, body: bytes(length) },
        { channelId, wants: "nothing" },
      );
    };
    submit(2, 1000);
    submit(4, 1000);
    submit(6, 10);
    const channels = peer.frames().map((frame) => frame.header.channelId);
    expect(channels.indexOf(6)).toBe(2);
    expect(channels.slice(3, 9)).toEqual([2, 4, 2, 4, 2, 4]);
  });

  test("control frames go between chunks", () => {
    const peer = new RawPeer("responder", { limits: { maxFrameBytes: 100_000 } });
    peer.hello();
    peer.session.submit(
      0,
      { bodyCodec: 8, body: bytes(1_000_000) },
      { channelId: 2, wants: "reply" },
    );
    const first = peer.session.transmit(0);
    expect(first).toBeDefined();
    peer.session.controls.ping(0, 1);
    const second = peer.session.transmit(0);
    expect(second).toBeDefined();
    peer.session.transmit(0);
  });

  test("a NACK in the middle ends the train with an empty xcp.abort frame, then the message is sent again", () => {
    const peer = new RawPeer("responder");
    peer.hello();
    const body = bytes(5_000_000);
    peer.session.submit(0, { bodyCodec: 8, body }, { channelId: 2, wants: "reply" });
    // One batch leaves, the rest waits.
    expect(peer.session.transmit(0)).toBeDefined();
    const nack = { msgId: 2, errorCode: XcpCodes["xcp.chunk_state"].wire, retryAfterMs: 10 };
    peer.send({ msgType: MsgType.NACK, channelId: 2, inReplyTo: 2 }, encodeNack(nack, 8));
    const [end, ...none] = peer.session.transmit(0) === undefined ? [] : ["frame"];
    expect(end).toBe("frame");
    expect(none).toEqual([]);
    expect(peer.session.transmit(0)).toBeUndefined();
    peer.advance(200_000);
    expect(peer.session.traffic.retransmissions).toBe(1);
    expect(peer.session.transmit(peer.time.nowUs())).toBeDefined();
  });

  test("cancelling in the middle aborts the train; before its first chunk nothing is sent", () => {
    const peer = new RawPeer("responder", { limits: { maxFrameBytes: 200_000 } });
    peer.hello();
    const submit = () =>
      peer.session.submit(
        0,
        { bodyCodec: 8, body: bytes(900_000) },
        { channelId: 2, wants: "reply" },
      );
    const started = submit();
    const waiting = submit();
    peer.session.transmit(0);
    const error = new XcpError("xcp.cancelled", "enough");
    peer.session.cancel(0, started, error);
    peer.session.cancel(0, waiting, error);
    peer.pump();
    expect(peer.of("failed").map((event) => event.error.code)).toEqual([
      "xcp.cancelled",
      "xcp.cancelled",
    ]);
    expect(peer.session.transmit(0)).toBeDefined();
    expect(peer.session.transmit(0)).toBeUndefined();
    expect(peer.session.queuedBytes).toBe(0);
  });

  test("the abort frame is empty, without MORE, with the id of the train", () => {
    const sender = new RawPeer("responder", { limits: { maxFrameBytes: 300_000 } });
    sender.hello();
    const transfer = sender.session.submit(
      0,
      { bodyCodec: 8, body: bytes(900_000) },
      { channelId: 2, wants: "reply" },
    );
    const receiver = new RawPeer("initiator");
    receiver.frames();
    const before = sender.session.transmit(0) ?? [];
    sender.session.cancel(0, transfer, new XcpError("xcp.cancelled", "enough"));
    const after = sender.frames();
    expect(before.length).toBeGreaterThan(0);
    expect(after).toHaveLength(1);
    const [abort] = after;
    if (abort === undefined) throw new Error("no abort frame");
    expect(isAbort(abort)).toBe(true);
    expect(abort.payload).toHaveLength(0);
    expect(abort.flags & Flag.MORE).toBe(0);
    expect(abort.header.msgId).toBe(transfer.msgId);
  });
});

describe("§11.3 the receiving side", () => {
  test("a message arrives whole, once, whatever the chunks", () => {
    const peer = open(1000);
    peer.send({ ...data, msgId: 2 }, bytes(3), Flag.MORE);
    peer.send({ ...data, msgId: 2 }, bytes(5), Flag.MORE);
    expect(peer.of("messageReceived")).toEqual([]);
    peer.send({ ...data, msgId: 2 }, bytes(2));
    expect(peer.of("messageReceived").map((inbound) => inbound.message.body.length)).toEqual([10]);
  });

  test("control frames and other channels do not disturb a train", () => {
    const peer = open(1000);
    peer.send({ ...data, msgId: 2 }, bytes(3), Flag.MORE);
    peer.send({ ...data, channelId: 3, msgId: 3 }, bytes(1));
    peer.send({ msgType: MsgType.PING, channelId: 1, msgId: 4 });
    peer.send({ ...data, msgId: 2 }, bytes(2));
    expect(peer.of("messageReceived").map((inbound) => inbound.message.msgId)).toEqual([3, 2]);
  });

  test("a train that was refused for now is taken when it comes again", () => {
    const peer = open(1000);
    const train = (): void => {
      peer.send({ ...data, msgId: 2 }, bytes(3), Flag.MORE);
      peer.send({ ...data, msgId: 2 }, bytes(2));
    };
    train();
    const [inbound] = peer.of("messageReceived");
    if (inbound === undefined) throw new Error("nothing arrived");
    peer.session.replies.refuse(0, inbound, new XcpError("xcp.busy", "later"));
    train();
    train();
    expect(peer.of("messageReceived")).toHaveLength(2);
  });

  test("an aborted train delivers nothing and is not refused", () => {
    const peer = open(1000);
    peer.send({ ...data, msgId: 2 }, bytes(3), Flag.MORE);
    peer.send({ ...data, msgId: 2, tags: [{ key: "xcp.abort", val: "1" }] });
    expect(peer.of("messageReceived")).toEqual([]);
    expect(peer.frames()).toEqual([]);
  });

  test("an aborted reply fails its request with ERR_CANCELLED", () => {
    const peer = open(1000);
    peer.session.submit(0, { bodyCodec: 8, body: bytes(1) }, { channelId: 2, wants: "reply" });
    const inReplyTo = peer.frames()[0]?.header.msgId ?? 0;
    const reply = { msgType: MsgType.DATA, channelId: 2, msgId: 2, inReplyTo };
    peer.send(reply, bytes(3), Flag.MORE);
    peer.send({ ...reply, tags: [{ key: "xcp.abort", val: "1" }] });
    expect(peer.of("failed")[0]?.error.code).toBe("xcp.cancelled");
  });

  test("30 s without progress is ERR_CHUNK_TIMEOUT", () => {
    const peer = open(1000);
    peer.send({ ...data, msgId: 2 }, bytes(3), Flag.MORE);
    peer.advance(30_001_000);
    expect(peer.nacks()[0]).toMatchObject({
      msgId: 2,
      errorCode: XcpCodes["xcp.chunk_timeout"].wire,
    });
    expect(peer.session.stats(0).partialBytes).toBe(0);
  });

  test("a refused train is not gathered: the rest of it is ignored", () => {
    const peer = open(1000);
    peer.send({ ...data, msgId: 2, bodyCodec: 32 }, bytes(500), Flag.MORE);
    expect(peer.nacks()[0]?.errorCode).toBe(XcpCodes["xcp.codec_not_negotiated"].wire);
    peer.send({ ...data, msgId: 2, bodyCodec: 32 }, bytes(500));
    expect(peer.frames()).toEqual([]);
    expect(peer.session.stats(0).partialBytes).toBe(0);
  });
});
