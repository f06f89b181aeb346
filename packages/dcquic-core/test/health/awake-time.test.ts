import { describe, expect, test } from "@jest/globals";
import { AwakeTime } from "#src/health/awake-time.js";
import { Shape } from "#src/wire/constants.js";
import { RawPeer } from "../support/raw-peer.js";

const SECOND = 1_000_000;

describe("§13.3, §14: patience is measured in the time in which the engine ran", () => {
  test("only what is late counts, from the deadline on", () => {
    const awake = new AwakeTime(0, 100);
    expect(awake.runs(50, () => 0)).toBe(0);
    expect(awake.runs(5000, () => 4950)).toBe(0);
    expect(awake.runs(10_000, () => Infinity)).toBe(0);
    expect(awake.runs(20_000, () => 12_000)).toBe(8000);
    // A deadline that passed before the engine ran last is not counted again.
    expect(awake.runs(21_000, () => 12_000)).toBe(1000);
    expect(awake.sleptUs).toBe(9000);
  });

  // The engine is called whenever something falls due.
  function silentFor(peer: RawPeer, us: number): void {
    const untilUs = peer.nowUs + us;
    while (peer.nowUs < untilUs) {
      peer.transmit(Math.max(1, Math.min(peer.engine.nextDeadline(), untilUs) - peer.nowUs));
    }
  }

  function asking(): RawPeer {
    const peer = new RawPeer({ timerGranularityUs: 2000 });
    peer.engine.announce(peer.nowUs, peer.path, {
      shape: Shape.OpenedByAnnouncer | Shape.Open | Shape.End,
      priority: 3,
      messageSeq: 0,
      payload: new Uint8Array(100),
    });
    peer.transmit();
    return peer;
  }

  const ends = (peer: RawPeer): unknown[] => [
    ...peer.of("pathFailed").map(({ status }) => status),
    ...peer.of("peerStateChanged").map(({ state }) => state),
  ];

  test("a host that slept for longer than peerTimeout gives its peers the time again", () => {
    const peer = asking();
    silentFor(peer, 2 * SECOND);
    expect(ends(peer)).toEqual(["probing"]);
    peer.transmit(60 * SECOND);
    peer.transmit(1000);
    expect(ends(peer)).toEqual(["probing"]);
    // Awake, and still nothing: the three seconds are over now.
    silentFor(peer, 3 * SECOND);
    expect(ends(peer)).toContain("failed");
  });

  test("one that is kept from running again and again does, too", () => {
    const peer = asking();
    for (let i = 0; i < 30; i++) peer.transmit(SECOND);
    expect(peer.of("pathFailed")).toEqual([]);
    const { counts } = peer.engine.loopGaps;
    expect(counts.reduce((sum, each) => sum + each, 0)).toBeGreaterThan(20);
  });

  test("a peer that answers nothing while the host is awake is still given up", () => {
    const peer = asking();
    silentFor(peer, 11 * SECOND);
    expect(peer.of("pathFailed").length).toBeGreaterThan(0);
  });
});
