import { describe, expect, test } from "@jest/globals";
import { id64 } from "@proj/dcquic-core";
import { FrameType } from "#src/wire/constants.js";
import { chunkOf, notifyFrame, probeFrame } from "../support/frames.js";
import { RawPeer } from "../support/raw-peer.js";

const probe = probeFrame();

function answered(peer: RawPeer): boolean {
  const frames = peer.read(peer.transmit());
  return frames.some(({ type }) => type === FrameType.ProbeResponse);
}

describe("§17.2: what is no packet is dropped and never answered", () => {
  const damages: Readonly<Record<string, (bytes: Uint8Array) => void>> = {
    "bad magic": (bytes) => (bytes[0] = 0xd3),
    "an unknown type": (bytes) => (bytes[1] = 7),
    "a reserved flag": (bytes) => (bytes[2] = (bytes[2] ?? 0) | 0x40),
    "a reserved protection": (bytes) => (bytes[2] = 6),
    "the zero that is not": (bytes) => (bytes[35] = 1),
    "a length beyond the datagram": (bytes) => (bytes[33] = 0xff),
  };

  test.each(Object.entries(damages))("%s", (_name, damage) => {
    const peer = new RawPeer();
    const datagram = peer.seal(probe);
    damage(datagram);
    peer.deliver(datagram);
    expect(peer.events).toEqual([]);
    expect(peer.transmit()).toEqual([]);
  });

  test("every truncation", () => {
    const peer = new RawPeer();
    const datagram = peer.seal(probe);
    for (let length = 0; length < datagram.length; length++) {
      peer.deliver(datagram.subarray(0, length));
    }
    expect(peer.transmit()).toEqual([]);
    peer.deliver(datagram);
    expect(answered(peer)).toBe(true);
  });
});

describe("§17.2: the header is authenticated", () => {
  test.each([2, 3, 4, 24, 32, 34, 36])("with byte %i changed the packet does not open", (at) => {
    const peer = new RawPeer();
    const datagram = peer.seal(probe);
    // The length becomes shorter: what is longer than the datagram is no packet at all.
    datagram[at] = (datagram[at] ?? 0) ^ (at === 32 ? 2 : 1);
    peer.deliver(datagram);
    expect(peer.notes).toEqual(["openFailed"]);
    expect(answered(peer)).toBe(false);
    // Nothing of the forgery was kept.
    peer.send(probe);
    expect(answered(peer)).toBe(true);
  });

  test("padding after the tag is ignored", () => {
    const peer = new RawPeer();
    const datagram = peer.seal(probe);
    const padded = new Uint8Array(datagram.length + 100).fill(0xee);
    padded.set(datagram);
    peer.deliver(padded);
    expect(answered(peer)).toBe(true);
  });
});

describe("§17.3, §17.5: a packet is read whole before it takes effect", () => {
  const offers = notifyFrame({ inline: Uint8Array.of(1) });

  test("an unknown frame at its end voids the announcement before it", () => {
    const peer = new RawPeer();
    peer.send((writer) => {
      offers(writer);
      writer.u8(0x7f);
    });
    expect(peer.of("transferOffered")).toEqual([]);
    expect(peer.notes).toEqual(["protocolViolation"]);
  });

  test("so does a frame that is cut off", () => {
    const peer = new RawPeer();
    peer.send((writer) => {
      offers(writer);
      writer.u8(FrameType.PullRequest);
      writer.u8(1);
    });
    expect(peer.of("transferOffered")).toEqual([]);
    expect(peer.notes).toEqual(["protocolViolation"]);
  });

  test("of two frames of one kind each takes effect, and what stands between them", () => {
    const peer = new RawPeer();
    peer.send((writer) => {
      offers(writer);
      probe(writer);
      notifyFrame({ notifySeq: 1, inline: Uint8Array.of(2) })(writer);
    });
    expect(peer.of("transferOffered").map(({ whole }) => whole)).toEqual([
      Uint8Array.of(1),
      Uint8Array.of(2),
    ]);
    expect(answered(peer)).toBe(true);
  });

  test("and a chunk that is cut off voids the chunks before it", () => {
    const peer = new RawPeer();
    peer.send(notifyFrame({ transferId: id64(1, 7) }, 10));
    const offer = peer.of("transferOffered")[0]?.transfer ?? id64();
    peer.engine.accept(peer.nowUs, offer);
    peer.transmit();
    peer.sendData((writer) => {
      chunkOf(offer, 0, new Uint8Array(10))(writer);
      writer.u8(1);
    });
    expect(peer.of("transferDelivered")).toEqual([]);
    expect(peer.notes).toEqual(["protocolViolation"]);
  });

  test("bytes beyond the end of a message are not taken", () => {
    const peer = new RawPeer();
    peer.send(notifyFrame({ transferId: id64(1, 7) }, 10));
    const offer = peer.of("transferOffered")[0]?.transfer ?? id64();
    peer.engine.accept(peer.nowUs, offer);
    peer.transmit();
    peer.sendData(chunkOf(offer, 5, new Uint8Array(6)));
    peer.sendData(chunkOf(offer, 2 ** 50, new Uint8Array(6)));
    expect(peer.of("transferDelivered")).toEqual([]);
    expect(new Set(peer.notes)).toEqual(new Set(["protocolViolation"]));
  });
});
