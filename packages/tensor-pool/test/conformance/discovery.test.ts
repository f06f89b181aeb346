import { describe, expect, test } from "@jest/globals";
import {
  discovery as messages,
  DiscoveryClient,
  DiscoveryProvider,
  encodeAnnounce,
  type StreamLayout,
  wire,
} from "@proj/tensor-pool";
import { SeededRandom } from "@proj/wire-types";

const SECOND = 1_000_000_000n;
const { DiscoveryStatus } = messages;

function layout(streamId: number, changed: Partial<StreamLayout> = {}): StreamLayout {
  const file = { kind: "file", requireHugepages: false } as const;
  return {
    streamId,
    producerId: streamId % 100,
    epoch: 5n,
    announceTimestampNs: 10n * SECOND,
    clock: "monotonic",
    nslots: 8,
    ring: { ...file, path: `/dev/shm/${streamId}/header.ring` },
    pools: [{ poolId: 1, strideBytes: 64, uri: { ...file, path: `/dev/shm/${streamId}/1.pool` } }],
    ...changed,
  };
}

function provider(maxResults = 10): DiscoveryProvider {
  const made = new DiscoveryProvider({
    driverInstanceId: "driver-01",
    driverControlChannel: "aeron:ipc",
    driverControlStreamId: 1_000,
    announcePeriodNs: SECOND,
    maxResults,
    allowedChannelPrefixes: ["aeron:ipc"],
  });
  for (const streamId of [10_001, 10_002, 10_003]) announce(made, layout(streamId));
  return made;
}

function announce(to: DiscoveryProvider, announced: StreamLayout, nowNs = 10n * SECOND): void {
  const bytes = encodeAnnounce(announced);
  to.receiveAnnounce(nowNs, 99n * SECOND, new DataView(bytes.buffer), 0, bytes.length);
}

function ask(
  to: DiscoveryProvider,
  changed: Partial<messages.DiscoveryRequest> = {},
): messages.DiscoveryResponse | undefined {
  to.receiveRequest(
    messages.encodeDiscoveryRequest({
      requestId: 3n,
      clientId: 1,
      responseStreamId: 7_004,
      responseChannel: "aeron:ipc",
      tags: [],
      dataSourceName: "",
      ...changed,
    }),
  );
  const reply = to.nextReply();
  return reply === undefined ? undefined : messages.decodeDiscoveryResponse(reply.bytes);
}

function ids(response: messages.DiscoveryResponse | undefined): number[] | undefined {
  return response?.results.map(({ streamId }) => streamId);
}

describe("§26.11: what a provider answers", () => {
  test("filters are joined by AND, to the letter", () => {
    const made = provider();
    const named = wire.encodeDataSourceAnnounce({
      streamId: 10_002,
      producerId: 2,
      epoch: 5n,
      metaVersion: 1,
      name: "Camera",
      summary: "",
    });
    made.receiveMetadata(new DataView(named.buffer), 0, named.length);
    made.index.mark(10_002, { tags: ["lab", "cam"], dataSourceId: 77n });
    made.index.mark(10_003, { tags: ["lab"] });
    expect(ids(ask(made))).toEqual([10_001, 10_002, 10_003]);
    expect(ids(ask(made, { streamId: 10_003 }))).toEqual([10_003]);
    expect(ids(ask(made, { producerId: 1 }))).toEqual([10_001]);
    expect(ids(ask(made, { dataSourceId: 77n }))).toEqual([10_002]);
    expect(ids(ask(made, { dataSourceName: "Camera" }))).toEqual([10_002]);
    expect(ids(ask(made, { dataSourceName: "camera" }))).toEqual([]);
    expect(ids(ask(made, { tags: [{ tag: "lab" }] }))).toEqual([10_002, 10_003]);
    expect(ids(ask(made, { tags: [{ tag: "lab" }, { tag: "cam" }, { tag: "lab" }] }))).toEqual([
      10_002,
    ]);
    expect(ids(ask(made, { tags: [{ tag: "cam" }], streamId: 10_003 }))).toEqual([]);
    const [found] = ask(made, { streamId: 10_002 })?.results ?? [];
    expect(found).toMatchObject({
      epoch: 5n,
      headerNslots: 8,
      headerSlotBytes: 256,
      maxDims: 8,
      dataSourceId: 77n,
      dataSourceName: "Camera",
      driverInstanceId: "driver-01",
      driverControlChannel: "aeron:ipc",
      driverControlStreamId: 1_000,
      tags: [{ tag: "lab" }, { tag: "cam" }],
      payloadPools: [{ poolId: 1, poolNslots: 8, strideBytes: 64 }],
    });
  });

  test("no match is OK with nothing; too many are an error with nothing", () => {
    expect(ask(provider(), { streamId: 1 })).toMatchObject({
      requestId: 3n,
      status: DiscoveryStatus.OK,
      results: [],
    });
    const refused = ask(provider(2));
    expect(refused).toMatchObject({ status: DiscoveryStatus.ERROR, results: [] });
    expect(refused?.errorMessage).toContain("more than 2");
    expect(ids(ask(provider(3)))).toHaveLength(3);
  });

  test("nobody is answered where nobody may be", () => {
    const made = provider();
    for (const changed of [
      { responseChannel: "" },
      { responseStreamId: 0 },
      { responseChannel: "aeron:udp?endpoint=10.0.0.1:99" },
      { responseChannel: "http://example.invalid" },
      { responseChannel: `aeron:ipc?alias=${"x".repeat(1_100)}` },
    ]) {
      expect(ask(made, changed)).toBeUndefined();
    }
    expect(made.counters).toEqual({ answered: 0, dropped: 5, malformed: 0 });
  });

  test("streams that fall silent for three periods are forgotten, older epochs ignored", () => {
    const made = provider();
    announce(made, layout(10_001, { epoch: 4n, producerId: 9 }));
    announce(made, layout(10_002, { epoch: 6n, announceTimestampNs: 2n * SECOND }));
    announce(made, layout(10_003, { epoch: 7n, announceTimestampNs: 12n * SECOND }), 12n * SECOND);
    expect(ask(made)?.results.map(({ epoch }) => epoch)).toEqual([5n, 5n, 7n]);
    made.tick(13n * SECOND);
    expect(ids(ask(made))).toHaveLength(3);
    made.tick(13n * SECOND + 1n);
    expect(ids(ask(made))).toEqual([10_003]);
    made.index.driverRestarted();
    expect(ids(ask(made))).toEqual([]);
  });

  test("tags whose length is the entry's block are read, and a name that is left out is empty", () => {
    const made = provider();
    made.index.mark(10_002, { tags: ["lab", "cam"] });
    const request = messages.encodeDiscoveryRequest({
      requestId: 3n,
      clientId: 1,
      responseStreamId: 7_004,
      responseChannel: "aeron:ipc",
      tags: [{ tag: "lab" }, { tag: "cam" }],
      dataSourceName: "",
    });
    new DataView(request.buffer).setUint16(8 + 32, 4, true);
    const before = request.slice();
    made.receiveRequest(request.subarray(0, request.length - 4));
    const reply = made.nextReply();
    expect(ids(messages.decodeDiscoveryResponse(reply?.bytes ?? request))).toEqual([10_002]);
    expect(request).toEqual(before);
  });
});

describe("§26.11: what a client takes", () => {
  const random = new SeededRandom(1);
  function client(): DiscoveryClient {
    return new DiscoveryClient({
      clientId: 1,
      responseChannel: "aeron:ipc",
      responseStreamId: 7_004,
      random,
    });
  }

  const result: messages.DiscoveryResponseResults = {
    streamId: 10_001,
    producerId: 1,
    epoch: 5n,
    layoutVersion: 1,
    headerNslots: 8,
    headerSlotBytes: 256,
    maxDims: 8,
    driverControlStreamId: 1_000,
    payloadPools: [{ poolId: 1, poolNslots: 8, strideBytes: 64, regionUri: "shm:file?path=/a" }],
    tags: [{ tag: "a" }, { tag: "bc" }],
    headerRegionUri: "shm:file?path=/b",
    dataSourceName: "n",
    driverInstanceId: "d",
    driverControlChannel: "aeron:ipc",
  };
  function found(
    results: readonly messages.DiscoveryResponseResults[],
    requestId: bigint,
  ): Uint8Array {
    return messages.encodeDiscoveryResponse({
      requestId,
      status: DiscoveryStatus.OK,
      results,
      errorMessage: "",
    });
  }

  test("results that are wrong are left out, and the newest epoch of a stream counts", () => {
    const asking = client();
    const id = asking.request(0n, {});
    const [pool] = result.payloadPools;
    if (pool === undefined) throw new Error("no pool");
    const wrong: Partial<messages.DiscoveryResponseResults>[] = [
      { driverControlChannel: "" },
      { driverControlStreamId: 0 },
      { headerSlotBytes: 128 },
      { maxDims: 4 },
      { payloadPools: [] },
      { payloadPools: [{ ...pool, poolNslots: 4 }] },
    ];
    const good = [result, { ...result, epoch: 6n }, { ...result, driverInstanceId: "e" }];
    asking.receive(
      found([...wrong.map((changed) => ({ ...result, epoch: 9n, ...changed })), ...good], id),
    );
    const event = asking.nextEvent();
    if (event?.kind !== "found") throw new Error("nothing found");
    expect(event.streams.map(({ epoch, driverInstanceId }) => [epoch, driverInstanceId])).toEqual([
      [6n, "d"],
      [5n, "e"],
    ]);
    expect(event.streams[0]?.tags).toEqual(["a", "bc"]);
  });

  test("tags in both encodings, in the middle of many results", () => {
    const asking = client();
    const id = asking.request(0n, {});
    const two = [result, { ...result, streamId: 10_002, tags: [{ tag: "zz" }] }];
    const bytes = found(two, id);
    // The dimensions of both tag groups: one entry of 39 bytes, its pools, and then the group.
    const pools = 4 + 10 + 4 + "shm:file?path=/a".length;
    const first = 8 + 9 + 4 + 39 + pools;
    const view = new DataView(bytes.buffer);
    expect([view.getUint16(first, true), view.getUint16(first + 2, true)]).toEqual([0, 2]);
    view.setUint16(first, 4, true);
    asking.receive(bytes);
    const event = asking.nextEvent();
    if (event?.kind !== "found") throw new Error("nothing found");
    expect(event.streams.map(({ tags }) => tags)).toEqual([["a", "bc"], ["zz"]]);
  });

  test("an error is told with the provider's words; strangers' answers are nobody's", () => {
    const asking = client();
    const id = asking.request(0n, {});
    asking.receive(found([result], id + 1n));
    expect(asking.nextEvent()).toBeUndefined();
    asking.receive(
      messages.encodeDiscoveryResponse({
        requestId: id,
        status: DiscoveryStatus.NOT_FOUND,
        results: [],
        errorMessage: "hidden",
      }),
    );
    expect(asking.nextEvent()).toEqual({
      kind: "failed",
      requestId: id,
      status: DiscoveryStatus.NOT_FOUND,
      message: "hidden",
    });
    asking.receive(found([result], id));
    expect(asking.nextEvent()).toBeUndefined();
  });

  test("the same is asked again until a second is over", () => {
    const asking = client();
    const id = asking.request(0n, { tags: ["lab"] });
    const sent: bigint[] = [];
    for (let nowNs = 0n; nowNs < SECOND; nowNs += 50_000_000n) {
      asking.transmit(nowNs, (bytes) => {
        sent.push(messages.decodeDiscoveryRequest(bytes).requestId);
        return true;
      });
      asking.tick(nowNs);
    }
    expect(sent).toEqual([id, id, id, id, id]);
    expect(asking.nextEvent()).toBeUndefined();
    asking.tick(SECOND);
    expect(asking.nextEvent()).toEqual({ kind: "timedOut", requestId: id });
    expect(asking.nextDeadlineNs()).toBeUndefined();
  });
});
