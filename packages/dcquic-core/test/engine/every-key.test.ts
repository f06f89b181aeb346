import { describe, expect, test } from "@jest/globals";
import { type EngineConfig, type Id64, id64 } from "@proj/dcquic-core";
import { nodeCrypto } from "#src/io/node-crypto.js";
import { FrameType, NotifyFlag, Protection } from "#src/wire/constants.js";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { acceptFrame, notifyFrame, probeFrame, pullFrame } from "../support/frames.js";
import { RawPeer } from "../support/raw-peer.js";

const DATA = -1;
const GRAIN_US = 500;
// How late something is seen: the grain, and what a look at the engine takes.
const LATE_US = 3000;

/** What an engine announces, and how it was taken. */
function announces(peer: RawPeer, more: { bytes?: number; priority?: number; track?: boolean }) {
  const { bytes = 10, priority = 3, track = false } = more;
  const payload = new Uint8Array(bytes);
  const options = { shape: 0x30, priority, messageSeq: 0, payload, track };
  return peer.engine.announce(peer.nowUs, peer.path, options);
}

function announced(peer: RawPeer, bytes: number): Id64 {
  const result = announces(peer, { bytes });
  if (result.kind !== "announced") throw new Error(result.kind);
  return result.transfer;
}

/** Has the engine pull so many bytes from a peer. */
function offers(peer: RawPeer, bytes: number, notifySeq = 0): void {
  peer.send(notifyFrame({ notifySeq }, bytes));
  const { transfer } = peer.of("transferOffered").at(-1) ?? {};
  if (transfer === undefined) throw new Error("nothing was offered");
  peer.engine.accept(peer.nowUs, transfer);
}

/** Frames of a kind that the engine sends now, in order. */
function sends(peer: RawPeer, kind: number, afterUs = 0): Record<string, unknown>[] {
  const frames = peer.read(peer.transmit(afterUs));
  return frames.flatMap(({ type, frame }) => (type === kind ? [frame] : []));
}

/** When frames of a kind are sent from now on, in a time; µs. */
function momentsOf(peer: RawPeer, kind: number, untilUs: number): number[] {
  const beganUs = peer.nowUs;
  const moments: number[] = [];
  while (peer.nowUs < beganUs + untilUs) {
    for (const _ of sends(peer, kind, GRAIN_US)) moments.push(peer.nowUs - beganUs);
  }
  return moments;
}

/** When an announcement that nobody answers is sent, and again; µs. */
function repetitions(config: Partial<EngineConfig>, untilUs: number): number[] {
  const peer = new RawPeer(config);
  announced(peer, 10);
  return momentsOf(peer, FrameType.TransferNotify, untilUs);
}

/** What is asked for before anything comes, in a second. */
function outstanding(config: Partial<EngineConfig>): number {
  const peer = new RawPeer({ nicBytesPerSecond: 1e8, initialRttUs: 10_000, ...config });
  offers(peer, 50_000_000);
  for (let i = 0; i < 40; i++) peer.transmit(500);
  return peer.engine.stats.outstandingBytes;
}

/** The rate that is wished for in the first pull while so many transfers of so many peers are under way. */
function wished(config: Partial<EngineConfig>, peers = 1): unknown {
  const first = new RawPeer({ nicBytesPerSecond: 1e8, ...config });
  const others = Array.from({ length: peers - 1 }, (_, i) => first.beside(2 + i));
  for (const peer of [first, ...others]) offers(peer, 1_000_000);
  // What was asked of the others takes its time of the link.
  const pulls = Array.from({ length: 10 }, () => sends(first, FrameType.PullRequest, 500));
  return pulls.flat()[0]?.["rate"];
}

/** How many packets of DATA the engine has sent of a pulled message, a time after it was asked. */
function served(config: Partial<EngineConfig>, afterUs: number): number {
  const peer = new RawPeer(config);
  const transfer = announced(peer, 100_000);
  peer.transmit();
  peer.send(pullFrame(transfer, transfer, [[0, 60_000]]));
  peer.engine.tick(peer.nowUs);
  return sends(peer, DATA, afterUs).length;
}

/** How many announcements of priority 0 go before the first of priority 7, of 500 that wait. */
function urgentFirst(starvationReserve: number): number {
  const peer = new RawPeer({ starvationReserve });
  for (let i = 0; i < 500; i++) announces(peer, { priority: 0 });
  for (let i = 0; i < 20; i++) announces(peer, { priority: 7 });
  const order = sends(peer, FrameType.TransferNotify).map(({ priority }) => priority);
  return order.indexOf(7);
}

/** How often a cipher is made for the data keys of ten sealed messages, of which each second has the same. */
function ciphersMade(dataKeyCache: number): number {
  const keys = new Set(["1", "2"]);
  let made = 0;
  const counting = {
    ...nodeCrypto,
    aead: (key: Uint8Array) => {
      if (keys.has(String(key[0])) && key.every((byte) => byte === key[0])) made += 1;
      return nodeCrypto.aead(key);
    },
  };
  const peer = new RawPeer({ dataKeyCache }, {}, undefined, counting);
  for (let notifySeq = 0; notifySeq < 10; notifySeq++) {
    const entry = {
      notifySeq,
      protection: Protection.Record,
      recordLog2: 16,
      flags: NotifyFlag.DataKey,
      dataKey: new Uint8Array(32).fill(1 + (notifySeq % 2)),
      totalBytes: 2000,
      wireBytes: 2016,
    };
    peer.send(notifyFrame(entry, 2000));
    const offered = peer.of("transferOffered").at(-1)?.transfer ?? id64();
    peer.engine.accept(peer.nowUs, offered);
  }
  return made;
}

/** What is noted of a peer whose packet comes again after 2000 others. */
function lateReplay(packetWindow: number) {
  const peer = new RawPeer({ packetWindow });
  const first = peer.seal(probeFrame());
  peer.deliver(first);
  // One that never comes: below it nothing is known for certain once the window slid.
  peer.seal(probeFrame());
  for (let i = 0; i < 2000; i++) peer.send(probeFrame());
  peer.deliver(first);
  const { packetsBelowWindow, replayedPackets } = peer.engine.counters;
  return { packetsBelowWindow, replayedPackets };
}

/** What an engine believes of a peer that was heard just now and of which ICMP says that it is not reached. */
function believed(icmpPolicy: EngineConfig["icmpPolicy"]): unknown {
  const peer = new RawPeer({ icmpPolicy });
  announced(peer, 5000);
  peer.transmit();
  peer.send(probeFrame());
  peer.engine.icmp(peer.nowUs, peer.path, "unreachable");
  peer.gather();
  return peer.of("peerStateChanged").at(-1)?.state;
}

/** When a peer that took an announcement and says nothing more is asked whether it is there; µs. */
function askedAfter(probeIdleUs: number): number {
  const peer = new RawPeer({ probeIdleUs, initialRttUs: 1000 });
  const transfer = announced(peer, 5000);
  peer.transmit();
  peer.send(acceptFrame(transfer, 0));
  return momentsOf(peer, FrameType.Probe, 2_000_000)[0] ?? Number.POSITIVE_INFINITY;
}

/** When everything that a silent peer was told fails; µs. */
function givenUpAfter(peerTimeoutUs: number): number {
  const peer = new RawPeer({ peerTimeoutUs });
  announced(peer, 10);
  const beganUs = peer.nowUs;
  while (peer.of("transferFailed").length === 0 && peer.nowUs < 1e8) peer.transmit(10_000);
  return peer.nowUs - beganUs;
}

const tracked = (config: Partial<EngineConfig>): string[] => {
  const peer = new RawPeer(config);
  return Array.from({ length: 5 }, () => announces(peer, { track: true }).kind);
};

const rates = (config: Partial<EngineConfig>) => served(config, 20_000);

type Check = (() => void) | { readonly in: string };

// A check, or the test that has one.
const checks: Readonly<Record<keyof EngineConfig, Check>> = {
  worker: () => {
    const peer = new RawPeer({ worker: 5 });
    announced(peer, 10);
    // In the header of each packet.
    expect(peer.transmit().map((datagram) => datagram[3])).toEqual([5]);
  },
  mtuBytes: () => {
    const longest = (mtuBytes: number): number => {
      const peer = new RawPeer({ mtuBytes, mtuMaxBytes: mtuBytes });
      const transfer = announced(peer, 20_000);
      peer.transmit();
      peer.send(pullFrame(transfer, transfer, [[0, 20_000]]));
      return Math.max(...peer.transmit(5000).map(({ length }) => length));
    };
    expect([longest(1248), longest(1400)]).toEqual([1248, 1400]);
  },
  mtuMaxBytes: { in: "path/path-mtu" },
  nicBytesPerSecond: () => {
    // RawPeer looks fifty times, 10 µs apart: at a megabyte a second nothing more falls due meanwhile.
    expect(rates({ nicBytesPerSecond: 1e6 })).toBe(1);
    expect(rates({ nicBytesPerSecond: 1e9 })).toBeGreaterThan(8);
  },
  nicSlackUs: () => {
    const slack = { nicBytesPerSecond: 1e6, nicSlackUs: 5000 };
    expect(rates(slack)).toBe(Math.floor(5000 / 1466) + 1);
  },
  rxUtilisation: () => {
    expect([wished({ rxUtilisation: 0.5 }), wished({ rxUtilisation: 0.9 })]).toEqual([5e7, 9e7]);
  },
  pullQuantumBytes: () => {
    const asked = (pullQuantumBytes: number): number => {
      const peer = new RawPeer({ pullQuantumBytes });
      // Two that are pulled by turns: each pull is of one quantum.
      for (const notifySeq of [0, 1]) offers(peer, 1_000_000, notifySeq);
      const pulls = sends(peer, FrameType.PullRequest).map(({ bytes }) => Number(bytes));
      return Math.max(...pulls);
    };
    for (const quantum of [8192, 65_536]) {
      expect(asked(quantum)).toBeLessThanOrEqual(quantum);
      expect(asked(quantum)).toBeGreaterThan(quantum - 1320);
    }
  },
  windowFactor: () => {
    const base = 1e8 * (0.01 + 2 * (65_536 / 1e8));
    for (const windowFactor of [1, 2]) {
      const asked = outstanding({ windowFactor });
      expect(asked).toBeLessThanOrEqual(windowFactor * base);
      expect(asked).toBeGreaterThan(windowFactor * base - 65_536);
    }
  },
  overcommit: () => {
    expect([wished({ overcommit: 8 }, 4), wished({ overcommit: 2 }, 4)]).toEqual([
      Math.floor(9.5e7 / 4),
      Math.floor(9.5e7 / 2),
    ]);
  },
  inlineMaxBytes: () => {
    const rides = (inlineMaxBytes: number): boolean => {
      const peer = new RawPeer({ inlineMaxBytes });
      announced(peer, 500);
      const [{ flags } = {}] = sends(peer, FrameType.TransferNotify);
      return (Number(flags) & NotifyFlag.Inline) !== 0;
    };
    expect([rides(499), rides(500)]).toEqual([false, true]);
  },
  inlineStartBytes: { in: "engine/security" },
  inlinePoolBytes: { in: "sim/bursts" },
  notifyWindow: { in: "engine/security" },
  packetWindow: () => {
    expect(lateReplay(1024)).toEqual({ packetsBelowWindow: 1, replayedPackets: 0 });
    expect(lateReplay(4096)).toEqual({ packetsBelowWindow: 0, replayedPackets: 1 });
  },
  replayNotifyWindow: { in: "engine/security" },
  queueDepth: () => {
    const peer = new RawPeer({ queueDepth: 3 });
    const kinds = Array.from({ length: 5 }, () => announces(peer, {}).kind);
    expect(kinds.filter((kind) => kind === "backPressured")).toHaveLength(2);
    // Each priority has its own.
    expect(announces(peer, { priority: 5 }).kind).toBe("announced");
  },
  maxTransfersPerPeer: { in: "security/floods" },
  challengeEntries: { in: "security/floods" },
  challengeBytes: { in: "security/floods" },
  causalityInitialSlots: () => {
    // The table grows to what is allowed.
    const slots = { causalityInitialSlots: 1, causalityMaxSlots: 100 };
    expect(tracked(slots)).toEqual(Array.from({ length: 5 }, () => "announced"));
  },
  causalityMaxSlots: () => {
    const kinds = tracked({ causalityInitialSlots: 1, causalityMaxSlots: 2 });
    expect(kinds.filter((kind) => kind === "announced").length).toBeLessThan(5);
    expect(kinds.at(-1)).toBe("backPressured");
  },
  dataKeyCache: () => {
    expect([ciphersMade(1), ciphersMade(2)]).toEqual([10, 2]);
  },
  maxTransfers: () => {
    const peer = new RawPeer({ maxTransfers: 3 });
    const kinds = Array.from({ length: 5 }, () => announces(peer, {}).kind);
    expect(kinds.filter((kind) => kind === "announced")).toHaveLength(3);
  },
  maxMessageBytes: { in: "security/floods" },
  starvationReserve: () => {
    expect(urgentFirst(0)).toBe(500);
    // A batch of 64 KiB is owed before anything is granted, and each counts as the longest there may be.
    expect(urgentFirst(0.25)).toBe(65_536 / (0.25 * 1280) + 0.2);
  },
  initialRttUs: () => {
    // Three round trips, and not before.
    for (const initialRttUs of [5000, 40_000]) {
      const [, second = 0] = repetitions({ initialRttUs }, 200_000);
      expect(second).toBeGreaterThanOrEqual(3 * initialRttUs);
      expect(second).toBeLessThan(3 * initialRttUs + LATE_US);
    }
  },
  timerGranularityUs: () => {
    for (const timerGranularityUs of [5000, 40_000]) {
      const [, second = 0] = repetitions({ initialRttUs: 10, timerGranularityUs }, 200_000);
      expect(second).toBeGreaterThanOrEqual(timerGranularityUs);
      expect(second).toBeLessThan(timerGranularityUs + LATE_US);
    }
  },
  maxPtoUs: () => {
    const longest = (maxPtoUs: number): number => {
      const at = repetitions({ maxPtoUs }, 3_000_000);
      return Math.max(...at.slice(1).map((us, i) => us - (at[i] ?? 0)));
    };
    expect(longest(50_000)).toBeLessThan(50_000 + LATE_US);
    expect(longest(2_000_000)).toBeGreaterThan(300_000);
  },
  peerTimeoutUs: () => {
    expect(givenUpAfter(1_000_000)).toBeLessThan(2_000_000);
    expect(givenUpAfter(1_000_000)).toBeGreaterThanOrEqual(1_000_000);
    expect(givenUpAfter(3_000_000)).toBeGreaterThanOrEqual(3_000_000);
  },
  probeIdleUs: () => {
    for (const probeIdleUs of [50_000, 400_000]) {
      expect(askedAfter(probeIdleUs)).toBeGreaterThanOrEqual(probeIdleUs - GRAIN_US);
      expect(askedAfter(probeIdleUs)).toBeLessThan(2 * probeIdleUs + LATE_US);
    }
  },
  dataAuth: { in: "security/records" },
  rotation: { in: "crypto/keys" },
  icmpPolicy: () => {
    expect([believed("verify"), believed("immediate")]).toEqual(["probing", "failed"]);
  },
};

describe("§20: every key of an engine has an effect", () => {
  test.each(Object.entries(checks))("%s", (key, check) => {
    if (typeof check === "function") return check();
    const file = fileURLToPath(new URL(`../../test/${check.in}.test.ts`, import.meta.url));
    expect(readFileSync(file, "utf8")).toMatch(new RegExp(`\\b${key}\\b`));
  });
});
