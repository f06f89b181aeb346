import { describe, expect, test } from "@jest/globals";
import { DatagramBatch, type EngineConfig, type Id64, id64 } from "@proj/dcquic-core";
import { type Chunk, chunk, decodeChunk } from "#src/wire/chunk.js";
import { ChunkFlag, FrameType, HEADER_BYTES, PacketType, TAG_BYTES } from "#src/wire/constants.js";
import { decodeHeader, packetHeader } from "#src/wire/packet-header.js";
import { encodePullRequest, pullRequest } from "#src/wire/transfer-frames.js";
import { WireReader } from "#src/wire/wire-reader.js";
import { ackFrame, rangesOf } from "../support/frames.js";
import { RawPeer } from "../support/raw-peer.js";
import { slabOf } from "../support/slab.js";

const MTU = 1400;
const WINDOW_PACKETS = 10;
// What a transmitting test lasts, and how late a timer may be: packets of a millisecond go at once.
const LASTS_US = 500;
const SLACK_US = 1000;

/** An engine that announced a message of so many bytes. */
function announced(
  config: Partial<EngineConfig>,
  bytes: number,
): { peer: RawPeer; transfer: Id64 } {
  const peer = new RawPeer({ nicSlackUs: SLACK_US, ...config });
  const options = { shape: 0x30, priority: 3, messageSeq: 0, inline: "never" } as const;
  const payload = new Uint8Array(bytes);
  const result = peer.engine.announce(peer.nowUs, peer.path, { ...options, payload });
  if (result.kind !== "announced") throw new Error(result.kind);
  peer.transmit(10_000);
  return { peer, transfer: result.transfer };
}

/** Asks for its bytes up to `end`, at so many bytes per second. */
function pull(
  peer: RawPeer,
  transfer: Id64,
  end: number,
  rate: number,
  pullSeq = 0,
  start = 0,
): void {
  peer.send((writer) => {
    writer.u8(FrameType.PullRequest);
    const ids = { announcerId: transfer, bufferId: transfer, pullerId: id64(1, 1) };
    const ranges = rangesOf([[start, end]]);
    encodePullRequest(writer, { ...pullRequest(), ...ids, ranges, rate, pullSeq });
  });
}

/** The chunks that an engine sends next. */
function chunksOf(peer: RawPeer): readonly Chunk[] {
  const chunks: Chunk[] = [];
  for (const datagram of peer.transmit(10_000)) {
    const { bytes, view } = slabOf(datagram);
    const header = packetHeader();
    decodeHeader(view, 0, bytes.length, header);
    if (header.type !== PacketType.Data) continue;
    expect(peer.opens(bytes, view, header)).toBe(true);
    const reader = new WireReader().aim(bytes, view, HEADER_BYTES, bytes.length - TAG_BYTES);
    while (reader.remaining > 0) {
      const one = chunk();
      decodeChunk(reader, one);
      chunks.push(one);
    }
  }
  return chunks;
}

/** How many DATA bytes an engine sends in half a millisecond of a pull of 100,000 bytes, of which the peer reports nothing. */
function sentBytes(config: Partial<EngineConfig>, rate: number): number {
  const { peer, transfer } = announced(config, 100_000);
  pull(peer, transfer, 100_000, rate);
  const before = peer.engine.counters.bytesSent;
  const sent = peer.transmit(10_000).map(({ length }) => length);
  const bytes = sent.reduce((sum, length) => sum + length, 0);
  expect(peer.engine.counters.bytesSent - before).toBe(bytes);
  return bytes - sent.filter((length) => length < MTU / 2).reduce((sum, length) => sum + length, 0);
}

describe("§12: packets that go in runs", () => {
  const bytesPerUs = 5;
  const most = bytesPerUs * (LASTS_US + SLACK_US) + 2 * MTU;

  test("fill the window, and no more", () => {
    const bytes = sentBytes({}, 1e9);
    expect(bytes).toBeGreaterThan((WINDOW_PACKETS - 1) * MTU);
    expect(bytes).toBeLessThanOrEqual((WINDOW_PACKETS + 1) * MTU);
  });

  test("take as much of the NIC as one after the other", () => {
    const bytes = sentBytes({ nicBytesPerSecond: bytesPerUs * 1e6 }, 1e9);
    expect(bytes).toBeGreaterThan(bytesPerUs * SLACK_US);
    expect(bytes).toBeLessThan(most);
  });

  test("take as much of what the puller wishes for", () => {
    const bytes = sentBytes({}, (bytesPerUs * 1e6) / 1.25);
    expect(bytes).toBeGreaterThan(bytesPerUs * SLACK_US);
    expect(bytes).toBeLessThan(most);
  });
});

describe("§9.4, §17.5: packets that go in runs", () => {
  const END = 10_000;

  test("leave out what the puller has", () => {
    const { peer, transfer } = announced({}, END);
    peer.send(ackFrame(transfer, 0, [[4000, 6000]]));
    pull(peer, transfer, END, 1e9);
    const chunks = chunksOf(peer);
    const bytes = chunks.reduce((sum, { length }) => sum + length, 0);
    expect(bytes).toBe(END - 2000);
    for (const { wireOffset, length } of chunks) {
      expect(wireOffset + length <= 4000 || wireOffset >= 6000).toBe(true);
    }
  });

  test("say of what was sent before that it was", () => {
    const { peer, transfer } = announced({}, END);
    pull(peer, transfer, 4000, 1e9);
    expect(chunksOf(peer).filter(isSentAgain)).toEqual([]);
    pull(peer, transfer, END, 1e9, 1);
    const chunks = chunksOf(peer);
    expect(chunks.length).toBeGreaterThan(6);
    for (const one of chunks) expect(isSentAgain(one)).toBe(one.wireOffset < 4000);
  });

  test("begin where words do, wherever the pull does", () => {
    const { peer, transfer } = announced({}, END);
    pull(peer, transfer, END, 1e9, 0, 1001);
    const [first, ...others] = chunksOf(peer).map(({ wireOffset }) => wireOffset);
    expect(first).toBe(1001);
    expect(others.length).toBeGreaterThan(4);
    expect(others.filter((wireOffset) => wireOffset % 8 !== 0)).toEqual([]);
  });
});

test("§22: a batch has room for as many datagrams of one length as fit side by side, and as it can describe", () => {
  const batch = new DatagramBatch(5, 1000);
  expect([100, 200, 201, 300, 1000, 1001].map((bytes) => batch.room(bytes))).toEqual([
    5, 5, 4, 3, 1, 0,
  ]);
  batch.append(300, 0, 0, 2);
  expect([1, 100, 133, 134, 400, 401].map((bytes) => batch.room(bytes))).toEqual([
    3, 3, 3, 2, 1, 0,
  ]);
  batch.append(10, 0, 0, 3);
  expect(batch.room(1)).toBe(0);
});

function isSentAgain({ flags }: Chunk): boolean {
  return (flags & ChunkFlag.Retransmission) !== 0;
}
