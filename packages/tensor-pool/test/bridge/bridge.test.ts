import { describe, expect, test } from "@jest/globals";
import {
  type bridge,
  BridgeReceiver,
  type BridgedFrame,
  type BridgeLimits,
  Consumer,
  DEFAULT_BRIDGE_LIMITS,
  DEFAULT_FORWARDING,
  encodeTraceLink,
  forwardedMessage,
  Frame,
  FrameAssembler,
  frameChunks,
  FrameTemplate,
  MetadataSource,
  Producer,
  RelayProducer,
  RelayResult,
  type StreamLayout,
  wire,
} from "@proj/tensor-pool";
import { viewOf } from "@proj/sbe";
import fc from "fast-check";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";
import { DescriptorQueue, StreamMemory } from "../support/memory-stream.js";

const SOURCE = 10_000;
const DEST = 50_000;
const fence = (): void => undefined;
const nowNs = (): bigint => 5n;
const small: BridgeLimits = { ...DEFAULT_BRIDGE_LIMITS, chunkBytes: 100 };

const layout: StreamLayout = {
  streamId: SOURCE,
  producerId: 1,
  epoch: 7n,
  announceTimestampNs: 0n,
  clock: "monotonic",
  nslots: 4,
  ring: { kind: "file", path: "/x/header.ring", requireHugepages: false },
  pools: [
    {
      poolId: 1,
      strideBytes: 1_024,
      uri: { kind: "file", path: "/x/1.pool", requireHugepages: false },
    },
  ],
};

/** A frame of the source, as a bridge's sender has it. */
function sourceFrame(bytes: number, skip = 0): BridgedFrame {
  const memory = new StreamMemory(4, { 1: 1_024 }, 7n);
  const queue = new DescriptorQueue();
  const producer = new Producer({ stream: memory.map(SOURCE), descriptors: queue, nowNs, fence });
  const consumer = new Consumer({ nowNs, fence });
  consumer.map(memory.map(SOURCE));
  const template = new FrameTemplate({ dtype: "uint8", shape: [bytes] });
  const payload = Uint8Array.from({ length: bytes }, (_, index) => index * 7);
  for (let frame = 0; frame <= skip; frame++) {
    producer.publish(template, payload, { traceId: 99n, metaVersion: 3 });
  }
  const descriptor = queue.take().at(-1);
  const frame = descriptor && consumer.accept(descriptor, 0, 48);
  if (!(frame instanceof Frame)) throw new Error(`no frame: ${frame}`);
  return {
    streamId: SOURCE,
    epoch: 7n,
    seq: frame.seq,
    traceId: frame.traceId,
    header: frame.header.slice(),
    payload: frame.payload.slice(),
  };
}

/** The far end, and a consumer behind it. */
function farEnd(limits: Partial<BridgeLimits> = small): {
  receiver: BridgeReceiver;
  relay: RelayProducer;
  queue: DescriptorQueue;
  read: () => (Frame | string)[];
} {
  const memory = new StreamMemory(8, { 4: 4_096 }, 123n);
  const queue = new DescriptorQueue();
  const relay = new RelayProducer({ stream: memory.map(DEST), descriptors: queue, fence });
  const consumer = new Consumer({ nowNs, fence });
  consumer.map(memory.map(DEST));
  return {
    receiver: new BridgeReceiver(SOURCE, relay, limits),
    relay,
    queue,
    read: () => queue.take().map((view) => consumer.accept(view, 0, 48)),
  };
}

function receive(receiver: BridgeReceiver, bytes: Uint8Array, now = 0n): string {
  return receiver.receive(now, viewOf(bytes), 0, bytes.length);
}

describe("§19: a frame over a bridge", () => {
  test.each([0, 1, 99, 100, 101, 1_000])("of %d bytes arrives as it was", (bytes) => {
    const { receiver, read } = farEnd();
    const frame = sourceFrame(bytes, 5);
    receiver.announced(layout);
    const outcomes = [...frameChunks(frame, small)].map((chunk) => receive(receiver, chunk));
    expect(outcomes.at(-1)).toBe("published");
    expect(outcomes).toHaveLength(Math.max(1, Math.ceil(bytes / 100)));
    const [there] = read();
    if (!(there instanceof Frame)) throw new Error(`no frame: ${there}`);
    expect({ seq: there.seq, traceId: there.traceId, metaVersion: there.metaVersion }).toEqual({
      seq: 5,
      traceId: 99n,
      metaVersion: 3,
    });
    expect(there.payload).toEqual(frame.payload);
    expect(there.timestampNs).toBe(5n);
  });

  test("is dropped until its source is announced, and when the epoch is another", () => {
    const { receiver } = farEnd();
    const [chunk] = frameChunks(sourceFrame(10), small);
    if (chunk === undefined) throw new Error("no chunk");
    expect(receive(receiver, chunk)).toBe("unannounced");
    receiver.announced({ ...layout, epoch: 8n });
    expect(receive(receiver, chunk)).toBe("wrongEpoch");
    receiver.announced({ ...layout, epoch: 7n });
    expect(receive(receiver, chunk)).toBe("wrongEpoch");
    expect(receive(receiver, new Uint8Array(5))).toBe("malformed");
    expect(receiver.counters).toEqual({ unannounced: 1, wrongEpoch: 2, malformed: 1 });
  });

  test("is given up when it does not come whole in time", () => {
    const { receiver } = farEnd();
    receiver.announced(layout);
    const [first] = frameChunks(sourceFrame(1_000), small);
    if (first === undefined) throw new Error("no chunk");
    expect(receive(receiver, first, 0n)).toBe("open");
    receiver.tick(249_999_999n);
    expect(receiver.timedOut).toBe(0);
    receiver.tick(250_000_000n);
    expect(receiver.timedOut).toBe(1);
  });

  test("is refused when it is not what the source announced", () => {
    const { receiver, relay } = farEnd();
    const send = (frame: BridgedFrame): string | undefined =>
      [...frameChunks(frame, small)].map((chunk) => receive(receiver, chunk)).at(-1);
    const frame = sourceFrame(50);
    const changed = (at: number, value: number): BridgedFrame => {
      const header = frame.header.slice();
      header[at] = value;
      return { ...frame, header };
    };
    receiver.announced(layout);
    expect(send(changed(72, 77))).toBe("badHeader");
    expect(send(changed(16, 9))).toBe("unknownPool");
    expect(send(changed(8, 49))).toBe("badLength");
    expect(send({ ...frame, payload: frame.payload.subarray(0, 49) })).toBe("badLength");
    expect(send(frame)).toBe("published");
    expect(send(frame)).toBe("outOfOrder");
    relay.revoke();
    expect(send({ ...frame, seq: 9 })).toBe("leaseLost");
    const pools = layout.pools.map((pool) => ({ ...pool, poolId: 2 }));
    receiver.announced({ ...layout, epoch: 9n, pools });
    expect(send({ ...frame, epoch: 9n })).toBe("unknownPool");
    const narrow = pools.map((pool) => ({ ...pool, strideBytes: 32 }));
    receiver.announced({ ...layout, epoch: 10n, pools: narrow });
    expect(send({ ...frame, epoch: 10n })).toBe("tooLarge");
  });

  test("with checksums: a damaged chunk and one without a checksum are dropped", () => {
    const limits = { ...small, integrityCrc32c: true };
    const { receiver } = farEnd(limits);
    receiver.announced(layout);
    const frame = sourceFrame(150);
    const chunks = [...frameChunks(frame, limits)];
    const [first] = chunks.map((chunk) => chunk.slice());
    if (first === undefined) throw new Error("no chunk");
    first[first.length - 1] = 1;
    expect(receive(receiver, first)).toBe("checksum");
    const [bare] = frameChunks(frame, small);
    expect(bare && receive(receiver, bare)).toBe("checksum");
    expect(chunks.map((chunk) => receive(receiver, chunk))).toEqual(["open", "published"]);
  });
});

describe("§19: putting together", () => {
  const chunk = (some: Partial<bridge.BridgeFrameChunk> = {}): bridge.BridgeFrameChunk => ({
    streamId: SOURCE,
    epoch: 7n,
    seq: 1n,
    chunkIndex: 1,
    chunkCount: 3,
    chunkOffset: 10,
    chunkLength: 10,
    payloadLength: 30,
    payloadCrc32c: 0,
    headerIncluded: 0,
    headerBytes: new Uint8Array(0),
    payloadBytes: new Uint8Array(10),
    ...some,
  });
  const first = chunk({
    chunkIndex: 0,
    chunkOffset: 0,
    headerIncluded: 1,
    headerBytes: new Uint8Array(256),
  });

  function assembler(limits: Partial<BridgeLimits> = {}): FrameAssembler {
    const made = new FrameAssembler({ ...DEFAULT_BRIDGE_LIMITS, ...limits });
    made.setEpoch(7n);
    return made;
  }

  test("in any order, and duplicates that are the same change nothing", () => {
    const made = assembler();
    const last = chunk({ chunkIndex: 2, chunkOffset: 20 });
    expect(made.take(0n, last)).toEqual({ kind: "open" });
    expect(made.take(0n, first)).toEqual({ kind: "open" });
    expect(made.take(0n, first)).toEqual({ kind: "duplicate" });
    expect(made.take(0n, chunk()).kind).toBe("whole");
  });

  test.each([
    ["another count", { chunkCount: 4 }],
    ["another length", { payloadLength: 31 }],
    ["another trace", { traceId: 4n }],
    ["an overlap", { chunkIndex: 2, chunkOffset: 19 }],
    ["other bytes", { payloadBytes: new Uint8Array(10).fill(1) }],
  ])("%s drops the frame", (_, some) => {
    const made = assembler();
    made.take(0n, chunk());
    expect(made.take(0n, chunk(some))).toEqual({ kind: "dropped", why: "conflict" });
    // What comes of it afterwards begins a new one, which will not be whole.
    expect(made.take(0n, chunk())).toEqual({ kind: "open" });
  });

  test.each([
    ["no chunks", { chunkCount: 0 }],
    ["too many chunks", { chunkCount: 65_536 }],
    ["an index beyond", { chunkIndex: 3 }],
    ["another length than its bytes", { chunkLength: 9 }],
    ["bytes beyond the payload", { chunkOffset: 21 }],
    ["a header in the middle", { headerIncluded: 1, headerBytes: new Uint8Array(256) }],
    ["no bytes in the middle", { chunkLength: 0, payloadBytes: new Uint8Array(0) }],
  ])("%s is malformed", (_, some) => {
    expect(assembler().take(0n, chunk(some as Partial<bridge.BridgeFrameChunk>))).toEqual({
      kind: "dropped",
      why: "malformed",
    });
  });

  test("a first chunk without its header, or not at the beginning, is malformed", () => {
    const malformed = { kind: "dropped", why: "malformed" };
    expect(assembler().take(0n, { ...first, headerBytes: new Uint8Array(255) })).toEqual(malformed);
    expect(assembler().take(0n, { ...first, headerIncluded: 0 })).toEqual(malformed);
    expect(assembler().take(0n, { ...first, chunkOffset: 1 })).toEqual(malformed);
  });

  test("lengths are refused before memory is taken, and so are too many frames", () => {
    const made = assembler({ maxOpen: 1, maxPayloadBytes: 100 });
    const tooLarge = { kind: "dropped", why: "tooLarge" };
    expect(made.take(0n, chunk({ payloadLength: 2 ** 32 - 1 }))).toEqual(tooLarge);
    made.setEpoch(7n, 64);
    expect(made.take(0n, chunk({ payloadLength: 65 }))).toEqual(tooLarge);
    made.setEpoch(7n);
    const malformed = { kind: "dropped", why: "malformed" };
    expect(made.take(0n, chunk({ seq: 2n ** 52n }))).toEqual(malformed);
    expect(made.take(0n, chunk()).kind).toBe("open");
    const other = made.take(0n, chunk({ seq: 2n }));
    expect(other).toEqual({ kind: "dropped", why: "tooManyOpen" });
  });

  test("any bytes are an outcome", () => {
    const { receiver } = farEnd();
    receiver.announced(layout);
    const messages = [...frameChunks(sourceFrame(250), small)];
    fc.assert(
      fc.property(
        fc.nat(messages.length - 1),
        fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 4 }),
        fc.nat(400),
        (which, changes, length) => {
          const bytes = (messages[which] ?? new Uint8Array(0)).slice(0, Math.max(8, length));
          for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
          expect(typeof receive(receiver, bytes)).toBe("string");
        },
      ),
      fuzzRuns(500),
    );
  });

  test("a frame beyond the limits is not sent", () => {
    const frame = sourceFrame(1_000);
    const limits = { ...small, maxPayloadBytes: 999 };
    expect(() => [...frameChunks(frame, limits)]).toThrow(RangeError);
    expect(() => [...frameChunks(frame, { ...small, mtuBytes: 128 })]).toThrow(RangeError);
  });
});

describe("§19: what is forwarded besides frames", () => {
  const target = { streamId: DEST, epoch: 123n };
  const all = { metadata: true, traceLinks: true, qos: true, progress: true };
  const forward = (bytes: Uint8Array, options = all, from = SOURCE): Uint8Array | undefined =>
    forwardedMessage(viewOf(bytes), 0, bytes.length, from, target, options);
  const identity = { streamId: SOURCE, producerId: 1, name: "n", summary: "s" };

  test("names the stream and the epoch of the far end", () => {
    const [announce, meta] = new MetadataSource(identity, 7n).due(0n);
    const link = encodeTraceLink({
      streamId: SOURCE,
      epoch: 7n,
      seq: 1,
      traceId: 2n,
      parents: [3n],
    });
    if (announce === undefined || meta === undefined) throw new Error("nothing is due");
    const there = forward(announce);
    expect(there && wire.decodeDataSourceAnnounce(there)).toMatchObject(target);
    const described = forward(meta);
    expect(described && wire.decodeDataSourceMeta(described).streamId).toBe(DEST);
    expect(forward(link)).toEqual(
      encodeTraceLink({ ...target, seq: 1, traceId: 2n, parents: [3n] }),
    );
    expect(forward(link, DEFAULT_FORWARDING)).toBeUndefined();
    expect(forward(announce, all, 1)).toBeUndefined();
    expect(forward(new Uint8Array(10))).toBeUndefined();
  });

  test("announces of regions are not among it", () => {
    const hello = wire.encodeControlResponse({ correlationId: 1n, code: 0, errorMessage: "x" });
    expect(forward(hello)).toBeUndefined();
  });
});

test("a relay keeps numbers, refuses those that go back, and leaves out what was overwritten", () => {
  const { relay, read } = farEnd();
  const { header, payload } = sourceFrame(10);
  const frame = { header, payload, traceId: undefined };
  expect(relay.publish({ ...frame, seq: 5 })).toBe(5);
  expect(relay.publish({ ...frame, seq: 5 })).toBe(RelayResult.outOfOrder);
  expect(relay.publish({ ...frame, seq: 9, stillValid: () => false })).toBe(
    RelayResult.overwritten,
  );
  expect(relay.publish({ ...frame, seq: 9 })).toBe(9);
  expect(relay.publish({ ...frame, seq: 10, payload: new Uint8Array(5_000) })).toBe(
    RelayResult.noPool,
  );
  expect(read().map((each) => each instanceof Frame)).toEqual([true, true]);
});
