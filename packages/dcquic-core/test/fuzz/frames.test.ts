import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { FrameType } from "#src/wire/constants.js";
import { FrameReader } from "#src/wire/frame-reader.js";
import {
  closed,
  encodeClosed,
  encodeFeedback,
  encodeProbe,
  encodeProbeResponse,
  encodeTransferAccept,
} from "#src/wire/path-frames.js";
import { RangeList } from "#src/wire/ranges.js";
import { decodeSecretControl, encodeSecretControl } from "#src/wire/secret-control.js";
import { encodeStreamClose, encodeStreamCloseAck } from "#src/wire/stream-frames.js";
import {
  encodeCancelPull,
  encodeChallenge,
  encodeChallengeResponse,
  encodeFlowReset,
  encodePullHold,
  encodePullRequest,
  encodeRangeAck,
} from "#src/wire/transfer-frames.js";
import { WireWriter } from "#src/wire/wire-writer.js";
import { concatBytes } from "@proj/wire-types";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";
import { slabOf } from "../support/slab.js";

const counter = fc.maxSafeNat();
const word = fc.nat(0xffffffff);
const id = fc.record({ hi: word, lo: word });
const sixteen = fc.uint8Array({ minLength: 16, maxLength: 16 });
const pairs = fc.array(
  fc.tuple(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 1, max: 1e6 })),
  {
    maxLength: 10,
  },
);
const ranges = pairs.map((steps) => {
  const list = new RangeList();
  let at = 0;
  for (const [gap, length] of steps) {
    list.add(at + gap, at + gap + length);
    at += gap + length;
  }
  return list;
});
const limits = { notifyLimit: counter, inlineLimit: counter };
const answers = fc.array(fc.record({ announcerId: id, pullerId: id, status: fc.nat(6) }), {
  minLength: 1,
  maxLength: 20,
});

/** How a frame is drawn and written, and where a reader finds it. */
interface Kind<T> {
  readonly type: number;
  readonly of: fc.Arbitrary<T>;
  readonly encode: (writer: WireWriter, frame: T) => void;
  readonly read: (reader: FrameReader) => unknown;
}

function kind<T>(
  type: number,
  of: fc.Arbitrary<T>,
  encode: (writer: WireWriter, frame: T) => void,
  read: (reader: FrameReader) => unknown,
): Kind<unknown> {
  return { type, of, encode: (writer, frame) => encode(writer, frame as T), read };
}

const proofs = fc.record({ announcerId: id, notifySeq: counter, nonce: sixteen, proof: sixteen });

const kinds: Readonly<Record<string, Kind<unknown>>> = {
  TRANSFER_ACCEPT: kind(
    FrameType.TransferAccept,
    fc
      .record({ ...limits, entries: answers })
      .map((frame) => ({ ...frame, count: frame.entries.length })),
    encodeTransferAccept,
    ({ accept }) => ({ ...accept, entries: accept.entries.slice(0, accept.count) }),
  ),
  PULL_REQUEST: kind(
    FrameType.PullRequest,
    fc.record({
      announcerId: id,
      pullerId: id,
      bufferId: id,
      pullSeq: word,
      flags: fc.nat(3),
      priority: fc.nat(7),
      rate: counter,
      ranges,
    }),
    encodePullRequest,
    ({ pull }) => pull,
  ),
  RANGE_ACK: kind(
    FrameType.RangeAck,
    fc.record({ announcerId: id, flags: fc.nat(1), ranges }),
    encodeRangeAck,
    ({ rangeAck }) => rangeAck,
  ),
  CANCEL_PULL: kind(
    FrameType.CancelPull,
    fc.record({ announcerId: id, ranges }),
    encodeCancelPull,
    ({ cancelPull }) => cancelPull,
  ),
  FLOW_RESET: kind(
    FrameType.FlowReset,
    fc.record({
      addresseeId: id,
      ownId: id,
      notifySeq: fc.oneof(counter, fc.constant(-1)),
      code: fc.nat(4),
    }),
    encodeFlowReset,
    ({ flowReset }) => flowReset,
  ),
  TRANSFER_CHALLENGE: kind(
    FrameType.TransferChallenge,
    proofs,
    encodeChallenge,
    // Its proof is none: whatever was read before is still there.
    ({ challenge }) => ({ ...challenge, proof: expect.any(Uint8Array) }),
  ),
  TRANSFER_CHALLENGE_RESPONSE: kind(
    FrameType.TransferChallengeResponse,
    proofs,
    encodeChallengeResponse,
    ({ challenge }) => challenge,
  ),
  PROBE: kind(
    FrameType.Probe,
    fc.record({ probeId: id, flags: fc.nat(3) }),
    encodeProbe,
    ({ probe }) => probe,
  ),
  PROBE_RESPONSE: kind(
    FrameType.ProbeResponse,
    fc.record({ probeId: id, echoedClockUs: word, delayUs: counter, ...limits }),
    encodeProbeResponse,
    ({ probeResponse }) => probeResponse,
  ),
  FEEDBACK: kind(
    FrameType.Feedback,
    fc.record({
      worker: fc.nat(255),
      largest: counter,
      echoedClockUs: word,
      delayUs: counter,
      packets: counter,
      bytes: counter,
      ect0: counter,
      ect1: counter,
      ce: counter,
      ...limits,
    }),
    encodeFeedback,
    ({ feedback }) => feedback,
  ),
  STREAM_CLOSE: kind(
    FrameType.StreamClose,
    fc.record({
      streamId: id,
      opener: fc.boolean(),
      scope: fc.nat(2),
      status: counter,
      finalCount: counter,
      reason: fc.uint8Array({ maxLength: 256 }),
    }),
    encodeStreamClose,
    ({ streamClose }) => streamClose,
  ),
  STREAM_CLOSE_ACK: kind(
    FrameType.StreamCloseAck,
    fc.record({ streamId: id, opener: fc.boolean() }),
    encodeStreamCloseAck,
    ({ streamCloseAck }) => streamCloseAck,
  ),
  CLOSED: kind(
    FrameType.Closed,
    fc.record({ floor: counter, ranges }).map((frame) => ({ ...closed(), ...frame })),
    encodeClosed,
    (reader) => reader.closed,
  ),
  PULL_HOLD: kind(
    FrameType.PullHold,
    fc.record({ pullerId: id, pullSeq: word, delayUs: counter }),
    encodePullHold,
    ({ pullHold }) => pullHold,
  ),
};

function codeOf(read: () => unknown): unknown {
  try {
    read();
    return undefined;
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}

describe("§17.3: every frame", () => {
  test.each(Object.entries(kinds))(
    "%s comes back, and every truncation of it is refused",
    (_name, { type, of, encode, read }) => {
      const reader = new FrameReader();
      fc.assert(
        fc.property(of, fc.nat(), (frame, cut) => {
          const slab = slabOf(1400);
          const writer = new WireWriter().aim(slab.bytes, slab.view, 0, 1400);
          writer.u8(type);
          encode(writer, frame);
          expect(writer.overflowed).toBe(false);
          reader.aim(slab.bytes, slab.view, 0, writer.offset);
          expect(reader.next()).toBe(type);
          expect(frame).toMatchObject(read(reader) as object);
          expect(reader.next()).toBeUndefined();
          reader.aim(slab.bytes, slab.view, 0, 1 + (cut % (writer.offset - 1)));
          expect(codeOf(() => reader.next())).toBe("dcquic.malformed");
        }),
        fuzzRuns(40),
      );
    },
  );
});

test("§17.6: secret-control packets come back, and every truncation of them is dropped", () => {
  const keyed = { credentialId: sixteen, direction: fc.nat(1), worker: fc.nat(255) };
  const packet = fc.oneof(
    fc.record({ kind: fc.constant("staleKey" as const), ...keyed, minKeyId: word }),
    fc.record({ kind: fc.constant("retireControlKey" as const), ...keyed, keyId: word }),
    fc.record({ kind: fc.constant("retireDataKey" as const), ...keyed, keyHash: sixteen }),
    fc.record({
      kind: fc.constant("replayDetected" as const),
      ...keyed,
      keyId: word,
      packetNumber: counter,
    }),
  );
  fc.assert(
    fc.property(packet, sixteen, fc.nat(), (sent, tag, cut) => {
      const datagram = concatBytes([encodeSecretControl(sent), tag]);
      expect(decodeSecretControl(datagram)?.packet).toEqual(sent);
      expect(decodeSecretControl(datagram)?.tag).toEqual(tag);
      expect(decodeSecretControl(datagram.subarray(0, cut % datagram.length))).toBeUndefined();
    }),
    fuzzRuns(100),
  );
  fc.assert(
    fc.property(sixteen, sixteen, (credentialId, token) => {
      const sent = { kind: "unknownPathSecret", credentialId, token } as const;
      expect(decodeSecretControl(encodeSecretControl(sent))?.packet).toEqual(sent);
    }),
    fuzzRuns(50),
  );
});
