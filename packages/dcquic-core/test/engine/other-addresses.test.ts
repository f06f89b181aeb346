import { describe, expect, test } from "@jest/globals";
import { DatagramBatch, nullCrypto, type PathId } from "@proj/dcquic-core";
import { World, type WorldOptions } from "@proj/dcquic-core/sim";
import { probeFrame } from "../support/frames.js";
import { RawPeer } from "../support/raw-peer.js";

const SECOND = 1_000_000;
const RETRY_US = 200_000;
const [HOME, OTHER, STRANGE] = [1, 5, 9];

/** Has a packet of the peer arrive from an address. */
function from(peer: RawPeer, address: number): void {
  const batch = new DatagramBatch(1, 2000);
  batch.add(peer.seal(probeFrame()), address, 0);
  peer.engine.receive(peer.nowUs, batch);
  peer.gather();
}

/** Where the engine answers now. */
function answeredAt(peer: RawPeer): readonly number[] {
  const batch = new DatagramBatch(64, 128 * 1024);
  peer.engine.transmit(peer.nowUs, batch);
  return Array.from({ length: batch.count }, (_, i) => batch.address(i));
}

describe("§18: a peer that is heard elsewhere", () => {
  test("is told of once a second, and answered there once its address is known", () => {
    const peer = new RawPeer();
    for (let i = 0; i < 3; i++) from(peer, OTHER);
    expect(peer.of("peerHeardElsewhere")).toEqual([
      { kind: "peerHeardElsewhere", path: peer.path },
    ]);
    expect(answeredAt(peer)).toEqual([HOME]);
    peer.engine.addAddress(peer.path, OTHER, "other");
    peer.transmit(1000);
    from(peer, OTHER);
    expect(answeredAt(peer)).toEqual([OTHER]);
    peer.transmit(SECOND);
    from(peer, STRANGE);
    expect(peer.of("peerHeardElsewhere")).toHaveLength(2);
    expect(answeredAt(peer)).toEqual([OTHER]);
    // Its home sends by itself again.
    peer.transmit(1000);
    from(peer, HOME);
    expect(answeredAt(peer)).toEqual([HOME]);
  });

  test("is tried at the next address though it is not silent, where it answers no probe for so long", () => {
    const peer = new RawPeer();
    peer.engine.addAddress(peer.path, OTHER, "other");
    const next = (): boolean => peer.engine.nextAddress(peer.nowUs, peer.path, RETRY_US);
    expect(next()).toBe(false);
    peer.engine.doubt(peer.nowUs, peer.path);
    // In small steps: time in which an engine does not run is not held against a peer.
    const hearFor = (us: number): void => {
      for (const endUs = peer.nowUs + us; peer.nowUs < endUs; from(peer, HOME)) {
        for (let step = 0; step < 25; step++) peer.transmit(1000);
      }
    };
    hearFor(200_000);
    expect(next()).toBe(false);
    hearFor(200_000);
    expect(next()).toBe(true);
    expect(answeredAt(peer)).toContain(OTHER);
    expect(next()).toBe(false);
    hearFor(400_000);
    expect(next()).toBe(true);
  });
});

describe("§14: a peer that is doubted", () => {
  /** The states that host 0 passes through from the moment of its doubt. */
  function doubted(options: Omit<WorldOptions, "seed" | "hosts" | "crypto">, atUs: number) {
    const states: string[] = [];
    const world: World = new World({
      seed: 5,
      hosts: 2,
      crypto: nullCrypto,
      ...options,
      onEvent: ({ index }, event) => {
        const host = world.host(index);
        if (event.kind === "transferOffered") host.engine.accept(host.nowUs, event.transfer);
        if (event.kind === "transferDelivered") host.engine.consume(event.transfer);
        if (index === 0 && event.kind === "peerStateChanged") states.push(event.state);
      },
    });
    const path: PathId = world.connect(0, 1);
    const host = world.host(0);
    const doubt = (): void => {
      host.engine.doubt(host.nowUs, path);
      host.pump();
    };
    const send = (bytes: number): void => {
      const payload = new Uint8Array(bytes);
      const message = { shape: 0x30, priority: 3, messageSeq: 0, payload };
      expect(host.engine.announce(host.nowUs, path, message).kind).toBe("announced");
      host.pump();
    };
    return {
      states,
      send,
      after: (us: number) => {
        world.run(atUs);
        doubt();
        world.run(atUs + us);
        return host.engine.stats;
      },
    };
  }

  test("is probed however much else is sent, and trusted again by its answers", () => {
    const { states, send, after } = doubted({ network: { bytesPerSecond: 1.25e7 } }, 100_000);
    send(10_000_000);
    const { outstandingBytes, entries } = after(SECOND / 2);
    // It is busy all the time.
    expect([outstandingBytes, entries]).toEqual([0, 1]);
    expect(states.slice(0, 2)).toEqual(["probing", "degraded"]);
  });

  test("is trusted again though its answers come after the next probes", () => {
    const { states, after } = doubted({ network: { delayUs: 200_000 } }, 1000);
    after(3 * SECOND);
    expect(states).toEqual(["probing", "degraded"]);
  });
});
