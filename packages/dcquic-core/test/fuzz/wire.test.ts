import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { chunk, decodeChunk } from "#src/wire/chunk.js";
import { FrameReader } from "#src/wire/frame-reader.js";
import { decodeHeader, encodeHeader, packetHeader } from "#src/wire/packet-header.js";
import { decodeNotifyEntry, encodeNotifyEntry, notifyEntry } from "#src/wire/notify-entry.js";
import { NotifyFlag } from "#src/wire/constants.js";
import { decodeRanges, encodeRanges, RangeList } from "#src/wire/ranges.js";
import { decodeSecretControl } from "#src/wire/secret-control.js";
import { getVarint, putVarint, varintSize } from "#src/wire/varint.js";
import { WireReader } from "#src/wire/wire-reader.js";
import { WireWriter } from "#src/wire/wire-writer.js";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";
import { slabOf } from "../support/slab.js";

const counter = fc.maxSafeNat();
const word = fc.nat(0xffffffff);
const id = fc.record({ hi: word, lo: word });
const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });

/** Frames as bytes: a type that exists more often than not, then anything. */
const framed = fc
  .tuple(fc.nat(18), fc.uint8Array({ maxLength: 120 }))
  .map(([type, body]) => Uint8Array.of(type, ...body));

test("a varint comes back, and its size is the shortest", () => {
  fc.assert(
    fc.property(fc.oneof(counter, fc.nat(70_000)), (value) => {
      const { view } = slabOf(8);
      expect(putVarint(view, 0, value)).toBe(varintSize(value));
      expect(getVarint(view, 0)).toBe(value);
    }),
    fuzzRuns(300),
  );
});

test("any CONTROL payload is read to its end or refused with a code", () => {
  const reader = new FrameReader();
  fc.assert(
    fc.property(fc.array(framed, { maxLength: 4 }), (frames) => {
      const slab = slabOf(Uint8Array.from(frames.flatMap((frame) => [...frame])));
      reader.aim(slab.bytes, slab.view, 0, slab.bytes.length);
      try {
        while (reader.next() !== undefined);
      } catch (error) {
        expect(["dcquic.malformed", "dcquic.unknown_frame"]).toContain(
          (error as { code?: unknown }).code,
        );
      }
    }),
    fuzzRuns(1000),
  );
});

test("any chunk is read or refused", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (input) => {
      const slab = slabOf(input);
      const reader = new WireReader().aim(slab.bytes, slab.view, 0, slab.bytes.length);
      try {
        while (reader.remaining > 0) decodeChunk(reader, chunk());
      } catch (error) {
        expect(error).toMatchObject({ code: "dcquic.malformed" });
      }
    }),
    fuzzRuns(300),
  );
});

test("any datagram has a verdict, and a header comes back", () => {
  const fields = fc.record({
    type: fc.constantFrom(1, 2),
    direction: fc.nat(1),
    ackEliciting: fc.boolean(),
    worker: fc.nat(253),
    keyId: word,
    packetNumber: counter,
    payloadLength: fc.nat(100),
    destination: fc.nat(255),
    clockUs: word,
  });
  fc.assert(
    fc.property(fields, fc.nat(2), fc.nat(60), fc.nat(255), (sent, mode, at, to) => {
      const header = { ...sent, protection: sent.type === 2 ? mode : 0 };
      const slab = slabOf(160);
      encodeHeader(slab.bytes, slab.view, 0, header, new Uint8Array(16));
      const read = packetHeader();
      expect(decodeHeader(slab.view, 0, 160, read)).toBe("packet");
      expect(read).toEqual(header);
      slab.bytes[at] = to;
      expect(["packet", "secretControl", "drop"]).toContain(decodeHeader(slab.view, 0, at, read));
      decodeSecretControl(slab.bytes.subarray(0, at));
    }),
    fuzzRuns(300),
  );
});

test("ranges come back", () => {
  const steps = fc.array(
    fc.tuple(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 1, max: 1e6 })),
    {
      maxLength: 64,
    },
  );
  fc.assert(
    fc.property(steps, (pairs) => {
      const list = new RangeList();
      let at = 0;
      for (const [gap, length] of pairs) {
        list.add(at + gap, at + gap + length);
        at += gap + length;
      }
      const slab = slabOf(1200);
      const writer = new WireWriter().aim(slab.bytes, slab.view, 0, 1200);
      encodeRanges(writer, list);
      const read = new RangeList();
      decodeRanges(new WireReader().aim(slab.bytes, slab.view, 0, writer.offset), read);
      expect(read).toEqual(list);
    }),
    fuzzRuns(100),
  );
});

test("an announcement comes back, and every truncation of it is refused", () => {
  const arbitrary = fc.record({
    flags: fc.nat(255),
    priority: fc.nat(7),
    protection: fc.nat(2),
    recordLog2: fc.constantFrom(0, 14, 16, 24),
    notifySeq: counter,
    transferId: id,
    streamId: id,
    messageSeq: counter,
    token: id,
    bufferId: id,
    wireOffset: fc.nat(1e9),
    binding: bytes(16),
    dataKey: bytes(32),
    messageNumber: fc.nat({ max: 2 ** 48 - 1 }),
    meta: fc.uint8Array({ maxLength: 100 }),
    inline: fc.uint8Array({ maxLength: 100 }),
    depCount: fc.nat(32),
    rmaCount: fc.nat(8),
    movedWorker: fc.nat(255),
    movedCredentialId: bytes(16),
  });
  fc.assert(
    fc.property(arbitrary, fc.nat(1), (fields, cut) => {
      const inline = (fields.flags & NotifyFlag.Inline) !== 0;
      const totalBytes = inline ? fields.inline.length : 5000;
      const inlineBytes = fields.inline.length;
      const entry = { ...notifyEntry(), ...fields, inlineBytes, totalBytes, wireBytes: 5016 };
      const slab = slabOf(2000);
      const writer = new WireWriter().aim(slab.bytes, slab.view, 0, 2000);
      encodeNotifyEntry(writer, entry);
      expect(writer.overflowed).toBe(false);
      const read = notifyEntry();
      const reader = new WireReader().aim(slab.bytes, slab.view, 0, writer.offset);
      decodeNotifyEntry(reader, read);
      expect(reader.remaining).toBe(0);
      expect(read.notifySeq).toBe(entry.notifySeq);
      const { inlineAt } = read;
      expect(read.inline.subarray(inlineAt, inlineAt + read.inlineBytes)).toEqual(
        inline ? entry.inline : new Uint8Array(0),
      );
      const again = slabOf(2000);
      const rewriter = new WireWriter().aim(again.bytes, again.view, 0, 2000);
      encodeNotifyEntry(rewriter, read);
      expect(again.bytes).toEqual(slab.bytes);
      const short = new WireReader().aim(slab.bytes, slab.view, 0, writer.offset - 1 - cut);
      expect(() => decodeNotifyEntry(short, read)).toThrow();
    }),
    fuzzRuns(200),
  );
});
