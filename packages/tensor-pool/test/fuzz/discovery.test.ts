import { expect, test } from "@jest/globals";
import { discovery as messages, DiscoveryClient, DiscoveryProvider } from "@proj/tensor-pool";
import { withPlainTags } from "#src/discovery/discovery-message.js";
import { SeededRandom } from "@proj/wire-types";
import fc from "fast-check";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";

const text = fc.string({ maxLength: 12, unit: "grapheme-ascii" });
const request = fc.record({
  requestId: fc.bigInt(0n, 2n ** 64n - 1n),
  clientId: fc.nat(),
  responseStreamId: fc.nat(9_000),
  tags: fc.array(fc.record({ tag: text }), { maxLength: 4 }),
  responseChannel: fc.oneof(text, fc.constant("aeron:ipc")),
  dataSourceName: text,
});
const result = fc.record({
  streamId: fc.nat(),
  producerId: fc.nat(),
  epoch: fc.bigInt(0n, 2n ** 64n - 1n),
  layoutVersion: fc.constant(1),
  headerNslots: fc.constant(8),
  headerSlotBytes: fc.constant(256),
  maxDims: fc.constant(8),
  driverControlStreamId: fc.nat(),
  payloadPools: fc.array(
    fc.record({
      poolId: fc.nat(65_535),
      poolNslots: fc.constant(8),
      strideBytes: fc.constant(64),
      regionUri: text,
    }),
    { maxLength: 3 },
  ),
  tags: fc.array(fc.record({ tag: text }), { maxLength: 3 }),
  headerRegionUri: text,
  dataSourceName: text,
  driverInstanceId: text,
  driverControlChannel: text,
});
const response = fc.record({
  requestId: fc.bigInt(0n, 2n ** 64n - 1n),
  status: fc.constantFrom(...Object.values(messages.DiscoveryStatus)),
  results: fc.array(result, { maxLength: 3 }),
  errorMessage: text,
});

test("messages mean the same with either encoding of tags", () => {
  fc.assert(
    fc.property(request, response, (asked, answered) => {
      for (const [bytes, decode, value] of [
        [messages.encodeDiscoveryRequest(asked), messages.decodeDiscoveryRequest, asked],
        [messages.encodeDiscoveryResponse(answered), messages.decodeDiscoveryResponse, answered],
      ] as const) {
        expect(withPlainTags(bytes)).toBe(bytes);
        const other = asLengthBlocks(bytes);
        expect(decode(withPlainTags(other))).toMatchObject(value);
      }
    }),
    fuzzRuns(100),
  );
});

test("no bytes make a provider or a client throw", () => {
  const provider = new DiscoveryProvider({
    driverInstanceId: "d",
    driverControlChannel: "aeron:ipc",
    driverControlStreamId: 1,
    announcePeriodNs: 1n,
    maxResults: 5,
    allowedChannelPrefixes: ["aeron:"],
  });
  const client = new DiscoveryClient({
    clientId: 1,
    responseChannel: "aeron:ipc",
    responseStreamId: 1,
    random: new SeededRandom(1),
  });
  const whole = fc.oneof(
    request.map(messages.encodeDiscoveryRequest),
    response.map(messages.encodeDiscoveryResponse),
  );
  const spoiled = fc
    .tuple(whole, fc.array(fc.tuple(fc.nat(300), fc.nat(255)), { maxLength: 4 }), fc.nat(100))
    .map(([bytes, changes, cut]) => {
      const copy = bytes.slice(0, Math.max(1, bytes.length - (cut > 60 ? cut - 60 : 0)));
      for (const [at, value] of changes) copy[at % copy.length] = value;
      return copy;
    });
  fc.assert(
    fc.property(fc.oneof(spoiled, fc.uint8Array({ maxLength: 100 })), (bytes) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      provider.receiveRequest(bytes);
      provider.receiveAnnounce(0n, 0n, view, 0, bytes.length);
      provider.receiveMetadata(view, 0, bytes.length);
      while (provider.nextReply() !== undefined);
      client.receive(bytes);
    }),
    fuzzRuns(300),
  );
});

// Walks the message by its layout, and says of every tag group that its entries' block is the length.
function asLengthBlocks(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  const behind = (at: number): number => at + 4 + view.getUint32(at, true);
  let at = 8 + view.getUint16(0, true);
  const tags = (): void => {
    const count = view.getUint16(at + 2, true);
    view.setUint16(at, 4, true);
    at += 4;
    for (let entry = 0; entry < count; entry++) at = behind(at);
  };
  if (view.getUint16(2, true) === messages.TemplateId.DiscoveryRequest) {
    tags();
    return copy;
  }
  const results = view.getUint16(at + 2, true);
  at += 4;
  for (let entry = 0; entry < results; entry++) {
    at += 39;
    const pools = view.getUint16(at + 2, true);
    at += 4;
    for (let pool = 0; pool < pools; pool++) at = behind(at + 10);
    tags();
    for (let each = 0; each < 4; each++) at = behind(at);
  }
  return copy;
}
