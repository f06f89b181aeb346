import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { MsgType } from "#src/wire/constants.js";
import { decodeNack } from "#src/wire/control.js";
import { formatHex, parseHex } from "@proj/wire-types";
import { V01_RAW_BYTES, XcpError } from "@proj/xcp-framing";
import { openPair, SessionPair } from "../support/session-pair.js";
import { RawPeer } from "../support/raw-peer.js";

const vectors = JSON.parse(
  readFileSync(new URL("../../vectors/xcp-golden.json", import.meta.url), "utf8"),
) as { id: string; hex: string }[];

function vector(id: string): Uint8Array {
  return parseHex(vectors.find((each) => each.id === id)?.hex ?? "");
}

function written(peer: RawPeer): string {
  return formatHex(peer.session.transmit(peer.time.nowUs())?.[0] ?? new Uint8Array());
}

const json = new TextEncoder().encode('{"kind":"text","schema_version":1,"payload":{}}');

describe("§5.1 v0.2-json", () => {
  test("a responder detects it and answers the reference's HELLO with the body of its CAPS", () => {
    const peer = new RawPeer("responder", { codecs: [8, 1] }, "v0.2-json");
    peer.sendBytes(vector("json-hello"));
    const [caps] = peer.frames();
    expect(caps?.header).toMatchObject({ msgType: MsgType.CAPS, inReplyTo: 1, bodyCodec: 1 });
    expect(new TextDecoder().decode(caps?.payload)).toBe(
      '{"codecs":[8,1],"max_frame_bytes":1048576,"shared_mem":false,"accepts":[],"emits":[]}',
    );
    expect(peer.session.negotiated).toMatchObject({ profile: "v0.2-json", codecs: [1] });
  });

  test("an initiator sends the reference's HELLO, byte for byte", () => {
    const peer = new RawPeer("initiator", { profile: "v0.2-json", codecs: [1, 8] }, "v0.2-json");
    expect(written(peer)).toBe(formatHex(vector("json-hello")));
    peer.sendBytes(vector("json-caps"));
    expect(peer.session.phase).toBe("open");
  });

  function open(options = {}): RawPeer {
    const peer = new RawPeer("responder", { codecs: [8, 1], ...options }, "v0.2-json");
    peer.sendBytes(vector("json-hello"));
    peer.frames();
    return peer;
  }

  const data = { msgType: MsgType.DATA, channelId: 1, bodyCodec: 1 };

  test("the first request may have HELLO's id, clock values are ids, id 0 is never a duplicate", () => {
    const peer = open();
    for (const msgId of [1, 1795230449501688, 0, 0]) peer.send({ ...data, msgId }, json);
    expect(peer.of("messageReceived")).toHaveLength(4);
  });

  test("answers leave in the order of the questions, a PONG among them", () => {
    const peer = open();
    peer.send({ ...data, msgId: 1 }, json);
    peer.send({ msgType: MsgType.PING, msgId: 2, bodyCodec: 1 }, json);
    peer.send({ ...data, msgId: 3 }, json);
    const [first, second] = peer.of("messageReceived");
    if (first === undefined || second === undefined) throw new Error("nothing arrived");
    peer.session.replies.reply(0, second, { bodyCodec: 1, body: json });
    expect(peer.frames()).toEqual([]);
    peer.session.replies.refuse(0, first, new XcpError("xcp.schema_hash", "no"));
    const frames = peer.frames();
    expect(frames.map((frame) => frame.header.msgType)).toEqual([
      MsgType.NACK,
      MsgType.PONG,
      MsgType.DATA,
    ]);
    expect(decodeNack(frames[0]?.payload ?? json, 1)).toMatchObject({ msgId: 1, errorCode: 1 });
    expect(frames[0]?.header.bodyCodec).toBe(1);
    expect(frames.every((frame) => frame.flags === 0)).toBe(true);
  });

  test("codec 8 carrying JSON reaches the application as JSON and is answered under 8", () => {
    const peer = open();
    peer.send({ ...data, msgId: 1, bodyCodec: 8 }, json);
    const [inbound] = peer.of("messageReceived");
    expect(inbound?.message.bodyCodec).toBe(1);
    if (inbound !== undefined) peer.session.replies.reply(0, inbound, { bodyCodec: 1, body: json });
    expect(peer.frames()[0]?.header.bodyCodec).toBe(8);
  });

  test("nothing is sent unasked: no PING, no GOAWAY, no ERROR, no ACK", () => {
    const peer = open();
    peer.advance(200_000_000);
    expect(peer.frames()).toEqual([]);
    peer.send({ ...data, msgId: 1, tags: [{ key: "xcp.ack", val: "1" }] }, json);
    const [inbound] = peer.of("messageReceived");
    if (inbound !== undefined) peer.session.replies.reply(0, inbound, { bodyCodec: 1, body: json });
    expect(peer.frames().map((frame) => frame.header.msgType)).toEqual([MsgType.DATA]);
    peer.session.close(peer.time.nowUs());
    expect(peer.frames()).toEqual([]);
    const failing = open();
    failing.sendBytes(new Uint8Array(64));
    expect(failing.frames()).toEqual([]);
    expect(failing.session.phase).toBe("closed");
  });

  test("messages are neither chunked nor compressed nor larger than a frame", () => {
    const pair = openPair({ profile: "v0.2-json", compression: { mode: "on" } });
    const { session } = pair.initiator;
    session.submit(
      0,
      { bodyCodec: 1, body: new Uint8Array(500_000).fill(0x20) },
      { channelId: 1, wants: "reply" },
    );
    pair.settle();
    expect(pair.responder.of("messageReceived")[0]?.message.body).toHaveLength(500_000);
    expect(session.traffic.sent.frames).toBe(2);
    expect(() =>
      session.submit(
        0,
        { bodyCodec: 1, body: new Uint8Array(2_000_000) },
        { channelId: 1, wants: "reply" },
      ),
    ).toThrow(expect.objectContaining({ code: "xcp.message_too_large" }));
  });

  test("only JSON is sent", () => {
    const pair = openPair({ profile: "v0.2-json" });
    expect(() =>
      pair.initiator.session.submit(
        0,
        { bodyCodec: 8, body: new Uint8Array([1]) },
        { channelId: 1, wants: "reply" },
      ),
    ).toThrow(expect.objectContaining({ code: "xcp.codec_not_negotiated" }));
  });

  test("BinaryRequired excludes it: ERR_CODEC_POLICY on both ends", () => {
    expect(() => new SessionPair({ profile: "v0.2-json", codecPolicy: "BinaryRequired" })).toThrow(
      expect.objectContaining({ code: "xcp.codec_policy" }),
    );
    const peer = new RawPeer("responder", { codecPolicy: "BinaryRequired" }, "v0.2-json");
    peer.sendBytes(vector("json-hello"));
    const [nack] = peer.frames();
    expect(decodeNack(nack?.payload ?? json, 1).errorCode).toBe(2);
    expect(peer.of("closed")[0]?.error?.code).toBe("xcp.codec_policy");
  });

  test("a reply with id 0 is matched by inReplyTo", () => {
    const peer = new RawPeer("initiator", { profile: "v0.2-json" }, "v0.2-json");
    peer.frames();
    peer.sendBytes(vector("json-caps"));
    for (let i = 0; i < 2; i++) {
      peer.session.submit(0, { bodyCodec: 1, body: json }, { channelId: 1, wants: "reply" });
    }
    for (const frame of peer.frames()) {
      peer.send({ ...data, msgId: 0, inReplyTo: frame.header.msgId }, json);
    }
    expect(peer.of("replied")).toHaveLength(2);
  });
});

describe("§5.2 v0.1", () => {
  test("is refused unless it is enabled", () => {
    const peer = new RawPeer("responder", {}, "v0.1");
    peer.sendBytes(vector("v01-hello"));
    expect(peer.of("closed")[0]?.error?.code).toBe("xcp.bad_magic");
    expect(peer.session.transmit(0)).toBeUndefined();
  });

  test("HELLO is answered with an empty CAPS_ACK, DATA is translated", () => {
    const peer = new RawPeer("responder", { acceptV01: true }, "v0.1");
    peer.sendBytes(vector("v01-hello"));
    const [caps] = peer.frames();
    expect(caps?.header).toMatchObject({ msgType: 2, inReplyTo: 1 });
    expect(caps?.payload).toHaveLength(0);
    peer.sendBytes(vector("v01-data"));
    const [inbound] = peer.of("messageReceived");
    expect(inbound?.message).toMatchObject({ msgType: MsgType.DATA, bodyCodec: 1, msgId: 2 });
    expect(new TextDecoder().decode(inbound?.message.body)).toBe("hello");
    if (inbound !== undefined) peer.session.replies.reply(0, inbound, { bodyCodec: 1, body: json });
    expect(peer.frames()[0]?.header).toMatchObject({ msgType: 0x20, inReplyTo: 2 });
  });

  test("both ends of ours speak it, raw bytes and standard kinds included", () => {
    const pair = openPair(
      { profile: "v0.1", codecs: [1, V01_RAW_BYTES] },
      { acceptV01: true, codecs: [1, V01_RAW_BYTES] },
    );
    expect(pair.initiator.session.negotiated?.profile).toBe("v0.1");
    const schemaKey = { nsHash: 0x60bff317, kindId: 0xbde64e3e, major: 1, minor: 0 };
    pair.initiator.session.submit(
      0,
      { bodyCodec: V01_RAW_BYTES, body: new Uint8Array([7]), schemaKey },
      { channelId: 1, wants: "reply" },
    );
    pair.settle();
    const [inbound] = pair.responder.of("messageReceived");
    expect(inbound?.message).toMatchObject({ bodyCodec: V01_RAW_BYTES, schemaKey });
  });
});
