import { expect, test } from "@jest/globals";
import { type Id64, id64, Status } from "@proj/dcquic-core";
import fc from "fast-check";
import { NotifyFlag } from "#src/wire/constants.js";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";
import {
  acceptFrame,
  ackFrame,
  cancelFrame,
  challengeFrame,
  chunkOf,
  closedFrame,
  closeFrame,
  type Frame,
  holdFrame,
  notifyFrame,
  probeFrame,
  pullFrame,
  resetFrame,
} from "../support/frames.js";
import { RawPeer } from "../support/raw-peer.js";

/** What a hostile peer that has the keys sends; ids are those of the engine more often than not. */
type Hostile =
  | { kind: "notify"; seq: number; bytes: number; flags: number; dep: number; log2: number }
  | { kind: "pull" | "ack"; which: number; start: number; length: number; flags: number }
  | { kind: "accept" | "reset"; which: number; status: number }
  | { kind: "cancel" | "challenge" | "hold" | "streamClose"; which: number; seq: number }
  | { kind: "closed"; floor: number; start: number }
  | { kind: "data"; which: number; offset: number; bytes: number; protection: number }
  | { kind: "probe" }
  | { kind: "replay" };
/** What the application and its driver do meanwhile. */
type Local =
  | { kind: "announce"; bytes: number; after: number; inline: boolean }
  | { kind: "take" | "reject" | "abandon"; which: number }
  | { kind: "close"; which: number; scope: number }
  | { kind: "wait"; us: number };
type Step = { by: "peer"; does: Hostile } | { by: "self"; does: Local };

const which = fc.nat(6);
const small = fc.nat(8);
const kindOf = <K extends string>(...kinds: readonly K[]): fc.Arbitrary<K> =>
  fc.constantFrom(...kinds);

const hostile: fc.Arbitrary<Hostile> = fc.oneof(
  fc.record({
    kind: kindOf("notify"),
    seq: fc.oneof(small, fc.constantFrom(1023, 1024, 2 ** 40)),
    bytes: fc.constantFrom(-1, 0, 1, 1500, 70_000, 2 ** 40),
    flags: fc.nat(255),
    dep: fc.nat(10),
    log2: fc.constantFrom(0, 14, 16, 24),
  }),
  fc.record({
    kind: kindOf("pull", "ack"),
    which,
    start: fc.constantFrom(0, 1, 1000, 69_999),
    length: fc.constantFrom(1, 100, 5000, 70_000),
    flags: fc.nat(1),
  }),
  fc.record({ kind: kindOf("accept", "reset"), which, status: fc.nat(4) }),
  fc.record({ kind: kindOf("cancel", "challenge", "hold", "streamClose"), which, seq: small }),
  fc.record({ kind: kindOf("closed"), floor: fc.oneof(small, fc.maxSafeNat()), start: small }),
  fc.record({
    kind: kindOf("data"),
    which,
    offset: fc.constantFrom(0, 1, 1000, 69_999, 2 ** 45),
    bytes: fc.constantFrom(0, 1, 1000),
    protection: fc.nat(2),
  }),
  fc.constant<Hostile>({ kind: "probe" }),
  fc.constant<Hostile>({ kind: "replay" }),
);
const local: fc.Arbitrary<Local> = fc.oneof(
  fc.record({
    kind: kindOf("announce"),
    bytes: fc.constantFrom(0, 1, 1024, 1025, 70_000),
    after: fc.nat(8),
    inline: fc.boolean(),
  }),
  fc.record({ kind: kindOf("take", "reject", "abandon"), which }),
  fc.record({ kind: kindOf("close"), which, scope: fc.nat(2) }),
  fc.record({ kind: kindOf("wait"), us: fc.constantFrom(1, 1000, 100_000, 3_000_000, 15_000_000) }),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: hostile.map((does): Step => ({ by: "peer", does })) },
  { weight: 2, arbitrary: local.map((does): Step => ({ by: "self", does })) },
);

/** An engine between a hostile peer and its application. */
class Bench {
  readonly peer = new RawPeer({ maxMessageBytes: 1_000_000, causalityMaxSlots: 64 });
  readonly #own: { readonly transfer: Id64; readonly token: Id64 | undefined }[] = [];
  readonly #taken = new Set<string>();
  #last: Uint8Array | undefined;

  run(one: Step): void {
    if (one.by === "peer") this.#attack(one.does);
    else this.#use(one.does);
    this.peer.gather();
    // What was delivered is used at once, as a reader would.
    for (const { transfer } of this.peer.of("transferDelivered")) {
      const name = `${transfer.hi}.${transfer.lo}`;
      if (this.#taken.has(name)) continue;
      this.#taken.add(name);
      this.peer.engine.consume(transfer);
    }
  }

  /** Everything ends: the path goes, as when a pool closes. */
  end(): void {
    const { engine, path } = this.peer;
    engine.failPath(path, Status.GoingAway);
    this.peer.gather();
    engine.removePath(path);
  }

  #attack(does: Hostile): void {
    const { peer } = this;
    if (does.kind === "replay") {
      if (this.#last !== undefined) peer.deliver(new Uint8Array(this.#last));
      return;
    }
    if (does.kind === "data") {
      const write = chunkOf(this.#offer(does.which), does.offset, new Uint8Array(does.bytes));
      peer.deliver(peer.seal(write, { type: 2, protection: does.protection }));
      return;
    }
    const datagram = peer.seal(this.#frameOf(does));
    this.#last = new Uint8Array(datagram);
    peer.deliver(datagram);
  }

  #frameOf(does: Exclude<Hostile, { kind: "data" } | { kind: "replay" }>): Frame {
    switch (does.kind) {
      case "notify": {
        const { seq, bytes, flags, dep, log2 } = does;
        const more = {
          notifySeq: seq,
          flags: flags & ~NotifyFlag.Inline,
          recordLog2: log2,
          depCount: 1,
          deps: [{ worker: 0, notifySeq: dep, kind: 2 }],
          movedNotifySeq: dep,
          movedCredentialId: this.peer.credentialId,
          rmaCount: 0,
          protection: (flags & NotifyFlag.DataKey) === 0 ? 0 : 1,
        };
        return bytes < 0
          ? notifyFrame({ ...more, inline: new Uint8Array(20) })
          : notifyFrame(more, bytes);
      }
      case "pull": {
        const transfer = this.#transfer(does.which);
        const { start, length, flags } = does;
        return pullFrame(transfer, transfer, [[start, start + length]], flags);
      }
      case "ack":
        return ackFrame(this.#transfer(does.which), does.flags, [
          [does.start, does.start + does.length],
        ]);
      case "accept":
        return acceptFrame(this.#transfer(does.which), does.status);
      case "reset": {
        const isOwn = does.status % 2 === 0;
        return resetFrame(
          isOwn ? this.#transfer(does.which) : this.#offer(does.which),
          does.status,
        );
      }
      case "cancel":
        return cancelFrame(this.#transfer(does.which));
      case "challenge":
        return challengeFrame(this.#transfer(does.which), does.seq);
      case "hold":
        return holdFrame(this.#offer(does.which), 1000 * does.seq);
      case "streamClose":
        return closeFrame(this.#transfer(does.which));
      case "closed":
        return closedFrame(does.floor, [[does.start, does.start + 3]]);
      case "probe":
        return probeFrame();
    }
  }

  #use(does: Local): void {
    const { peer } = this;
    const { engine, path } = peer;
    switch (does.kind) {
      case "announce": {
        const { token } = this.#own[does.after] ?? {};
        const result = engine.announce(peer.nowUs, path, {
          shape: 0x30,
          priority: 3,
          messageSeq: 0,
          payload: new Uint8Array(does.bytes),
          track: true,
          inline: does.inline ? "auto" : "never",
          after: token === undefined ? [] : [{ token, kind: 2 }],
        });
        if (result.kind === "announced") this.#own.push(result);
        return;
      }
      case "take":
        if (this.#isOffered(does.which)) engine.accept(peer.nowUs, this.#offer(does.which));
        return;
      case "reject":
        if (this.#isOffered(does.which)) engine.reject(this.#offer(does.which));
        return;
      case "abandon":
        engine.cancel(this.#transfer(does.which));
        return;
      case "close": {
        const streamId = this.#transfer(does.which);
        const { scope } = does;
        engine.close(peer.nowUs, path, { streamId, opener: true, scope, status: 0, finalCount: 1 });
        return;
      }
      case "wait":
        peer.transmit(does.us);
    }
  }

  #transfer(number: number): Id64 {
    return this.#own[number % Math.max(1, this.#own.length)]?.transfer ?? id64(1, number);
  }

  #offer(number: number): Id64 {
    const offers = this.peer.of("transferOffered");
    return offers[number % Math.max(1, offers.length)]?.transfer ?? id64(1, number);
  }

  // An application answers an offer once, and nothing else.
  #isOffered(number: number): boolean {
    if (this.peer.of("transferOffered").length === 0) return false;
    const { hi, lo } = this.#offer(number);
    const name = `answered ${hi}.${lo}`;
    if (this.#taken.has(name)) return false;
    this.#taken.add(name);
    return true;
  }
}

test("whatever a peer with keys sends and an application does, an engine neither throws nor keeps anything", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const bench = new Bench();
      for (const one of steps) bench.run(one);
      const { engine, buffers } = bench.peer;
      expect(engine.stats.outstandingBytes).toBeLessThanOrEqual(8 * 1_000_000);
      bench.end();
      const { outstandingBytes, tracked, closes, timers } = engine.stats;
      expect({ outstandingBytes, tracked, closes, timers, references: buffers.references }).toEqual(
        {
          outstandingBytes: 0,
          tracked: 0,
          closes: 0,
          timers: 0,
          references: 0,
        },
      );
    }),
    fuzzRuns(150),
  );
});
