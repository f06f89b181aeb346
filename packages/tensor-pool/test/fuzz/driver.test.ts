import { expect, test } from "@jest/globals";
import { ControlAdapter, driver as messages, LeaseClient } from "@proj/tensor-pool";
import { SeededRandom } from "@proj/wire-types";
import fc from "fast-check";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";
import { DriverWorld } from "../support/driver-world.js";

const { Role, ResponseCode } = messages;

/** Bytes of a message of schema 901, mostly right: what a driver may be told. */
const message = fc.oneof(
  fc
    .record({
      correlationId: fc.bigInt(0n, 5n),
      streamId: fc.constantFrom(0, 1, 10_000, 19_999, 20_000, 20_001, 20_002, 0xffff_ffff),
      clientId: fc.integer({ min: 0, max: 6 }),
      role: fc.constantFrom(Role.PRODUCER, Role.CONSUMER),
      expectedLayoutVersion: fc.constantFrom(0, 1, 2, 0xffff_ffff),
      publishMode: fc.constantFrom(undefined, 1 as const, 2 as const),
      requireHugepages: fc.constantFrom(0 as const, 1 as const, 2 as const),
      desiredNodeId: fc.constantFrom(undefined, 0, 1, 1_023, 1_024),
    })
    .map(messages.encodeShmAttachRequest),
  fc
    .record({
      correlationId: fc.bigInt(0n, 5n),
      leaseId: fc.bigInt(0n, 8n),
      streamId: fc.constantFrom(10_000, 20_000),
      clientId: fc.integer({ min: 1, max: 6 }),
      role: fc.constantFrom(Role.PRODUCER, Role.CONSUMER),
    })
    .map(messages.encodeShmDetachRequest),
  fc
    .record({
      leaseId: fc.bigInt(0n, 8n),
      streamId: fc.constantFrom(10_000, 20_000),
      clientId: fc.integer({ min: 1, max: 6 }),
      role: fc.constantFrom(Role.PRODUCER, Role.CONSUMER),
      clientTimestampNs: fc.bigInt(0n, 2n ** 64n - 1n),
    })
    .map(messages.encodeShmLeaseKeepalive),
  fc
    .record({
      correlationId: fc.bigInt(0n, 5n),
      reason: fc.constantFrom(0 as const, 1 as const, 2 as const),
      token: fc.constantFrom("", "x", "toke"),
      errorMessage: fc.constant(""),
    })
    .map(messages.encodeShmDriverShutdownRequest),
);
const spoiled = fc
  .tuple(message, fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 3 }), fc.nat(60))
  .map(([bytes, changes, cut]) => {
    const copy = bytes.slice(0, cut > 50 ? cut - 50 : bytes.length);
    for (const [at, value] of changes) copy[at % copy.length] = value;
    return copy;
  });
const step = fc.oneof(
  { weight: 4, arbitrary: message.map((bytes) => ({ bytes, waitMs: 0 })) },
  { weight: 2, arbitrary: spoiled.map((bytes) => ({ bytes, waitMs: 0 })) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 80 }).map((bytes) => ({ bytes, waitMs: 0 })) },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 1, max: 4_000 }).map((waitMs) => ({ bytes: undefined, waitMs })),
  },
);

test("whatever a driver is told: one producer a stream, rising epochs, each lease told to end once", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const world = new DriverWorld({ shutdownToken: "token" });
      const ended = new Set<unknown>();
      const granted = new Set<unknown>();
      const epochs = new Map<unknown, bigint>();
      for (const { bytes, waitMs } of steps) {
        if (bytes === undefined) world.pass(waitMs);
        else world.tell(bytes);
        for (const { name, value } of world.take()) {
          if (name === "revoked") {
            expect(ended.has(value["leaseId"])).toBe(false);
            expect(granted.has(value["leaseId"])).toBe(true);
            ended.add(value["leaseId"]);
          }
          if (name === "attached" && value["code"] === ResponseCode.OK) {
            granted.add(value["leaseId"]);
          }
          if (name !== "announce") continue;
          const epoch = value["epoch"] as bigint;
          expect(epoch).toBeGreaterThanOrEqual(epochs.get(value["streamId"]) ?? 0n);
          epochs.set(value["streamId"], epoch);
        }
        const leases = world.driver.leases();
        const producers = leases.filter(({ role }) => role === "producer");
        expect(new Set(producers.map(({ streamId }) => streamId)).size).toBe(producers.length);
        expect(new Set(leases.map(({ clientId }) => clientId)).size).toBe(leases.length);
        expect(granted.size - ended.size).toBe(leases.length);
      }
      expect(world.driver.streams().length).toBeLessThanOrEqual(3);
    }),
    fuzzRuns(100),
  );
});

test("no bytes make a client or an adapter throw", () => {
  const client = new LeaseClient({ role: Role.CONSUMER, streamId: 1 }, new SeededRandom(1));
  client.attach(0n);
  const ignore = (): void => undefined;
  const adapter = new ControlAdapter({
    handlers: {
      shmPoolAnnounce: ignore,
      consumerHello: ignore,
      consumerConfig: ignore,
      qosConsumer: ignore,
      qosProducer: ignore,
      dataSourceAnnounce: ignore,
      dataSourceMeta: ignore,
      controlResponse: ignore,
      frameProgress: ignore,
      shmAttachRequest: ignore,
      shmAttachResponse: ignore,
      shmDetachRequest: ignore,
      shmDetachResponse: ignore,
      shmLeaseKeepalive: ignore,
      shmDriverShutdown: ignore,
      shmLeaseRevoked: ignore,
      shmDriverShutdownRequest: ignore,
    },
  });
  const headed = fc
    .tuple(
      fc.nat(80),
      fc.integer({ min: 1, max: 14 }),
      fc.constantFrom(900, 901),
      fc.nat(2),
      fc.uint8Array({ maxLength: 200 }),
    )
    .map(([block, template, schema, version, body]) => {
      const bytes = new Uint8Array(8 + body.length);
      const view = new DataView(bytes.buffer);
      for (const [index, value] of [block, template, schema, version].entries()) {
        view.setUint16(index * 2, value, true);
      }
      bytes.set(body, 8);
      return bytes;
    });
  fc.assert(
    fc.property(fc.oneof(headed, spoiled, fc.uint8Array({ maxLength: 100 })), (bytes) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      client.receive(1n, view, 0, bytes.length);
      adapter.receive(view, 0, bytes.length);
    }),
    fuzzRuns(500),
  );
});
