import { describe, expect, test } from "@jest/globals";
import { BufferRegistry, nullCrypto } from "@proj/dcquic-core";
import { World } from "@proj/dcquic-core/sim";
import { SeededRandom } from "@proj/wire-types";
import { EngineInvariants } from "#src/engine/engine-invariants.js";
import { contextOf } from "#src/engine/engine-options.js";
import { EngineParts } from "#src/engine/engine-parts.js";
import type { Path } from "#src/engine/path.js";
import { PacketNumbers } from "#src/sim/packet-numbers.js";
import { establishedAs, RawPeer } from "../support/raw-peer.js";
import { probeFrame } from "../support/frames.js";

function bench() {
  const buffers = new BufferRegistry(1_000_000);
  const random = new SeededRandom(1);
  const context = contextOf({ crypto: nullCrypto, random, buffers, nowUs: 0 });
  const parts = new EngineParts(context);
  const path = parts.paths.by(parts.paths.add(0, establishedAs("dialer"), 1, {}));
  const buffer = buffers.allocate(5000, 0);
  if (buffer === undefined) throw new Error("no memory");
  const sealing = { protection: 1, recordLog2: 14, totalBytes: 4984, messageNumber: 0 };
  buffers.fill(buffer, { ...sealing, binding: new Uint8Array(16), dataKey: undefined });
  const options = { shape: 0x30, priority: 3, messageSeq: 0, payload: buffer };
  parts.announcer.announce(0, path, options);
  buffers.release(buffer);
  return { buffers, buffer, context, path, rules: new EngineInvariants(context) };
}

describe("§11, §23: what must hold after every event", () => {
  test("holds of an engine that works", () => {
    const { rules } = bench();
    expect(rules.broken()).toBeUndefined();
    expect(rules.broken()).toBeUndefined();
  });

  test.each<{ wrong: string; spoil: (path: Path) => void }>([
    { wrong: "notifyLimit fell", spoil: (path) => (path.notifyLimit -= 1) },
    { wrong: "inlineLimit fell", spoil: (path) => (path.inlineLimit -= 1) },
    { wrong: "notifyGranted fell", spoil: (path) => (path.notifyGranted -= 1) },
    { wrong: "inlineGranted fell", spoil: (path) => (path.inlineGranted -= 1) },
    { wrong: "exceed their credit", spoil: (path) => (path.nextNotifySeq = path.notifyLimit + 1) },
    { wrong: "exceed their credit", spoil: (path) => (path.inlineSent = path.inlineLimit + 1) },
    { wrong: "beyond credit", spoil: (path) => (path.inlineReceived = path.inlineGranted + 1) },
    { wrong: "2 count as live, 1 are", spoil: (path) => (path.live += 1) },
    {
      wrong: "9 bytes count as outstanding, 0 are",
      spoil: (path) => (path.sender.outstanding = 9),
    },
  ])("$wrong: it is noticed", ({ wrong, spoil }) => {
    const { path, rules } = bench();
    rules.broken();
    spoil(path);
    expect(rules.broken()).toContain(wrong);
  });

  test("a reference too few, and one that nobody holds, are noticed", () => {
    const lost = bench();
    lost.buffers.release(lost.buffer);
    expect(lost.rules.broken()).toContain("1 transfers hold 0 buffers");
    const { context, rules } = bench();
    for (const entry of context.transfers.values()) {
      if (entry.role === "announcer") context.transfers.remove(entry.id);
    }
    expect(rules.broken()).toBeDefined();
  });

  test("a world stops at the event that breaks one", () => {
    const world = new World({ seed: 1, hosts: 2, crypto: nullCrypto });
    const host = world.host(0);
    const buffer = host.buffers.allocate(5000, 0);
    if (buffer === undefined) throw new Error("no memory");
    const sealing = { protection: 0, recordLog2: 0, totalBytes: 5000, messageNumber: 0 };
    host.buffers.fill(buffer, { ...sealing, binding: new Uint8Array(16), dataKey: undefined });
    const options = { shape: 0x30, priority: 3, messageSeq: 0, payload: buffer };
    host.engine.announce(host.nowUs, world.connect(0, 1), options);
    world.schedule(7, () => world.host(0).buffers.release(buffer));
    world.schedule(7, () => world.host(0).buffers.release(buffer));
    expect(() => world.run(1000)).toThrow(/^host 0: .* \(event \d+ at 7 µs of new World\(/);
  });
});

test("§7.3: a packet number that does not grow is noticed, by sender", () => {
  const peer = new RawPeer();
  const packets = [1, 2, 3].map(() => peer.seal(probeFrame()));
  const numbers = new PacketNumbers();
  const sent = (host: number, index: number): string | undefined =>
    numbers.sent(host, packets[index] ?? new Uint8Array(0));
  expect([sent(0, 0), sent(0, 2)]).toEqual([undefined, undefined]);
  expect(sent(0, 1)).toBe("host 0 sent packet 1 after 2");
  expect(sent(0, 2)).toBe("host 0 sent packet 2 after 2");
  const otherWorker = (packets[0] ?? new Uint8Array(0)).slice();
  otherWorker[3] = 1;
  expect(numbers.sent(0, otherWorker)).toBeUndefined();
});
