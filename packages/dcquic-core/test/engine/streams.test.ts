import { describe, expect, test } from "@jest/globals";
import {
  CloseScope,
  DependencyKind,
  type EngineEvent,
  type Id64,
  id64,
  nullCrypto,
  type PathId,
  Status,
} from "@proj/dcquic-core";
import { type Faults, World } from "@proj/dcquic-core/sim";
import { drawDataKey } from "#src/crypto/data-keys.js";
import { sealRecords, wireBytesOf } from "#src/crypto/records.js";
import { SeededRandom } from "@proj/wire-types";

const SECOND = 1_000_000;

type Told = EngineEvent & { readonly host: number };

/** Hosts whose applications accept and consume everything, and what they were told. */
function worldOf(hosts: number, faults: Faults = {}): { world: World; told: Told[] } {
  const told: Told[] = [];
  const world = new World({
    seed: 3,
    hosts,
    crypto: nullCrypto,
    faults,
    onEvent: (host, event) => {
      told.push({ ...event, host: host.index });
      if (event.kind === "transferOffered") host.engine.accept(host.nowUs, event.transfer);
      if (event.kind === "transferDelivered") host.engine.consume(event.transfer);
    },
  });
  return { world, told };
}

function kinds<K extends EngineEvent["kind"]>(told: readonly Told[], kind: K) {
  return told.filter(
    (event): event is EngineEvent & { kind: K; host: number } => event.kind === kind,
  );
}

describe("§3 row 14, stream lifecycle, §15: closing a stream", () => {
  const streamId = id64(0x01000001, 7);
  const abort = { streamId, scope: CloseScope.Both, status: Status.Cancelled, finalCount: 0 };

  test("a close is told once and acknowledged, however much is lost", () => {
    const { world, told } = worldOf(2, { loss: 0.4, duplicate: 0.3 });
    const path = world.connect(0, 1);
    const closing = { ...abort, opener: true, reason: "enough", finalCount: 3 };
    world.host(0).engine.close(0, path, closing);
    world.host(0).pump();
    world.run(10 * SECOND);
    expect(kinds(told, "streamClosed")).toMatchObject([
      { host: 1, opener: false, status: 1, finalCount: 3, reason: "enough", streamId },
    ]);
    expect(kinds(told, "streamCloseAcknowledged")).toMatchObject([{ host: 0 }]);
    expect(world.hosts.map(({ engine }) => engine.stats.closes)).toEqual([0, 0]);
  });

  test("a reason that is too long is cut where a character ends, and told", () => {
    for (const [reason, length] of [
      ["ä".repeat(200), 128],
      [`x${"ä".repeat(200)}`, 128],
      ["😀".repeat(65), 128],
      ["y".repeat(300), 256],
    ] as const) {
      const { world, told } = worldOf(2);
      const path = world.connect(0, 1);
      world.host(0).engine.close(0, path, { ...abort, opener: true, reason });
      world.host(0).pump();
      world.run(SECOND);
      expect(kinds(told, "streamClosed")).toMatchObject([{ reason: reason.slice(0, length) }]);
    }
  });

  test("a close on a path that failed, or is forgotten, is said to nobody, and not kept", () => {
    const { world, told } = worldOf(2);
    const path = world.connect(0, 1);
    const host = world.host(0);
    host.engine.failPath(path, Status.GoingAway);
    host.engine.close(0, path, { ...abort, opener: true });
    host.pump();
    expect(host.engine.stats).toMatchObject({ closes: 0, timers: 0 });
    host.engine.removePath(path);
    host.engine.close(0, path, { ...abort, opener: true });
    world.run(10 * SECOND);
    expect(kinds(told, "streamClosed")).toEqual([]);
  });

  test("§23: closes that cross are both acknowledged", () => {
    const { world, told } = worldOf(2);
    const path = world.connect(0, 1);
    const back = world.host(1).paths.get(0) ?? path;
    world.host(0).engine.close(0, path, { ...abort, opener: true });
    world.host(1).engine.close(0, back, { ...abort, opener: false });
    world.host(0).pump();
    world.host(1).pump();
    world.run(SECOND);
    expect(
      kinds(told, "streamClosed")
        .map(({ host }) => host)
        .toSorted((a, b) => a - b),
    ).toEqual([0, 1]);
    expect(kinds(told, "streamCloseAcknowledged")).toHaveLength(2);
  });

  test("an abort after an orderly end is told as well, and replaces it", () => {
    const { world, told } = worldOf(2);
    const path = world.connect(0, 1);
    const { engine } = world.host(0);
    engine.close(0, path, {
      ...abort,
      opener: true,
      scope: CloseScope.SendDone,
      status: Status.Ok,
    });
    world.host(0).pump();
    engine.close(0, path, { ...abort, opener: true });
    world.host(0).pump();
    world.run(SECOND);
    expect(kinds(told, "streamClosed").map(({ status }) => status)).toEqual([0, 1]);
    expect(engine.stats.closes).toBe(0);
  });
});

describe("§3 row 6, causality map, §5: causality across the wire", () => {
  function announce(
    world: World,
    path: PathId,
    payload: Uint8Array,
    after: readonly { token: Id64; kind: number }[] = [],
    messageSeq = 0,
  ): { transfer: Id64; token: Id64 } {
    const host = world.host(0);
    const message = { shape: 0x30, priority: 3, messageSeq, payload, after, track: true };
    const result = host.engine.announce(host.nowUs, path, message);
    if (result.kind !== "announced" || result.token === undefined) throw new Error(result.kind);
    return { transfer: result.transfer, token: result.token };
  }

  test("D-2: a pipeline to one peer costs no round trip and is offered in order", () => {
    const { world, told } = worldOf(2, { reorder: { probability: 0.5, delayUs: 300 } });
    const path = world.connect(0, 1);
    let before = announce(world, path, new Uint8Array(10));
    for (let i = 1; i < 20; i++) {
      const after = [{ token: before.token, kind: DependencyKind.RequestCascade }];
      before = announce(world, path, new Uint8Array(300), after, i);
    }
    world.host(0).pump();
    world.run(80);
    expect(kinds(told, "transferOffered").length).toBeGreaterThan(1);
    world.run(2 * SECOND);
    const offered = kinds(told, "transferOffered").map(({ messageSeq }) => messageSeq);
    expect(offered).toEqual([...Array(20).keys()]);
    expect(kinds(told, "transferDrained")).toHaveLength(20);
  });

  test("to another peer the dependent waits until the first is accepted", () => {
    const { world, told } = worldOf(3);
    const first = announce(world, world.connect(0, 1), new Uint8Array(5000));
    const after = [{ token: first.token, kind: DependencyKind.Request }];
    announce(world, world.connect(0, 2), new Uint8Array(10), after);
    world.host(0).pump();
    world.run(SECOND);
    const accepted = told.findIndex(({ kind }) => kind === "transferAccepted");
    const offered = told.findIndex(({ kind, host }) => kind === "transferOffered" && host === 2);
    expect(offered).toBeGreaterThan(accepted);
  });

  test("a cancelled transfer takes its dependents along, each told once with the root cause", () => {
    const { world, told } = worldOf(2);
    const path = world.connect(0, 1);
    const root = announce(world, path, new Uint8Array(50_000));
    let before = root;
    for (let i = 0; i < 10; i++) {
      const after = [{ token: before.token, kind: DependencyKind.ResponseCascade }];
      before = announce(world, path, new Uint8Array(10), after);
    }
    world.host(0).engine.cancel(root.transfer);
    world.host(0).pump();
    world.run(SECOND);
    const failed = kinds(told, "transferFailed").filter(({ side }) => side === "announcer");
    expect(failed.map(({ status }) => status)).toEqual([1, ...Array<number>(10).fill(5)]);
    expect(failed.slice(1).every(({ rootCause }) => rootCause?.lo === root.token.lo)).toBe(true);
  });

  test("D-2: an announcement that is taken back frees those who wait for it at the receiver", () => {
    const { world, told } = worldOf(2, {
      partitions: [{ from: 0, to: 1, fromUs: 0, untilUs: 5000 }],
    });
    const path = world.connect(0, 1);
    const given = announce(world, path, new Uint8Array(50_000));
    const after = [{ token: given.token, kind: DependencyKind.Request }];
    announce(world, path, new Uint8Array(50_000), after);
    world.host(0).pump();
    world.run(1000);
    world.host(0).engine.cancel(given.transfer);
    world.host(0).pump();
    world.run(2 * SECOND);
    expect(kinds(told, "transferDelivered")).toHaveLength(1);
    expect(world.hosts.map(({ engine }) => engine.stats.tracked)).toEqual([0, 0]);
  });
});

test("§3 row 11, buffers, §8.5: one buffer goes to many peers, and returns when the last is done or failed", () => {
  const hosts = 9;
  const { world, told } = worldOf(hosts, { loss: 0.02 });
  const host = world.host(0);
  const { key, messageNumber } = drawDataKey(new SeededRandom(1));
  const plain = new SeededRandom(2).fill(new Uint8Array(100_000));
  const layout = { recordLog2: 14, totalBytes: plain.length, messageNumber };
  const wire = new Uint8Array(wireBytesOf(layout));
  const binding = sealRecords(nullCrypto, nullCrypto.aead(key), layout, plain, wire);
  const buffer = host.buffers.allocate(wire.length, 0);
  if (buffer === undefined) throw new Error("no room");
  host.buffers.write(buffer, 0, wire);
  host.buffers.fill(buffer, { ...layout, protection: 1, binding, dataKey: key });
  for (let peer = 1; peer < hosts; peer++) {
    const path = world.connect(0, peer);
    const message = { shape: 0x30, priority: 3, messageSeq: 0, payload: buffer };
    host.engine.announce(host.nowUs, path, message);
  }
  expect(buffer.references).toBe(hosts);
  host.buffers.release(buffer);
  host.pump();
  world.run(200);
  host.at(world.nowUs).engine.failPath(host.paths.get(3) ?? world.connect(0, 3), Status.PeerFailed);
  host.pump();
  world.run(5 * SECOND);
  const delivered = kinds(told, "transferDelivered");
  expect(delivered.length).toBeGreaterThanOrEqual(hosts - 2);
  expect(delivered.every(({ bytes }) => bytes.length === plain.length)).toBe(true);
  expect([host.buffers.references, host.buffers.usedBytes]).toEqual([0, 0]);
});
