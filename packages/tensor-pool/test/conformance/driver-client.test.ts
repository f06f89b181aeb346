import { describe, expect, test } from "@jest/globals";
import { driver as messages, LeaseClient, type LeaseRequest } from "@proj/tensor-pool";
import { SeededRandom } from "@proj/wire-types";
import { DriverWorld } from "../support/driver-world.js";

const { Role, ResponseCode, LeaseRevokeReason, ShutdownReason } = messages;
const SECOND = 1_000_000_000n;

/** A client of which what it sends is kept. */
function lonely(request: Partial<LeaseRequest> = {}): {
  client: LeaseClient;
  sent: Uint8Array[];
  correlationId: () => bigint;
  tell: (bytes: Uint8Array) => void;
} {
  const role = Role.CONSUMER;
  const client = new LeaseClient({ role, streamId: 10_000, ...request }, new SeededRandom(3));
  const sent: Uint8Array[] = [];
  client.attach(0n);
  client.transmit(0n, (bytes) => {
    sent.push(bytes);
    return true;
  });
  return {
    client,
    sent,
    correlationId: () =>
      messages.decodeShmAttachRequest(sent.at(-1) ?? new Uint8Array(0)).correlationId,
    tell: (bytes) => {
      client.receive(1n, new DataView(bytes.buffer, bytes.byteOffset), 0, bytes.length);
    },
  };
}

const pool = {
  poolId: 1,
  poolNslots: 8,
  strideBytes: 64,
  regionUri: "shm:file?path=/dev/shm/a/1.pool",
};
const granted: Omit<messages.ShmAttachResponse, "correlationId"> = {
  code: ResponseCode.OK,
  leaseId: 9n,
  leaseExpiryTimestampNs: 3n * SECOND,
  streamId: 10_000,
  epoch: 4n,
  layoutVersion: 1,
  headerNslots: 8,
  headerSlotBytes: 256,
  nodeId: 1,
  payloadPools: [pool],
  headerRegionUri: "shm:file?path=/dev/shm/a/header.ring",
  errorMessage: "",
};

describe("§26.8, §14.3: an answer is checked", () => {
  test.each<[string, Partial<messages.ShmAttachResponse>]>([
    ["no lease id", { leaseId: undefined }],
    ["no stream id", { streamId: undefined }],
    ["another stream", { streamId: 10_001 }],
    ["no epoch", { epoch: undefined }],
    ["no layout version", { layoutVersion: undefined }],
    ["another layout version", { layoutVersion: 2 }],
    ["no slots", { headerNslots: undefined }],
    ["slots that are no power of two", { headerNslots: 6 }],
    ["header slots of another size", { headerSlotBytes: 128 }],
    ["no pools", { payloadPools: [] }],
    ["two pools of one id", { payloadPools: [pool, pool] }],
    ["a pool with other slots", { payloadPools: [{ ...pool, poolNslots: 4 }] }],
    ["a stride that is no multiple of 64", { payloadPools: [{ ...pool, strideBytes: 65 }] }],
    ["an empty URI", { payloadPools: [{ ...pool, regionUri: "" }] }],
    ["a blank URI", { headerRegionUri: "  " }],
  ])("%s", (_, changed) => {
    const { client, correlationId, tell } = lonely();
    const correlation = correlationId();
    tell(messages.encodeShmAttachResponse({ ...granted, correlationId: correlation, ...changed }));
    expect(client.nextEvent()).toMatchObject({ kind: "protocolError" });
    expect(client.state).toBe("backoff");
  });
});

describe("§26.8, §14.3: the client", () => {
  test("what answers somebody else, or comes twice, changes nothing", () => {
    const { client, correlationId, tell } = lonely();
    const correlation = correlationId();
    tell(messages.encodeShmAttachResponse({ ...granted, correlationId: correlation + 1n }));
    expect(client.state).toBe("attaching");
    tell(messages.encodeShmAttachResponse({ ...granted, correlationId: correlation }));
    expect(client.nextEvent()).toMatchObject({ kind: "attached" });
    tell(messages.encodeShmAttachResponse({ ...granted, correlationId: correlation }));
    const refused = { correlationId: correlation, code: ResponseCode.REJECTED } as const;
    tell(
      messages.encodeShmAttachResponse({
        ...refused,
        payloadPools: [],
        headerRegionUri: "",
        errorMessage: "no",
      }),
    );
    expect(client.nextEvent()).toBeUndefined();
    expect(client.state).toBe("attached");
  });

  test("silence ends after 5 s; it waits longer each time, 3.2 s and a fifth at most", () => {
    const { client } = lonely();
    let nowNs = 0n;
    const waits: number[] = [];
    for (let attempt = 0; attempt < 8; attempt++) {
      expect(client.state).toBe("attaching");
      nowNs += 5n * SECOND;
      client.tick(nowNs);
      expect(client.nextEvent()).toEqual({ kind: "timedOut" });
      const untilNs = client.nextDeadlineNs() ?? 0n;
      waits.push(Number(untilNs - nowNs) / 1e6);
      nowNs = untilNs;
      client.tick(nowNs);
    }
    const expected = [100, 200, 400, 800, 1_600, 3_200, 3_200, 3_200];
    for (const [index, wait] of waits.entries()) {
      const base = expected[index] ?? 0;
      expect(wait).toBeGreaterThanOrEqual(base * 0.8);
      expect(wait).toBeLessThanOrEqual(base * 1.2);
    }
  });

  test("a random id that is taken is exchanged for another, a given one is kept", () => {
    const world = new DriverWorld();
    const first = world.client({ role: Role.CONSUMER });
    first.client.attach(world.nowNs);
    world.settle();
    // What is drawn first is the id.
    const random = new SeededRandom(8);
    let draws = 0;
    const fill = (into: Uint8Array): Uint8Array => {
      if (draws++ > 0) return random.fill(into);
      new DataView(into.buffer).setUint32(0, first.client.clientId - 1, true);
      return into;
    };
    const twin = new LeaseClient({ role: Role.CONSUMER, streamId: 10_000 }, { fill });
    const events: (typeof first)["events"] = [];
    world.clients.push({ client: twin, events, live: true });
    expect(twin.clientId).toBe(first.client.clientId);
    twin.attach(world.nowNs);
    world.pass(300);
    expect(twin.state).toBe("attached");
    expect(twin.clientId).not.toBe(first.client.clientId);
    expect(events.map(({ kind }) => kind)).toEqual(["refused", "attached"]);
    const given = world.client({ role: Role.CONSUMER, clientId: twin.clientId });
    given.client.attach(world.nowNs);
    world.pass(1_000);
    expect(given.client.clientId).toBe(twin.clientId);
    expect(given.client.state).not.toBe("attached");
  });

  test("leases live as long as their clients, and a revoked one is asked for again", () => {
    const world = new DriverWorld();
    const { client, events } = world.client({ role: Role.PRODUCER });
    client.attach(world.nowNs);
    world.pass(10_000);
    expect(events.map(({ kind }) => kind)).toEqual(["attached"]);
    const first = client.lease;
    expect(client.validUntilNs).toBeGreaterThan(world.nowNs);
    world.driver.revoke(world.nowNs, first?.leaseId ?? 0n, "maintenance");
    world.settle();
    expect(client.lease).toBeUndefined();
    expect(client.validUntilNs).toBe(0n);
    expect(events.at(-1)).toMatchObject({
      kind: "lost",
      loss: { kind: "revoked", reason: LeaseRevokeReason.REVOKED, message: "maintenance" },
    });
    world.pass(1_000);
    expect(client.lease?.layout.epoch).toBeGreaterThan(first?.layout.epoch ?? 0n);
  });

  test("keepalives that cannot be sent for a whole window end the lease at the client", () => {
    const { client, correlationId, tell } = lonely();
    tell(messages.encodeShmAttachResponse({ ...granted, correlationId: correlationId() }));
    expect(client.nextEvent()).toMatchObject({ kind: "attached" });
    for (let at = 1n; at < 3n; at++) {
      client.tick(at * SECOND);
      client.transmit(at * SECOND, () => false);
      expect(client.state).toBe("attached");
    }
    client.tick(3n * SECOND);
    expect(client.nextEvent()).toEqual({ kind: "lost", loss: { kind: "keepaliveFailed" } });
  });

  test("a lease without expiry lives until it is revoked", () => {
    const { client, correlationId, tell } = lonely();
    const endless = { ...granted, leaseExpiryTimestampNs: undefined };
    tell(messages.encodeShmAttachResponse({ ...endless, correlationId: correlationId() }));
    client.tick(100n * SECOND);
    expect(client.state).toBe("attached");
  });

  test("a producer that goes: readers are told, and wait 3 s for a new epoch", () => {
    const world = new DriverWorld();
    const writer = world.client({ role: Role.PRODUCER });
    const reader = world.client({ role: Role.CONSUMER });
    writer.client.attach(world.nowNs);
    world.settle();
    reader.client.attach(world.nowNs);
    world.settle();
    writer.client.detach(world.nowNs);
    world.settle();
    expect(reader.events.at(-1)).toEqual({ kind: "producerGone" });
    world.pass(5_000);
    expect(reader.client.state).toBe("attached");
    expect(writer.events.at(-1)).toEqual({ kind: "detached" });
    expect(writer.client.state).toBe("unattached");
  });

  test("no new epoch after the producer: the lease is given back, and asked for again", () => {
    const { client, correlationId, tell } = lonely();
    tell(messages.encodeShmAttachResponse({ ...granted, correlationId: correlationId() }));
    client.nextEvent();
    const gone = {
      timestampNs: 0n,
      leaseId: 1n,
      streamId: 10_000,
      clientId: 1,
      role: Role.PRODUCER,
      reason: LeaseRevokeReason.EXPIRED,
      errorMessage: "",
    };
    tell(messages.encodeShmLeaseRevoked({ ...gone, streamId: 10_001 }));
    expect(client.nextEvent()).toBeUndefined();
    tell(messages.encodeShmLeaseRevoked(gone));
    expect(client.nextEvent()).toEqual({ kind: "producerGone" });
    for (let at = 1n; at <= 3n; at++) {
      client.transmit(at * SECOND, () => true);
      client.tick(at * SECOND + 1n);
    }
    expect(client.nextEvent()).toEqual({ kind: "lost", loss: { kind: "noNewEpoch" } });
    const sent: number[] = [];
    client.transmit(4n * SECOND, (bytes) => {
      sent.push(bytes[2] ?? 0);
      return true;
    });
    expect(sent).toEqual([messages.TemplateId.ShmDetachRequest]);
  });

  test("a driver that stops voids every lease; the next one is found by its announce", () => {
    const world = new DriverWorld();
    const { client, events } = world.client({ role: Role.CONSUMER });
    client.attach(world.nowNs);
    world.settle();
    world.driver.shutdown(world.nowNs, ShutdownReason.ADMIN);
    world.pass(2_000);
    expect(events.at(-1)).toEqual({
      kind: "lost",
      loss: { kind: "shutdown", reason: ShutdownReason.ADMIN },
    });
    expect(client.state).toBe("backoff");
    client.announced(world.nowNs, 1n);
    expect(client.state).toBe("attaching");
  });

  test("a revocation with a role or reason that does not exist is no revocation", () => {
    const { client, correlationId, tell } = lonely();
    tell(messages.encodeShmAttachResponse({ ...granted, correlationId: correlationId() }));
    client.nextEvent();
    const revoked = messages.encodeShmLeaseRevoked({
      timestampNs: 0n,
      leaseId: 9n,
      streamId: 10_000,
      clientId: client.clientId,
      role: Role.CONSUMER,
      reason: LeaseRevokeReason.REVOKED,
      errorMessage: "",
    });
    tell(revoked.slice().fill(9, 8 + 24, 8 + 25));
    tell(revoked.slice().fill(9, 8 + 25, 8 + 26));
    expect(client.state).toBe("attached");
    expect(client.adapter.counters.malformed).toBe(2);
    tell(revoked);
    expect(client.state).toBe("backoff");
  });
});
