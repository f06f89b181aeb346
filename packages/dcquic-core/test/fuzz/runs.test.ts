import { expect, test } from "@jest/globals";
import { type CryptoBackend, type EngineConfig, type Id64, id64 } from "@proj/dcquic-core";
import { nodeCrypto, ringCrypto } from "@proj/dcquic-core/node";
import { backend, portable } from "@proj/native-io";
import { SeededRandom } from "@proj/wire-types";
import fc from "fast-check";
import { chunk, decodeChunk } from "#src/wire/chunk.js";
import { FrameType, HEADER_BYTES, TAG_BYTES } from "#src/wire/constants.js";
import { decodeHeader, packetHeader } from "#src/wire/packet-header.js";
import { encodePullRequest, pullRequest } from "#src/wire/transfer-frames.js";
import { WireReader } from "#src/wire/wire-reader.js";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";
import { chunkOf, notifyFrame, probeFrame, rangesOf } from "../support/frames.js";
import { RawPeer } from "../support/raw-peer.js";
import { slabOf } from "../support/slab.js";

/** What comes next in a batch: honest packets of a pull, in runs, and what someone makes of them on the way. */
type Step =
  | { kind: "run"; packets: number; bytes: number; protection: number }
  | { kind: "jump"; to: number }
  | { kind: "probe" }
  | { kind: "nextKey" }
  | { kind: "replayed"; back: number }
  | { kind: "again"; packets: number }
  | { kind: "damaged"; at: number; bit: number; of: number }
  | { kind: "cut"; by: number };

const MESSAGE = 40_000;
// Less than the window of a path of which nothing is known yet.
const PULLED = 12_000;
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("run" as const),
      packets: fc.integer({ min: 1, max: 6 }),
      bytes: fc.constantFrom(8, 1000, 1200),
      protection: fc.constantFrom(0, 0, 0, 1, 2),
    }),
  },
  fc.record({
    kind: fc.constant("jump" as const),
    to: fc.constantFrom(0, 1000, 39_000, MESSAGE, 2 ** 45),
  }),
  fc.constantFrom({ kind: "probe" } as const, { kind: "nextKey" } as const),
  fc.record({ kind: fc.constant("replayed" as const), back: fc.nat(5) }),
  fc.record({ kind: fc.constant("again" as const), packets: fc.integer({ min: 2, max: 6 }) }),
  fc.record({
    kind: fc.constant("damaged" as const),
    at: fc.nat(90),
    bit: fc.nat(7),
    of: fc.nat(4),
  }),
  fc.record({ kind: fc.constant("cut" as const), by: fc.constantFrom(1, 16, 900) }),
);

// How they come: with ECN bits, most often the same ones, side by side or not.
const way = fc.record({
  marks: fc.oneof(
    fc.array(fc.constantFrom(2, 2, 2, 2, 1, 3), { minLength: 30, maxLength: 60 }),
    fc.constantFrom(1, 2, 3).map((ecn) => Array.from({ length: 60 }, () => ecn)),
  ),
  gap: fc.constantFrom(0, 0, 8, 700),
});

function offered(crypto: CryptoBackend): { peer: RawPeer; transfer: Id64 } {
  const peer = new RawPeer({ maxMessageBytes: 1_000_000 }, {}, undefined, crypto);
  peer.send(notifyFrame({ notifySeq: 0, protection: 0 }, MESSAGE));
  const [offer] = peer.of("transferOffered");
  if (offer === undefined) throw new Error("nothing was offered");
  peer.engine.accept(peer.nowUs, offer.transfer);
  peer.transmit();
  return { peer, transfer: offer.transfer };
}

function datagramsOf(peer: RawPeer, transfer: Id64, steps: readonly Step[]): Uint8Array[] {
  const random = new SeededRandom(9);
  const made: Uint8Array[] = [];
  let offset = 0;
  for (const one of steps) {
    if (one.kind === "jump") offset = one.to;
    else if (one.kind === "nextKey") peer.nextKey();
    else if (one.kind === "probe") made.push(peer.seal(probeFrame()));
    else if (one.kind === "run") {
      for (let i = 0; i < one.packets; i++, offset += one.bytes) {
        const bytes = random.fill(new Uint8Array(one.bytes));
        const fields = { type: 2, protection: one.protection, ackEliciting: true };
        made.push(peer.seal(chunkOf(transfer, offset, bytes), fields));
      }
    } else if (one.kind === "replayed") {
      const before = made.at(-1 - one.back);
      if (before !== undefined) made.push(before.slice());
    } else if (one.kind === "again") {
      for (const before of made.slice(-one.packets)) made.push(before.slice());
    } else if (one.kind === "damaged") {
      const hit = made.at(-1 - one.of);
      if (hit !== undefined) hit[one.at] = (hit[one.at] ?? 0) ^ (1 << one.bit);
    } else if (one.kind === "cut") {
      const last = made.pop();
      if (last !== undefined) made.push(last.slice(0, Math.max(0, last.length - one.by)));
    }
  }
  return made;
}

function outcome(peer: RawPeer): unknown {
  // What is told at once, and what is told of these packets later.
  const frames = [10, 100_000].flatMap((afterUs) => peer.read(peer.transmit(afterUs)));
  return { events: peer.events, counters: { ...peer.engine.counters }, frames };
}

const ways: readonly (readonly [string, () => CryptoBackend])[] = [
  ["node:crypto", () => nodeCrypto],
  ["portable native-io", () => ringCrypto(portable)],
  ...(backend.kind === "native" ? [["native native-io", () => ringCrypto(backend)] as const] : []),
];

for (const [name, make] of ways) {
  // One ring serves all cases: keys of engines that are gone leave it when they are collected.
  const crypto = make();

  test(`§9.4, §17: what runs of packets come to, honest or not, is what each by itself comes to, by ${name}`, () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 14 }), fc.nat(20), way, (steps, ahead, how) => {
        const [one, many] = [offered(nodeCrypto), offered(crypto)];
        const datagrams = datagramsOf(one.peer, one.transfer, steps);
        // One of them overtook the others, and comes again in their midst.
        const early = datagrams[ahead];
        if (early !== undefined) for (const { peer } of [one, many]) peer.deliver(early);
        for (const [i, datagram] of datagrams.entries()) {
          one.peer.deliverMarked([datagram], how.marks.slice(i));
        }
        if (datagrams.length > 0) many.peer.deliverMarked(datagrams, how.marks, how.gap);
        expect(outcome(many.peer)).toEqual(outcome(one.peer));
      }),
      fuzzRuns(40),
    );
  });

  test(`§7.3, §10: a run that comes twice in one batch, or begins anew inside of another, counts once, by ${name}`, () => {
    const { peer, transfer } = offered(crypto);
    const before = peer.engine.counters.packetsReceived;
    const run = { kind: "run", packets: 6, bytes: 1000, protection: 0 } as const;
    const datagrams = datagramsOf(peer, transfer, [run]);
    const copies = (from: number): Uint8Array[] => datagrams.slice(from).map((one) => one.slice());
    peer.deliver(...copies(0), ...copies(0), ...copies(3));
    const { counters } = peer.engine;
    expect(counters.packetsReceived - before).toBe(6);
    expect(counters.replayedPackets).toBe(9);
    peer.deliver(...copies(1));
    expect(counters.packetsReceived - before).toBe(6);
    expect(counters.replayedPackets).toBe(14);
  });

  test(`§7.3, §17.5: a pull is served in packets that open, each with bytes of its own, by ${name}`, () => {
    const payload = new SeededRandom(4).fill(new Uint8Array(PULLED));
    const [own, other] = [served(payload, crypto), served(payload, nodeCrypto)];
    expect(own.datagrams).toEqual(other.datagrams);
    expect(own.bytes).toEqual(payload);
  });

  test.each([
    { packets: 4, bytes: 2 ** 36 },
    { packets: 2 ** 20, bytes: 4 * 1400 - 100 },
  ])(`§7.3: runs end where their key does, after %j, by ${name}`, (rotation) => {
    const payload = new SeededRandom(4).fill(new Uint8Array(PULLED));
    const { datagrams, bytes } = served(payload, crypto, { rotation });
    expect(bytes).toEqual(payload);
    const keys = datagrams.map((datagram) => {
      const header = packetHeader();
      decodeHeader(slabOf(datagram).view, 0, datagram.length, header);
      return header.keyId;
    });
    const counts = keys.map((keyId) => keys.filter((other) => other === keyId).length);
    expect(Math.max(...counts)).toBe(4);
    expect(new Set(keys).size).toBeGreaterThan(2);
  });
}

// All that an engine, whose timers are so late that packets go in runs, sends for a pull of everything, and the bytes in it.
function served(payload: Uint8Array, crypto: CryptoBackend, config: Partial<EngineConfig> = {}) {
  const peer = new RawPeer({ nicSlackUs: 1000, ...config }, {}, undefined, crypto);
  const announced = peer.engine.announce(peer.nowUs, peer.path, {
    shape: 0x30,
    priority: 3,
    messageSeq: 0,
    payload: payload.slice(),
    inline: "never",
  });
  if (announced.kind !== "announced") throw new Error(announced.kind);
  peer.transmit();
  const { transfer } = announced;
  peer.send((writer) => {
    writer.u8(FrameType.PullRequest);
    const ids = { announcerId: transfer, bufferId: transfer, pullerId: id64(1, 1) };
    const ranges = rangesOf([[0, payload.length]]);
    encodePullRequest(writer, { ...pullRequest(), ...ids, ranges, rate: 1e9 });
  });
  const datagrams = [...peer.transmit(1000), ...peer.transmit(1000)];
  const bytes = new Uint8Array(payload.length);
  for (const datagram of datagrams) placeData(peer, datagram, bytes);
  return { datagrams, bytes };
}

function placeData(peer: RawPeer, datagram: Uint8Array, into: Uint8Array): void {
  const { bytes, view } = slabOf(datagram);
  const header = packetHeader();
  if (decodeHeader(view, 0, bytes.length, header) !== "packet" || header.type !== 2) return;
  expect(datagram.length).toBe(HEADER_BYTES + header.payloadLength + TAG_BYTES);
  if (!peer.opens(bytes, view, header)) throw new Error("a packet does not open");
  const reader = new WireReader().aim(bytes, view, HEADER_BYTES, datagram.length - TAG_BYTES);
  for (const one = chunk(); reader.remaining > 0;) {
    const at = decodeChunk(reader, one);
    into.set(bytes.subarray(at, at + one.length), one.wireOffset);
  }
}
