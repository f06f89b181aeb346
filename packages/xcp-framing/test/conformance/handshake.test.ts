import { describe, expect, test } from "@jest/globals";
import { Feature, MsgType } from "#src/wire/constants.js";
import { decodeErrorBody, decodeNack } from "#src/wire/control.js";
import { decodeHello, encodeHello, type Hello } from "#src/wire/hello.js";
import { XcpCodes } from "@proj/xcp-framing";
import { openPair, SessionPair } from "../support/session-pair.js";
import { RawPeer } from "../support/raw-peer.js";

const base: Hello = { codecs: [1, 8, 32], accepts: [], emits: [], sharedMem: false, features: 97 };

function nackCode(peer: RawPeer): number | undefined {
  return peer.nacks()[0]?.errorCode;
}

describe("§6 handshake", () => {
  test("HELLO and CAPS have channel 0 and msgId 1, and CAPS answers HELLO in its codec", () => {
    for (const codec of [1, 8] as const) {
      const peer = new RawPeer("responder");
      peer.send({ msgType: MsgType.HELLO, msgId: 1, bodyCodec: codec }, encodeHello(base, codec));
      const [caps] = peer.frames();
      expect(caps?.header).toMatchObject({
        channelId: 0,
        msgType: MsgType.CAPS,
        msgId: 1,
        inReplyTo: 1,
        bodyCodec: codec,
      });
      expect(caps?.flags).toBe(0);
    }
  });

  test("codecs are the responder's, in its order, restricted to the peer's", () => {
    const peer = new RawPeer("responder", { codecs: [32, 8, 1] });
    const [caps] = peer.hello({ codecs: [1, 8, 32, 2] });
    expect(decodeHello(caps?.payload ?? new Uint8Array(), 8).codecs).toEqual([32, 8, 1]);
  });

  test("JSON is implied even when nobody lists it", () => {
    const pair = openPair({ codecs: [8] }, { codecs: [32] });
    expect(pair.initiator.session.negotiated?.codecs).toEqual([1]);
    expect(pair.responder.session.negotiated?.codecs).toEqual([1]);
  });

  test("no common codec under BinaryRequired is refused", () => {
    const peer = new RawPeer("responder", { codecs: [32, 1], codecPolicy: "BinaryRequired" });
    peer.send({ msgType: MsgType.HELLO, msgId: 1 }, encodeHello(base, 8));
    peer.frames();
    const other = new RawPeer("responder", { codecs: [2], codecPolicy: "BinaryRequired" });
    other.send({ msgType: MsgType.HELLO, msgId: 1 }, encodeHello(base, 8));
    expect(nackCode(other)).toBe(XcpCodes["xcp.no_common_codec"].wire);
    expect(other.of("closed")[0]?.error?.code).toBe("xcp.no_common_codec");
  });

  test("limits are the minimum of both, in-flight stays per direction, features are ANDed", () => {
    const pair = openPair(
      { limits: { maxFrameBytes: 5000, maxMessageBytes: 1_000_000, maxInflight: 7 } },
      {
        limits: { maxFrameBytes: 9000, maxMessageBytes: 70_000, dedupWindow: 100, maxInflight: 9 },
        features: { clarification: false },
      },
    );
    const here = pair.initiator.session.negotiated;
    expect(here).toMatchObject({
      maxFrameBytes: 5000,
      maxMessageBytes: 70_000,
      dedupWindow: 100,
      sendInflight: 9,
      receiveInflight: 7,
      features: Feature.ACKREQ | Feature.GOAWAY,
      minor: 2,
    });
    expect(pair.responder.session.negotiated).toMatchObject({
      sendInflight: 7,
      receiveInflight: 9,
    });
  });

  test("another frame first is ERR_HELLO_EXPECTED", () => {
    const peer = new RawPeer("responder");
    peer.send({ msgType: MsgType.PING, msgId: 1 });
    const [error] = peer.frames();
    expect(error?.header.msgType).toBe(MsgType.ERROR);
    const body = decodeErrorBody(error?.payload ?? new Uint8Array(), 8);
    expect(body.errorCode).toBe(XcpCodes["xcp.hello_expected"].wire);
    expect(peer.session.phase).toBe("closed");
  });

  test("a second HELLO in an open session is ERR_HELLO_EXPECTED", () => {
    const peer = new RawPeer("responder");
    peer.hello();
    peer.send({ msgType: MsgType.HELLO, msgId: 2 }, encodeHello(base, 8));
    expect(peer.of("closed")[0]?.error?.code).toBe("xcp.hello_expected");
  });

  test.each(["initiator", "responder"] as const)("a silent peer costs the %s 5 s", (role) => {
    const peer = new RawPeer(role);
    peer.advance(4_999_000);
    expect(peer.of("closed")).toEqual([]);
    peer.advance(2000);
    expect(peer.of("closed")[0]?.error?.code).toBe("xcp.hello_timeout");
  });

  test("a higher major in HELLO is refused", () => {
    const peer = new RawPeer("responder");
    peer.send({ msgType: MsgType.HELLO, msgId: 1 }, encodeHello({ ...base, verMajor: 1 }, 8));
    expect(nackCode(peer)).toBe(XcpCodes["xcp.version_unsupported"].wire);
    expect(peer.session.phase).toBe("closed");
  });

  test("a peer without features gets CAPS without them, and base codes", () => {
    const peer = new RawPeer("responder");
    const [caps] = peer.hello({ features: undefined });
    expect(decodeHello(caps?.payload ?? new Uint8Array(), 8).features).toBeUndefined();
    peer.send({ msgType: 0x0150, msgId: 2, channelId: 1 });
    expect(nackCode(peer)).toBe(XcpCodes["xcp.msgtype_unknown"].base);
  });

  test("NACK ERR_CODEC_UNSUPPORTED makes an initiator repeat HELLO once, in JSON", () => {
    const responder = new RawPeer("responder");
    responder.send({ msgType: MsgType.HELLO, msgId: 1, bodyCodec: 32 }, new Uint8Array([1]));
    const [nack] = responder.frames();
    expect(nack?.header.msgType).toBe(MsgType.NACK);
    expect(responder.session.phase).toBe("handshake");

    const initiator = new RawPeer("initiator");
    const [first] = initiator.frames();
    expect(first?.header.bodyCodec).toBe(8);
    const refusal = { msgType: MsgType.NACK, inReplyTo: 1, bodyCodec: nack?.header.bodyCodec ?? 1 };
    initiator.send(refusal, nack?.payload);
    const [second] = initiator.frames();
    expect(second?.header).toMatchObject({ msgType: MsgType.HELLO, msgId: 1, bodyCodec: 1 });
    initiator.send(refusal, nack?.payload);
    expect(initiator.of("closed")[0]?.error?.code).toBe("xcp.codec_unsupported");
  });

  test("a HELLO that answers ours is taken as CAPS", () => {
    const peer = new RawPeer("initiator");
    peer.frames();
    const caps = encodeHello({ ...base, codecs: [8] }, 8);
    peer.send({ msgType: MsgType.HELLO, msgId: 1, inReplyTo: 1 }, caps);
    expect(peer.session.phase).toBe("open");
  });

  test.each([
    ["a codec", { codecs: [8, 32] }],
    ["a larger frame", { maxFrameBytes: 2_000_000 }],
    ["a larger message", { maxMessageBytes: 2 ** 40 }],
    ["a feature", { features: 97 | Feature.DLPACK }],
    ["shared memory", { sharedMem: true }],
  ])("CAPS that grants %s that was not offered is ERR_HELLO_INVALID", (_what, grant) => {
    const peer = new RawPeer("initiator", { codecs: [8, 1] });
    peer.frames();
    const caps = encodeHello({ ...base, codecs: [8], features: 97, ...grant }, 8);
    peer.send({ msgType: MsgType.CAPS, msgId: 1, inReplyTo: 1 }, caps);
    expect(peer.of("closed")[0]?.error?.code).toBe("xcp.hello_invalid");
    const [error] = peer.frames();
    expect(error?.header.msgType).toBe(MsgType.ERROR);
  });

  test("a required encryption that the peer does not offer ends the handshake", () => {
    const key = new Uint8Array(32).fill(7);
    const peer = new RawPeer("responder", { key, cryptPolicy: "required" });
    peer.send({ msgType: MsgType.HELLO, msgId: 1 }, encodeHello(base, 8));
    expect(nackCode(peer)).toBe(XcpCodes["xcp.crypt_required"].wire);
  });

  test("a refused credential is ERR_AUTH_FAILED, a missing one ERR_AUTH_REQUIRED", () => {
    for (const [auth, code] of [
      [new Uint8Array([1]), "xcp.auth_failed"],
      [undefined, "xcp.auth_required"],
    ] as const) {
      const peer = new RawPeer("responder", { verifyAuth: () => false });
      peer.send({ msgType: MsgType.HELLO, msgId: 1 }, encodeHello({ ...base, auth }, 8));
      expect(peer.of("credentialPresented")).toHaveLength(1);
      peer.session.authorize(peer.time.nowUs(), "refused");
      const [nack] = peer.frames();
      expect(decodeNack(nack?.payload ?? new Uint8Array(), 8).errorCode).toBe(XcpCodes[code].wire);
      expect(peer.of("closed")[0]?.error?.code).toBe(code);
    }
  });

  test("shared memory needs a proof that the initiator can verify", () => {
    const content = new Uint8Array(64).fill(3);
    let disposed = 0;
    const proof = (right: boolean) => ({
      createProbe: () => ({
        uri: "shm://probe/1",
        sha256: new Uint8Array(32),
        verify: (given: Uint8Array) => given[0] === content[0],
        dispose: () => void disposed++,
      }),
      prove: () => new Uint8Array(32).fill(right ? 3 : 4),
    });
    const right = openPair({ sharedMemory: proof(true) }, { sharedMemory: proof(true) });
    expect(right.initiator.session.negotiated?.sharedMem).toBe(true);
    const wrong = openPair({ sharedMemory: proof(true) }, { sharedMemory: proof(false) });
    expect(wrong.initiator.session.negotiated?.sharedMem).toBe(false);
    const alone = openPair({ sharedMemory: proof(true) }, {});
    expect(alone.initiator.session.negotiated?.sharedMem).toBe(false);
    expect(disposed).toBe(3);
  });

  test("with one key on both sides the session is encrypted, without it is not", () => {
    const key = new Uint8Array(32).fill(9);
    const both = openPair({ key }, { key });
    expect(both.initiator.session.negotiated?.crypt).toBe(true);
    const one = openPair({ key }, {});
    expect(one.initiator.session.negotiated?.crypt).toBe(false);
  });

  test("a peer that ends before CAPS fails the handshake with wire.closed", () => {
    const pair = new SessionPair();
    pair.initiator.session.receiveEnd(pair.time.nowUs());
    pair.initiator.pump();
    expect(pair.initiator.of("closed")[0]?.error?.code).toBe("wire.closed");
  });
});
