import { describe, expect, test } from "@jest/globals";
import {
  type EngineEvent,
  type Id64,
  id64,
  nullCrypto,
  resolveConfig,
  Status,
} from "@proj/dcquic-core";
import { World } from "@proj/dcquic-core/sim";
import { drawDataKey } from "#src/crypto/data-keys.js";
import { sealRecords, wireBytesOf } from "#src/crypto/records.js";
import { SeededRandom } from "@proj/wire-types";
import { FrameType } from "#src/wire/constants.js";
import { encodePullRequest, pullRequest } from "#src/wire/transfer-frames.js";
import { RawPeer } from "../support/raw-peer.js";

type Told = EngineEvent & { readonly host: number };

function worldOf(answer: (event: Told, world: World) => void): { world: World; told: Told[] } {
  const told: Told[] = [];
  const world: World = new World({
    seed: 5,
    hosts: 2,
    crypto: nullCrypto,
    onEvent: (host, event) => {
      told.push({ ...event, host: host.index });
      answer({ ...event, host: host.index }, world);
    },
  });
  return { world, told };
}

function announce(world: World, payload: Uint8Array): Id64 {
  const path = world.connect(0, 1);
  const host = world.host(0);
  const message = { shape: 0x30, priority: 3, messageSeq: 0, payload };
  const result = host.engine.announce(host.nowUs, path, message);
  if (result.kind !== "announced") throw new Error(result.kind);
  host.pump();
  return result.transfer;
}

const SECOND = 1_000_000;

describe("§3 row 10, transfer state, §6: the states of a transfer", () => {
  test("accepted, drained, delivered, and a tombstone until CLOSED", () => {
    const { world, told } = worldOf((event, { hosts }) => {
      const host = hosts[event.host];
      if (event.kind === "transferOffered") host?.engine.accept(host.nowUs, event.transfer);
      if (event.kind === "transferDelivered") host?.engine.consume(event.transfer);
    });
    announce(world, new Uint8Array(10_000));
    world.run(SECOND);
    expect(told.map(({ kind, host }) => `${host} ${kind}`)).toEqual([
      "1 transferOffered",
      "0 transferAccepted",
      "1 transferDelivered",
      "0 transferDrained",
    ]);
    expect(world.hosts.map(({ engine }) => engine.stats.entries)).toEqual([0, 0]);
  });

  test("nothing is pulled before the application accepts, however long that takes", () => {
    const { world, told } = worldOf(() => {});
    announce(world, new Uint8Array(10_000));
    world.run(30 * SECOND);
    expect(told.map(({ kind }) => kind)).toEqual(["transferOffered", "transferAccepted"]);
    const offer = told[0];
    if (offer?.kind !== "transferOffered") throw new Error("nothing was offered");
    const host = world.host(1);
    host.engine.accept(host.nowUs, offer.transfer);
    host.pump();
    world.run(31 * SECOND);
    expect(told.map(({ kind }) => kind)).toContain("transferDelivered");
  });

  test("a path that is removed fails what runs on it, and is there no more", () => {
    const { world, told } = worldOf(() => {});
    announce(world, new Uint8Array(10_000));
    world.run(500);
    const path = world.connect(0, 1);
    const { engine } = world.host(0);
    expect(engine.peerState(path)).toBe("healthy");
    engine.removePath(path);
    world.host(0).pump();
    expect(told).toContainEqual(expect.objectContaining({ kind: "transferFailed", status: 12 }));
    expect(() => engine.peerState(path)).toThrow(RangeError);
    expect(engine.stats).toMatchObject({ entries: 0, timers: 0 });
  });

  test("a rejected transfer fails at its announcer", () => {
    const { world, told } = worldOf((event, { hosts }) => {
      if (event.kind === "transferOffered") hosts[event.host]?.engine.reject(event.transfer);
    });
    announce(world, new Uint8Array(10_000));
    world.run(SECOND);
    expect(told.at(-1)).toMatchObject({ kind: "transferFailed", host: 0, side: "announcer" });
  });

  test("§13.3: a silent peer fails all its transfers at the same instant", () => {
    const told: { atUs: number; status: number }[] = [];
    const world: World = new World({
      seed: 5,
      hosts: 2,
      crypto: nullCrypto,
      faults: { partitions: [{ from: 1, to: 0, fromUs: 0, untilUs: 100 * SECOND }] },
      onEvent: (host, event) => {
        if (event.kind !== "transferFailed" || host.index !== 0) return;
        told.push({ atUs: world.nowUs, status: event.status });
      },
    });
    for (let i = 0; i < 5; i++) announce(world, new Uint8Array(2000));
    world.run(60 * SECOND);
    expect(told).toHaveLength(5);
    expect(new Set(told.map(({ atUs }) => atUs)).size).toBe(1);
    expect([Status.PeerTimeout, Status.PeerFailed]).toContain(told[0]?.status);
    expect(told[0]?.atUs).toBeLessThan(15 * SECOND);
  });
});

test("§8.2: bytes that were never bound together are pulled three times, then refused by both", () => {
  const { world, told } = worldOf((event, { hosts }) => {
    const host = hosts[event.host];
    if (event.kind === "transferOffered") host?.engine.accept(host.nowUs, event.transfer);
  });
  const path = world.connect(0, 1);
  const host = world.host(0);
  const { key, messageNumber } = drawDataKey(new SeededRandom(1));
  const layout = { recordLog2: 14, totalBytes: 20_000, messageNumber };
  const wire = new Uint8Array(wireBytesOf(layout));
  const plain = new Uint8Array(layout.totalBytes);
  const binding = sealRecords(nullCrypto, nullCrypto.aead(key), layout, plain, wire);
  const buffer = host.buffers.allocate(wire.length, 0);
  if (buffer === undefined) throw new Error("no room");
  host.buffers.write(buffer, 0, wire.fill(7, 100, 200));
  host.buffers.fill(buffer, { ...layout, protection: 1, binding, dataKey: key });
  const message = { shape: 0x30, priority: 3, messageSeq: 0, payload: buffer };
  host.engine.announce(host.nowUs, path, message);
  host.buffers.release(buffer);
  host.pump();
  world.run(SECOND);
  const failed = told.filter(({ kind }) => kind === "transferFailed");
  expect(failed.map((event) => "status" in event && event.status)).toEqual([10, 10]);
  expect(world.hosts.map(({ buffers }) => buffers.references)).toEqual([0, 0]);
});

test("§3 row 13, flow-control messages, §9.6: a pull that nobody can match is answered with FLOW_RESET, a thousand times a second at most", () => {
  const peer = new RawPeer();
  let resets = 0;
  for (let i = 0; i < 1100; i++) {
    peer.send((writer) => {
      const frame = pullRequest();
      frame.ranges.add(0, 1);
      writer.u8(FrameType.PullRequest);
      encodePullRequest(writer, { ...frame, announcerId: id64(9, 9), pullerId: id64(1, i) });
    });
    if (i % 100 !== 99) continue;
    const types = peer.read(peer.transmit()).map(({ type }) => type);
    resets += types.filter((type) => type === FrameType.FlowReset).length;
  }
  expect(resets).toBe(1000);
});

test("§3 row 20, limits, §20: a configuration that contradicts itself is refused with every reason", () => {
  const wrong = {
    worker: 254,
    mtuBytes: 1000,
    inlineMaxBytes: 1200,
    packetWindow: 128,
    notifyWindow: 100_000,
  };
  expect(() => resolveConfig(wrong)).toThrow(
    /worker: 254.*mtuBytes: 1000.*inlineMaxBytes: 1200.*packetWindow: 128.*notifyWindow: 100000/,
  );
});
