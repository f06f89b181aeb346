import { expect, test } from "@jest/globals";
import {
  BufferRegistry,
  DatagramBatch,
  Engine,
  type Id64,
  id64,
  nullCrypto,
} from "@proj/dcquic-core";
import { SeededRandom } from "@proj/wire-types";
import { establishedAs } from "../support/raw-peer.js";
import { heapBytes, usedBytes } from "../support/used-bytes.js";

const TRANSFERS = 20_000;
// docs/performance.md states what was measured: 277 bytes while it is queued, 438 and 458 once it is offered.
const END_BYTES = 512;
// Beside that, once it is pulled.
const PULLING_BYTES = 1536;
const config = { notifyWindow: 32_768, queueDepth: 32_768, maxMessageBytes: 1_000_000 };

function side(role: "dialer" | "listener", seed: number) {
  const random = new SeededRandom(seed);
  const buffers = new BufferRegistry(1_048_576);
  const engine = new Engine({ config, crypto: nullCrypto, random, buffers, nowUs: 0 });
  const hello = { notifyLimit: config.notifyWindow };
  return { engine, path: engine.addPath(0, establishedAs(role, 7, hello), 1) };
}

/** Takes what one side has to send to the other, and counts what is offered there; what else is told is forgotten. */
function carry(
  nowUs: number,
  from: Engine,
  to: Engine,
  batch: DatagramBatch,
  ids: Id64[] = [],
): number {
  let offered = 0;
  for (;;) {
    batch.clear();
    if (from.transmit(nowUs, batch) === 0) return offered;
    to.receive(nowUs, batch);
    for (let event = to.nextEvent(); event !== undefined; event = to.nextEvent()) {
      if (event.kind !== "transferOffered") continue;
      offered += 1;
      ids.push(event.transfer);
    }
  }
}

/** Both ends. The puller's may be taken away, to see what it took. */
interface Ends {
  readonly announcer: ReturnType<typeof side>;
  puller?: ReturnType<typeof side>;
}

// Functions of their own: what a frame of the stack still refers to is not collected.
function announceAll({ announcer }: Ends): void {
  const payload = new Uint8Array(5000);
  const options = { shape: 0x30, priority: 3, messageSeq: 0, payload, streamId: id64(1, 1) };
  for (let i = 0; i < TRANSFERS; i++) announcer.engine.announce(0, announcer.path, options);
}

function offerAll({ announcer, puller }: Ends, ids: Id64[] = []): number {
  const batch = new DatagramBatch(64, 131_072);
  let offered = 0;
  if (puller === undefined) return offered;
  for (let nowUs = 0; offered < TRANSFERS && nowUs < 1e6; nowUs += 1000) {
    offered += carry(nowUs, announcer.engine, puller.engine, batch, ids);
    carry(nowUs, puller.engine, announcer.engine, batch);
  }
  return offered;
}

test("§20: what a transfer takes while it is under way, without its bytes, at either end", () => {
  const ends: Ends = { announcer: side("dialer", 1), puller: side("listener", 2) };
  const before = usedBytes();
  announceAll(ends);
  const queued = (usedBytes() - before) / TRANSFERS;
  expect(offerAll(ends)).toBe(TRANSFERS);
  const both = (usedBytes() - before) / TRANSFERS;
  delete ends.puller;
  const announcer = (usedBytes() - before) / TRANSFERS;
  expect(queued).toBeLessThanOrEqual(END_BYTES);
  expect(announcer).toBeLessThanOrEqual(END_BYTES);
  expect(both - announcer).toBeLessThanOrEqual(END_BYTES);
  // Nobody's share is hidden in the other's.
  expect(both).toBeGreaterThan(1.5 * announcer);
});

test("§20: what a transfer takes at its puller once it is accepted, without memory for its bytes", () => {
  const ends: Ends = { announcer: side("dialer", 1), puller: side("listener", 2) };
  const ids: Id64[] = [];
  announceAll(ends);
  expect(offerAll(ends, ids)).toBe(TRANSFERS);
  const before = heapBytes();
  for (const id of ids) ends.puller?.engine.accept(1e6, id);
  // What was asked for first, and what waits for its turn; docs/performance.md states what was measured.
  expect((heapBytes() - before) / TRANSFERS).toBeLessThanOrEqual(PULLING_BYTES);
  // Neither end was collected meanwhile.
  expect(ends.announcer.engine.stats.entries).toBe(TRANSFERS);
  expect(ends.puller?.engine.stats.entries).toBe(TRANSFERS);
});
