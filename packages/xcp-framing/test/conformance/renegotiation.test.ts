import { describe, expect, test } from "@jest/globals";
import { MsgType } from "#src/wire/constants.js";
import { decodeHello, encodeHello } from "#src/wire/hello.js";
import { openPair } from "../support/session-pair.js";
import { nothing, ofType, responder } from "../support/raw-responder.js";

describe("§6 NEGOTIATE", () => {
  test("changes the frame limit of both directions after the answer", () => {
    const pair = openPair();
    pair.initiator.session.controls.negotiate(0, { maxFrameBytes: 100, codecs: [8] }, "me");
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
    expect(() => peer.session.controls.negotiate(0, { maxFrameBytes: 2000 }, 0)).toThrow(
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
      pair.responder.session.controls.negotiate(0, { maxFrameBytes }, 0);
      pair.settle();
      expect(pair.initiator.session.negotiated?.maxFrameBytes).toBe(maxFrameBytes);
      expect(pair.responder.session.negotiated?.maxFrameBytes).toBe(maxFrameBytes);
    }
  });

  test("when both propose at once the initiator's proposal wins", () => {
    const pair = openPair();
    pair.initiator.session.controls.negotiate(0, { maxFrameBytes: 500 }, "i");
    pair.responder.session.controls.negotiate(0, { maxFrameBytes: 600 }, "r");
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
