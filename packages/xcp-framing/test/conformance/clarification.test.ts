import { describe, expect, test } from "@jest/globals";
import { MsgType } from "#src/wire/constants.js";
import {
  decodeClarifyReq,
  encodeClarifyReq,
  encodeClarifyRes,
  encodeConfirmRes,
} from "#src/wire/control.js";
import type { ReceivedFrame } from "#src/wire/frame-event.js";
import type { Inbound } from "#src/inbound.js";
import { XcpCodes } from "@proj/xcp-framing";
import { RawPeer } from "../support/raw-peer.js";
import { body, deliver, ofType, responder } from "../support/raw-responder.js";

describe("§8 clarification and confirmation", () => {
  const question = { reason: 1, fields: [{ path: "/payload/top_k", reason: 1 }] };

  function ask(peer: RawPeer, inbound: Inbound): ReceivedFrame {
    peer.session.controls.ask(peer.time.nowUs(), inbound, { kind: "clarify", request: question });
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
    peer.session.controls.ask(0, inbound, { kind: "confirm", request: confirm });
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

    peer.session.replies.reply(0, first, { bodyCodec: 8, body: new Uint8Array([42]) });
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
    peer.session.replies.reply(0, first, { bodyCodec: 8, body });
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
