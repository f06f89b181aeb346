import { describe, expect, test } from "@jest/globals";
import { FrameType, WireLimit } from "#src/wire/constants.js";
import { FrameReader } from "#src/wire/frame-reader.js";
import { WireWriter } from "#src/wire/wire-writer.js";
import { notifyFrame, probeFrame } from "../support/frames.js";
import { RawPeer } from "../support/raw-peer.js";
import { slabOf } from "../support/slab.js";

const SLAB_BYTES = 8192;

function announcements(count: number): FrameReader {
  const { bytes, view } = slabOf(SLAB_BYTES);
  const writer = new WireWriter().aim(bytes, view, 0, SLAB_BYTES);
  for (let i = 0; i < count; i++) notifyFrame({ notifySeq: i, inline: Uint8Array.of(i) })(writer);
  return new FrameReader().aim(bytes, view, 0, writer.offset);
}

function types(reader: FrameReader): readonly number[] {
  const read: number[] = [];
  for (let type = reader.next(); type !== undefined; type = reader.next()) read.push(type);
  return read;
}

describe("§17.4: announcements of a packet", () => {
  test("as many as a frame may carry are there after all of them were read, in order", () => {
    const reader = announcements(WireLimit.maxEntries);
    expect(types(reader)).toHaveLength(WireLimit.maxEntries);
    expect(reader.keepsNotifies).toBe(true);
    for (let i = 0; i < WireLimit.maxEntries; i++) {
      const { notifySeq, inline, inlineAt, inlineBytes } = reader.takeNotify();
      expect([notifySeq, inline[inlineAt], inlineBytes]).toEqual([i, i, 1]);
    }
  });

  test("of more only the latest are, and each is while it is the latest", () => {
    const count = WireLimit.maxEntries + 40;
    expect(types(announcements(count))).toHaveLength(count);
    const reader = announcements(count);
    for (let i = 0; i < count; i++) {
      expect(reader.next()).toBe(FrameType.TransferNotify);
      expect(reader.takeNotify().notifySeq).toBe(i);
      expect(reader.notify.notifySeq).toBe(i);
    }
    expect(reader.keepsNotifies).toBe(false);
  });

  test("each is offered once, with its own bytes, whatever stands between them", () => {
    const peer = new RawPeer();
    const count = 24;
    peer.send((writer) => {
      for (let i = 0; i < count; i++) {
        notifyFrame({ notifySeq: i, inline: Uint8Array.of(i, i) })(writer);
        if (i % 10 === 5) probeFrame()(writer);
      }
    });
    expect(peer.of("transferOffered").map(({ whole }) => [...(whole ?? [])])).toEqual(
      Array.from({ length: count }, (_, i) => [i, i]),
    );
  });

  test("none is offered where a later one is malformed", () => {
    const peer = new RawPeer();
    peer.send((writer) => {
      for (let i = 0; i < 9; i++) notifyFrame({ notifySeq: i })(writer);
      notifyFrame({ notifySeq: 9, priority: 9 })(writer);
    });
    expect(peer.notes).toEqual(["protocolViolation"]);
    expect(peer.of("transferOffered")).toEqual([]);
  });
});
