import { describe, expect, test } from "@jest/globals";
import { Flag, MsgType, TAG_BYTES } from "#src/wire/constants.js";
import type { ReceivedFrame } from "#src/wire/frame-event.js";
import { FrameReader } from "#src/wire/frame-reader.js";
import { concatBytes } from "@proj/wire-types";
import { nodePlatform } from "@proj/xcp-framing/node";
import { XcpError } from "@proj/xcp-framing";
import { openPair, SessionPair } from "../support/session-pair.js";
import { RawPeer } from "../support/raw-peer.js";

const key = Uint8Array.from({ length: 32 }, (_, i) => i);
const body = new Uint8Array([1, 2, 3]);

// What a listener on the line sees: frames whose payloads it cannot open.
class Wiretap {
  readonly frames: ReceivedFrame[] = [];
  readonly #reader = new FrameReader({
    crc32c: nodePlatform.crc32c,
    limits: { maxHeaderBytes: 65_535 },
    profile: "v0.2",
  });

  constructor() {
    this.#reader.setLimits({ maxFrameBytes: 2 ** 31, maxMessageBytes: 2 ** 31 });
    this.#reader.setAllowedFlags(0xff);
  }

  push(parts: readonly Uint8Array[]): void {
    this.#reader.push(concatBytes(parts));
    for (let event = this.#reader.next(); event !== undefined; event = this.#reader.next()) {
      if (event.kind === "frame") this.frames.push(event);
    }
  }
}

describe("§12 in a session", () => {
  test("every frame after CAPS is encrypted and has an id; HELLO and CAPS are clear", () => {
    const pair = new SessionPair({ key }, { key });
    const tap = new Wiretap();
    const carry = (from: "initiator" | "responder", to: "initiator" | "responder"): void => {
      const parts = pair[from].session.transmit(0);
      if (parts === undefined) return;
      tap.push(parts);
      pair[to].session.receive(0, concatBytes(parts));
      pair[to].pump();
    };
    carry("initiator", "responder");
    carry("responder", "initiator");
    pair.initiator.session.submit(
      0,
      { bodyCodec: 8, body },
      { channelId: 1, wants: "reply", acknowledge: true },
    );
    pair.initiator.session.controls.ping(0, 1);
    carry("initiator", "responder");
    for (const inbound of pair.responder.of("messageReceived")) {
      pair.responder.session.replies.reply(0, inbound, { bodyCodec: 8, body });
    }
    carry("responder", "initiator");
    pair.initiator.pump();
    expect(pair.initiator.of("replied")).toHaveLength(1);

    const [hello, caps, ...rest] = tap.frames;
    expect([hello?.flags, caps?.flags]).toEqual([0, 0]);
    expect(rest.map((frame) => frame.header.msgType)).toContain(MsgType.ACK);
    for (const frame of rest) {
      expect(frame.flags & Flag.CRYPT).toBe(Flag.CRYPT);
      expect(frame.header.msgId).not.toBe(0);
    }
  });

  test("where encryption is required a clear frame ends the session", () => {
    const pair = openPair({ key }, { key, cryptPolicy: "required" });
    const other = new RawPeer("responder");
    pair.responder.session.receive(
      0,
      other.encode({ msgType: MsgType.DATA, msgId: 2, channelId: 1 }, body),
    );
    pair.responder.pump();
    expect(pair.responder.of("closed")[0]?.error?.code).toBe("xcp.crypt_required");
  });

  test("different keys: three failures and the session ends", () => {
    const pair = openPair({ key }, { key: key.toReversed() });
    const failures: unknown[] = [];
    for (let i = 0; i < 3; i++) {
      pair.initiator.session.submit(0, { bodyCodec: 8, body }, { channelId: 1, wants: "nothing" });
      const parts = pair.initiator.session.transmit(0) ?? [];
      pair.responder.session.receive(0, concatBytes(parts));
      pair.responder.pump();
      failures.push(pair.responder.of("closed")[0]?.error?.code);
    }
    expect(failures).toEqual([undefined, undefined, "xcp.decrypt_failed"]);
    expect(pair.responder.of("messageReceived")).toEqual([]);
  });

  test("a chunk that is too short for its tag is refused, and the session goes on", () => {
    const pair = openPair({ key }, { key });
    const { initiator, responder } = pair;
    const message = { bodyCodec: 8, body: new Uint8Array(300_000), compress: "never" } as const;
    const { msgId } = initiator.session.submit(0, message, { channelId: 1, wants: "nothing" });
    responder.session.receive(0, concatBytes(initiator.session.transmit(0) ?? []));
    const forged = { msgType: MsgType.DATA, msgId, channelId: 1 };
    const flags = Flag.CRYPT | Flag.MORE;
    responder.session.receive(
      0,
      new RawPeer("initiator").encode(forged, Uint8Array.of(1, 2, 3), flags),
    );
    responder.pump();
    expect(responder.session.phase).toBe("open");
    initiator.session.receive(0, concatBytes(responder.session.transmit(0) ?? []));
    initiator.pump();
    expect(responder.of("messageReceived")).toEqual([]);
    expect(responder.of("closed")).toEqual([]);
  });

  test("a refused message is sent again as the identical bytes", () => {
    const pair = openPair({ key }, { key });
    const { initiator, responder } = pair;
    initiator.session.submit(0, { bodyCodec: 8, body }, { channelId: 1, wants: "reply" });
    const first = concatBytes(initiator.session.transmit(0) ?? []);
    responder.session.receive(0, first);
    responder.pump();
    const [inbound] = responder.of("messageReceived");
    if (inbound === undefined) throw new Error("nothing arrived");
    responder.session.replies.refuse(0, inbound, new XcpError("xcp.app_unavailable", "later"));
    initiator.session.receive(0, concatBytes(responder.session.transmit(0) ?? []));
    initiator.pump();
    pair.time.advance(200_000);
    initiator.session.tick(pair.time.nowUs());
    const second = concatBytes(initiator.session.transmit(pair.time.nowUs()) ?? []);
    expect(second).toEqual(first);
    responder.session.receive(pair.time.nowUs(), second);
    responder.pump();
    expect(responder.of("messageReceived")).toHaveLength(2);
  });

  test("large messages leave in frames of sealedFrameBytes at most, short ones first and last", () => {
    const pair = openPair({ key }, { key });
    const tap = new Wiretap();
    const length = 300_000;
    pair.initiator.session.submit(
      0,
      { bodyCodec: 8, body: new Uint8Array(length), compress: "never" },
      { channelId: 1, wants: "nothing" },
    );
    for (
      let parts = pair.initiator.session.transmit(0);
      parts !== undefined;
      parts = pair.initiator.session.transmit(0)
    ) {
      tap.push(parts);
      pair.responder.session.receive(0, concatBytes(parts));
    }
    pair.responder.pump();
    expect(tap.frames.map(({ payload }) => payload.length - TAG_BYTES)).toEqual([
      30_000, 30_000, 60_000, 90_000, 45_000, 22_500, 22_500,
    ]);
    expect(pair.responder.of("messageReceived")[0]?.message.body).toHaveLength(length);
  });

  test("a train that may have run is repeated under its id, in a new epoch", () => {
    const pair = openPair({ key, limits: { maxFrameBytes: 1000 } }, { key });
    const { initiator, responder } = pair;
    const msgId = initiator.session.memory.takeMsgId();
    const train = initiator.session.submit(
      0,
      { bodyCodec: 8, body: new Uint8Array(5000).fill(7), compress: "never" },
      { channelId: 1, wants: "reply", msgId },
    );
    const sent = concatBytes(initiator.session.transmit(0) ?? []);
    // The last byte is of the last chunk's CRC.
    sent.set([(sent.at(-1) ?? 0) ^ 1], sent.length - 1);
    responder.session.receive(0, sent);
    pair.settle();
    expect(responder.of("messageReceived")).toEqual([]);
    pair.advance(200_000);
    expect(train.msgId).toBe(msgId);
    const [inbound] = responder.of("messageReceived");
    expect(inbound?.message).toMatchObject({ msgId, body: new Uint8Array(5000).fill(7) });
    expect(initiator.session.stats(pair.time.nowUs()).sent.epoch).toBe(1);
    expect(responder.session.stats(pair.time.nowUs()).received.epoch).toBe(1);
  });

  test("a refused chunk train comes back under another id", () => {
    const pair = openPair(
      { key, limits: { maxFrameBytes: 1000 } },
      { key, limits: { maxInflight: 1 } },
    );
    const { initiator, responder } = pair;
    const submit = (length: number) =>
      initiator.session.submit(
        pair.time.nowUs(),
        { bodyCodec: 8, body: new Uint8Array(length) },
        { channelId: 1, wants: "reply" },
      );
    const train = submit(5000);
    const id = train.msgId;
    pair.settle();
    const [inbound] = responder.of("messageReceived");
    if (inbound === undefined) throw new Error("nothing arrived");
    responder.session.replies.refuse(0, inbound, new XcpError("xcp.busy", "later"));
    pair.settle();
    pair.advance(400_000);
    expect(responder.of("messageReceived")).toHaveLength(2);
    expect(train.msgId).not.toBe(id);
    expect(responder.of("messageReceived")[1]?.message.msgId).toBe(train.msgId);
  });

  test("no (direction, epoch, id, channel, chunk) encrypts twice over a session with retries", () => {
    const sealed = new Set<string>();
    const platform = {
      ...nodePlatform,
      crypto: {
        ...nodePlatform.crypto,
        chacha20Poly1305: (aeadKey: Uint8Array) => {
          const aead = nodePlatform.crypto.chacha20Poly1305(aeadKey);
          return {
            open: (...frame: Parameters<typeof aead.open>) => aead.open(...frame),
            erase: () => aead.erase(),
            seal: (...[nonce, aad, plaintext, into]: Parameters<typeof aead.seal>) => {
              const use = `${Buffer.from(aeadKey).toString("hex")} ${Buffer.from(nonce).toString("hex")}`;
              if (sealed.has(use)) throw new Error("a nonce was used twice");
              sealed.add(use);
              aead.seal(nonce, aad, plaintext, into);
            },
          };
        },
      },
    };
    const pair = new SessionPair({ key, platform } as object, { key, platform } as object);
    pair.react = (event, end) => {
      if (event.kind !== "messageReceived") return;
      const times = end.of("messageReceived").length;
      if (times % 3 === 0) {
        end.session.replies.refuse(pair.time.nowUs(), event, new XcpError("xcp.busy", "later"));
      } else
        end.session.replies.reply(pair.time.nowUs(), event, {
          bodyCodec: 8,
          body: event.message.body,
        });
    };
    pair.settle();
    for (let i = 0; i < 40; i++) {
      pair.initiator.session.submit(
        pair.time.nowUs(),
        { bodyCodec: 8, body: new Uint8Array(i % 4 === 0 ? 2_500_000 : 100) },
        { channelId: 1 + 2 * (i % 3), wants: "reply", acknowledge: i % 2 === 0 },
      );
      pair.settle();
    }
    pair.advance(3_000_000, 20_000);
    expect(pair.initiator.of("replied")).toHaveLength(40);
    expect(sealed.size).toBeGreaterThan(100);
  });
});
