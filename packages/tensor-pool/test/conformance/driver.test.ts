import { describe, expect, test } from "@jest/globals";
import { driver as messages } from "@proj/tensor-pool";
import { DriverWorld } from "../support/driver-world.js";
import { MemoryRegions } from "../support/memory-regions.js";

const { ResponseCode, Role, PublishMode, HugepagesPolicy, LeaseRevokeReason, ShutdownReason } =
  messages;

function request(changed: Partial<messages.ShmAttachRequest> = {}): Uint8Array {
  return messages.encodeShmAttachRequest({
    correlationId: 77n,
    streamId: 10_000,
    clientId: 5,
    role: Role.PRODUCER,
    expectedLayoutVersion: 0,
    requireHugepages: HugepagesPolicy.UNSPECIFIED,
    ...changed,
  });
}

function answer(world: DriverWorld, bytes: Uint8Array): Record<string, unknown> {
  world.take();
  world.tell(bytes);
  const found = world.take().find(({ name }) => name === "attached");
  if (found === undefined) throw new Error("no answer");
  return found.value;
}

describe("§26.8, §14.1: attach", () => {
  test("an OK answer has everything but what may be missing; the announce follows", () => {
    const world = new DriverWorld();
    world.tell(request());
    const [attached, announce] = world.take();
    expect(attached).toMatchObject({
      name: "attached",
      value: {
        correlationId: 77n,
        code: ResponseCode.OK,
        streamId: 10_000,
        layoutVersion: 1,
        headerNslots: 8,
        headerSlotBytes: 256,
        leaseExpiryTimestampNs: world.nowNs + 3_000_000_000n,
        nodeId: 0,
        errorMessage: "",
      },
    });
    expect(attached?.value["payloadPools"]).toHaveLength(2);
    expect(announce).toMatchObject({
      name: "announce",
      value: { streamId: 10_000, producerId: 5, epoch: attached?.value["epoch"] },
    });
  });

  test.each([
    ["a role that does not exist", (bytes: Uint8Array) => bytes.fill(9, 24, 25), 2],
    ["a publish mode that does not exist", (bytes: Uint8Array) => bytes.fill(7, 29, 30), 1],
    ["a huge-page policy that does not exist", (bytes: Uint8Array) => bytes.fill(7, 30, 31), 2],
    ["client id 0", (bytes: Uint8Array) => bytes.fill(0, 20, 24), 2],
    ["a newer version", (bytes: Uint8Array) => bytes.fill(2, 6, 7), 1],
  ])("%s is refused", (_, spoil, code) => {
    const world = new DriverWorld();
    const refused = answer(world, spoil(request()));
    expect(refused).toMatchObject({ correlationId: 77n, code });
    expect(refused["leaseId"]).toBeUndefined();
    expect(refused["epoch"]).toBeUndefined();
    expect(refused["payloadPools"]).toEqual([]);
    expect(refused["headerRegionUri"]).toBe("");
    expect(world.driver.leases()).toEqual([]);
  });

  test("the same request again gets the same answer, another one of the same client does not", () => {
    const world = new DriverWorld();
    const first = answer(world, request());
    expect(answer(world, request())).toEqual(first);
    expect(answer(world, request({ correlationId: 78n }))).toMatchObject({
      code: ResponseCode.REJECTED,
      errorMessage: "client_id already attached",
    });
    expect(world.driver.leases()).toHaveLength(1);
  });

  test("a stream that is not there: rejected, or made within the range", () => {
    const world = new DriverWorld();
    const mode = { role: Role.CONSUMER, publishMode: PublishMode.EXISTING_OR_CREATE } as const;
    const ask = (changed: Partial<messages.ShmAttachRequest>): Record<string, unknown> =>
      answer(world, request(changed));
    expect(ask({ streamId: 20_000, publishMode: PublishMode.REQUIRE_EXISTING })["code"]).toBe(3);
    expect(ask({ streamId: 20_000, role: Role.CONSUMER })["code"]).toBe(3);
    expect(ask({ streamId: 19_999, ...mode })["code"]).toBe(3);
    expect(ask({ streamId: 0, ...mode })).toMatchObject({ code: 0, streamId: 20_000 });
    expect(ask({ streamId: 0xffff_ffff, clientId: 6, ...mode })).toMatchObject({
      code: 0,
      streamId: 20_001,
    });
    expect(ask({ streamId: 0, clientId: 7, ...mode })["code"]).toBe(3);
    expect(ask({ streamId: 20_001, clientId: 8, ...mode })["code"]).toBe(0);
  });

  test("without a range clients cannot have streams made", () => {
    const world = new DriverWorld({ dynamicRange: undefined });
    expect(answer(world, request({ streamId: 20_000 }))["code"]).toBe(ResponseCode.INVALID_PARAMS);
  });

  test("layout version, huge pages, a second producer and a node id that is taken are rejected", () => {
    const world = new DriverWorld();
    const ask = (changed: Partial<messages.ShmAttachRequest>): unknown =>
      answer(world, request(changed))["code"];
    expect(ask({ expectedLayoutVersion: 2 })).toBe(3);
    expect(ask({ requireHugepages: HugepagesPolicy.HUGEPAGES })).toBe(3);
    expect(ask({ expectedLayoutVersion: 1, desiredNodeId: 9 })).toBe(0);
    expect(ask({ clientId: 6 })).toBe(3);
    expect(ask({ clientId: 6, role: Role.CONSUMER, desiredNodeId: 9 })).toBe(3);
    expect(ask({ clientId: 6, role: Role.CONSUMER, desiredNodeId: 1_024 })).toBe(3);
    expect(ask({ clientId: 6, role: Role.CONSUMER, desiredNodeId: 10 })).toBe(0);
    expect(world.driver.counters.rejects).toEqual({ 1: 0, 2: 0, 3: 5, 4: 0 });
  });

  test("a node id rests for a second after it was given back", () => {
    const world = new DriverWorld();
    const { client } = world.client({ role: Role.PRODUCER, desiredNodeId: 9 });
    client.attach(world.nowNs);
    world.settle();
    client.detach(world.nowNs);
    world.settle();
    expect(answer(world, request({ desiredNodeId: 9 }))["code"]).toBe(3);
    world.pass(1_000);
    expect(answer(world, request({ desiredNodeId: 9 }))["code"]).toBe(0);
  });

  test("a profile without pools is an invalid parameter", () => {
    const world = new DriverWorld({ streams: new Map([[10_000, { nslots: 4, pools: [] }]]) });
    expect(answer(world, request())["code"]).toBe(ResponseCode.INVALID_PARAMS);
  });

  test("when space runs out old epochs go, and only then it is an internal error", () => {
    const regions = new MemoryRegions();
    regions.room = 4;
    for (const epoch of [1n, 2n, 3n, 4n]) {
      const old = { streamId: 10_000, epoch, activityNs: 0n, madeByAnother: false, released: true };
      regions.epochs.push(old);
    }
    const world = new DriverWorld({}, regions);
    expect(answer(world, request())["code"]).toBe(ResponseCode.OK);
    expect(regions.removed).toEqual([2n, 1n]);
    regions.room = 0;
    expect(answer(world, request({ clientId: 6, streamId: 20_000 }))["code"]).toBe(
      ResponseCode.INTERNAL_ERROR,
    );
    expect(world.driver.streams().map(({ streamId }) => streamId)).toEqual([10_000]);
  });
});

describe("§26.8, §14.2: leases", () => {
  test("a keepalive counts only when all four fields match; silence expires after 3 s, told once", () => {
    const world = new DriverWorld();
    const { leaseId } = answer(world, request()) as { leaseId: bigint };
    const alive = { leaseId, streamId: 10_000, clientId: 5, role: Role.PRODUCER } as const;
    const tell = (changed: Partial<messages.ShmLeaseKeepalive>): void => {
      world.tell(messages.encodeShmLeaseKeepalive({ ...alive, clientTimestampNs: 0n, ...changed }));
    };
    world.pass(2_000);
    tell({});
    world.pass(2_900);
    expect(world.driver.leases()).toHaveLength(1);
    for (const wrong of [
      { leaseId: leaseId + 1n },
      { streamId: 20_000 },
      { clientId: 6 },
      { role: Role.CONSUMER },
    ]) {
      tell(wrong);
    }
    expect(world.driver.counters.keepalivesIgnored).toBe(4);
    world.take();
    world.pass(100);
    expect(world.driver.leases()).toEqual([]);
    world.pass(3_000);
    const revoked = world.take().filter(({ name }) => name === "revoked");
    expect(revoked).toHaveLength(1);
    expect(revoked[0]?.value).toMatchObject({ leaseId, reason: LeaseRevokeReason.EXPIRED });
  });

  test("a producer that leaves: revoked, then answered, then a new epoch without producer", () => {
    const world = new DriverWorld();
    const granted = answer(world, request()) as { leaseId: bigint; epoch: bigint };
    const { leaseId } = granted;
    const detach = { correlationId: 78n, leaseId, streamId: 10_000, clientId: 5 };
    world.tell(messages.encodeShmDetachRequest({ ...detach, role: Role.CONSUMER }));
    expect(world.take()).toMatchObject([{ name: "detached", value: { code: 3 } }]);
    world.tell(messages.encodeShmDetachRequest({ ...detach, role: Role.PRODUCER }));
    const [revoked, detached, announce] = world.take();
    expect(revoked).toMatchObject({
      name: "revoked",
      value: { leaseId, reason: LeaseRevokeReason.DETACHED },
    });
    expect(detached).toMatchObject({ name: "detached", value: { correlationId: 78n, code: 0 } });
    expect(announce).toMatchObject({ name: "announce", value: { producerId: 0 } });
    expect(announce?.value["epoch"]).toBeGreaterThan(granted.epoch);
    world.tell(messages.encodeShmDetachRequest({ ...detach, role: Role.PRODUCER }));
    expect(world.take()).toMatchObject([{ name: "detached", value: { code: 3 } }]);
  });

  test("a consumer's end is told too, and begins no epoch", () => {
    const world = new DriverWorld();
    const { leaseId, epoch } = answer(world, request({ role: Role.CONSUMER })) as {
      leaseId: bigint;
      epoch: bigint;
    };
    expect(world.driver.revoke(world.nowNs, leaseId, "go")).toBe(true);
    world.settle();
    expect(world.take()).toMatchObject([
      {
        name: "revoked",
        value: { leaseId, reason: LeaseRevokeReason.REVOKED, errorMessage: "go" },
      },
    ]);
    expect(world.driver.streams()[0]?.epoch).toBe(epoch);
    expect(world.driver.revoke(world.nowNs, leaseId, "go")).toBe(false);
  });

  test("a lease's number is never used again, and epochs only rise", () => {
    const world = new DriverWorld();
    const leases = new Set<unknown>();
    let last = 0n;
    for (let clientId = 1; clientId <= 20; clientId++) {
      const granted = answer(world, request({ clientId })) as { leaseId: bigint; epoch: bigint };
      leases.add(granted.leaseId);
      expect(granted.epoch).toBeGreaterThan(last);
      last = granted.epoch;
      world.driver.revoke(world.nowNs, granted.leaseId, "");
      world.settle();
    }
    expect(leases.size).toBe(20);
  });
});

describe("§26.8, §14.4: announces, shutdown, epochs", () => {
  test("streams are announced each second, and their superblocks are touched", () => {
    const world = new DriverWorld();
    world.tell(request({ role: Role.CONSUMER }));
    world.take();
    world.pass(2_000);
    const announces = world.take().filter(({ name }) => name === "announce");
    expect(announces.length).toBeGreaterThanOrEqual(2);
    expect(announces[0]?.value).toMatchObject({ producerId: 0 });
    expect(world.regions.epochs[0]?.activityNs).toBeGreaterThanOrEqual(
      world.nowNs - 1_000_000_000n,
    );
  });

  test("a driver begins above what lies there", () => {
    const regions = new MemoryRegions();
    const epoch = 2n ** 60n;
    const old = { streamId: 10_000, epoch, activityNs: 0n, madeByAnother: false, released: true };
    regions.epochs.push(old);
    const world = new DriverWorld({}, regions);
    expect(answer(world, request())["epoch"]).toBe(epoch + 1n);
  });

  test("the token stops it: attaches are refused, and after 2 s everybody is told", () => {
    const world = new DriverWorld({ shutdownToken: "secret" });
    world.tell(request());
    const stop = { correlationId: 1n, reason: ShutdownReason.ADMIN, errorMessage: "" };
    for (const token of ["", "secre", "secret!", "Secret"]) {
      world.tell(messages.encodeShmDriverShutdownRequest({ ...stop, token }));
    }
    expect(world.driver.state).toBe("running");
    world.tell(messages.encodeShmDriverShutdownRequest({ ...stop, token: "secret" }));
    expect(world.driver.state).toBe("draining");
    expect(answer(world, request({ clientId: 6, role: Role.CONSUMER }))["code"]).toBe(3);
    world.pass(1_900);
    expect(world.driver.state).toBe("draining");
    world.pass(100);
    expect(world.take().at(-1)).toMatchObject({
      name: "shutdown",
      value: { reason: ShutdownReason.ADMIN },
    });
    expect(world.driver.state).toBe("stopped");
    expect(world.driver.nextDeadlineNs()).toBeUndefined();
    world.tell(request({ clientId: 9 }));
    expect(world.take()).toEqual([]);
  });

  test("without a token no message stops it", () => {
    const world = new DriverWorld();
    const stop = { correlationId: 1n, reason: ShutdownReason.ADMIN, errorMessage: "" };
    world.tell(messages.encodeShmDriverShutdownRequest({ ...stop, token: "" }));
    expect(world.driver.state).toBe("running");
    expect(world.driver.counters.shutdownsIgnored).toBe(1);
  });

  test("old epochs go, but not the newest two, those of a lease, of others that live, or young ones", () => {
    const world = new DriverWorld();
    const reader = world.client({ role: Role.CONSUMER });
    reader.client.attach(world.nowNs);
    world.settle();
    const held = reader.client.lease?.layout.epoch;
    const another = {
      streamId: 10_000,
      epoch: 3n,
      activityNs: 0n,
      madeByAnother: true,
      released: false,
    };
    const rebooted = { ...another, epoch: 4n, activityNs: 2n ** 62n, madeByAnother: false };
    world.regions.epochs.push(another, rebooted);
    for (let clientId = 100; clientId < 106; clientId++) {
      const { leaseId } = answer(world, request({ clientId })) as { leaseId: bigint };
      world.driver.revoke(world.nowNs, leaseId, "");
      world.settle();
    }
    const newest = world.driver.streams()[0]?.epoch ?? 0n;
    world.pass(10_000);
    const left = world.regions.epochs.map(({ epoch }) => epoch);
    expect(left).toEqual([held, 3n, newest - 1n, newest]);
    expect(world.driver.counters.gcDeleted).toBe(world.regions.removed.length);
  });

  test("at the end its files go, where that was asked for", () => {
    const world = new DriverWorld({ cleanupOnExit: true });
    world.tell(request());
    world.driver.shutdown(world.nowNs);
    world.pass(2_000);
    expect(world.regions.epochs).toEqual([]);
  });
});
