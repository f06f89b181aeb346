import { describe, expect, test } from "@jest/globals";
import { MsgType } from "#src/wire/constants.js";
import { decodeUnsupported } from "#src/wire/control.js";
import { XcpError } from "@proj/xcp-framing";
import { RawPeer } from "../support/raw-peer.js";
import { body, data, responder } from "../support/raw-responder.js";

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
