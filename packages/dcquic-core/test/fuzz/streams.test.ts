import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { BufferRegistry, type EngineEvent, type Id64, nullCrypto } from "@proj/dcquic-core";
import { ManualTime, SeededRandom } from "@proj/wire-types";
import { StreamLayer } from "#src/stream/stream-layer.js";
import type { Stream, StreamHandlers } from "#src/stream/stream.js";
import { decodeBulkStatus, encodeBulkStatus } from "#src/pool/bulk-status.js";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";

/** What a hostile peer may have its victim's engine tell, and what the victim's application does meanwhile. */
type Step =
  | { kind: "offer"; stream: number; shape: number; seq: number; bytes: number; rides: boolean }
  | { kind: "deliver" | "drain" | "loseOut" | "loseIn"; which: number; status: number }
  | { kind: "close"; stream: number; opener: boolean; scope: number; status: number; count: number }
  | { kind: "ack"; stream: number }
  | { kind: "open"; pattern: number }
  | { kind: "send" | "take" | "end" | "abort" | "stop"; which: number }
  | { kind: "fail"; status: number };

const small = fc.nat(5);
const status = fc.constantFrom(0, 1, 2, 3, 6, 9, 10, 15, 300);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant("offer" as const),
    stream: small,
    shape: fc.nat(127),
    seq: fc.nat(4),
    bytes: fc.constantFrom(0, 10, 5_000_000),
    rides: fc.boolean(),
  }),
  fc.record({
    kind: fc.constantFrom(
      "deliver" as const,
      "drain" as const,
      "loseOut" as const,
      "loseIn" as const,
    ),
    which: fc.nat(20),
    status,
  }),
  fc.record({
    kind: fc.constant("close" as const),
    stream: small,
    opener: fc.boolean(),
    scope: fc.nat(2),
    status,
    count: fc.nat(4),
  }),
  fc.record({ kind: fc.constant("ack" as const), stream: small }),
  fc.record({ kind: fc.constant("open" as const), pattern: fc.nat(4) }),
  fc.record({
    kind: fc.constantFrom(
      "send" as const,
      "take" as const,
      "end" as const,
      "abort" as const,
      "stop" as const,
    ),
    which: fc.nat(20),
  }),
  fc.record({ kind: fc.constant("fail" as const), status }),
);

const patterns = [
  "unary",
  "streamingResponse",
  "streamingRequest",
  "bidirectional",
  "rawBulk",
] as const;
const path = 0 as Extract<EngineEvent, { kind: "pathFailed" }>["path"];

/** A layer on an engine that believes everything, with books of what is owed. */
class Bench {
  readonly outgoing = new Map<number, Id64>();
  readonly offered = new Set<number>();
  readonly pulled = new Set<number>();
  readonly ready = new Set<number>();
  readonly whole = new Set<number>();
  readonly streams: Stream[] = [];
  readonly over = new Map<Stream, number>();
  #next = 1;
  readonly layer: StreamLayer;

  constructor() {
    const time = new ManualTime();
    this.layer = new StreamLayer({
      port: {
        get nowUs() {
          return time.nowUs();
        },
        timers: time,
        buffers: new BufferRegistry(1e6),
        crypto: nullCrypto,
        random: new SeededRandom(1),
        announce: (_path, options, done) => {
          const transfer = { hi: 1, lo: this.#next++ };
          this.outgoing.set(transfer.lo, transfer);
          const token = options.track === true ? transfer : undefined;
          done({ kind: "announced", transfer, token }, options);
        },
        accept: ({ lo }) => {
          this.whole.delete(lo);
          if (!this.offered.delete(lo)) throw new Error(`${lo} was not offered`);
          this.pulled.add(lo);
        },
        placed: () => {},
        reject: ({ lo }) => {
          this.whole.delete(lo);
          if (!this.offered.delete(lo) && !this.pulled.delete(lo)) {
            throw new Error(`${lo} is nobody's to reject`);
          }
        },
        consume: ({ lo }) => {
          // An engine that lost it meanwhile takes no notice.
          if (this.whole.delete(lo)) return void this.offered.delete(lo);
          if (!this.ready.delete(lo)) throw new Error(`${lo} was not delivered, or twice consumed`);
        },
        cancel: () => {},
        close: () => {},
        roundTripUs: () => 0,
        settleToken: () => {},
      },
      onIncoming: (incoming) => {
        this.streams.push(incoming.accept(this.#handlers(() => incoming.stream)));
      },
    });
  }

  run(action: Step): void {
    switch (action.kind) {
      case "offer": {
        const transfer = { hi: 2, lo: this.#next++ };
        this.offered.add(transfer.lo);
        const isWhole = action.rides && action.seq === 0 && (action.shape & 0x60) === 0x20;
        if (isWhole) this.whole.add(transfer.lo);
        this.layer.handle({
          kind: "transferOffered",
          path,
          transfer,
          streamId: this.#idOf(action.stream),
          shape: action.shape,
          priority: 3,
          messageSeq: action.seq,
          totalBytes: action.bytes,
          meta: new Uint8Array(0),
          token: undefined,
          whole: isWhole ? new Uint8Array(1) : undefined,
        });
        return;
      }
      case "deliver": {
        const lo = pick(this.pulled, action.which);
        if (lo === undefined) return;
        this.pulled.delete(lo);
        this.ready.add(lo);
        const transfer = { hi: 2, lo };
        this.layer.handle({ kind: "transferDelivered", path, transfer, bytes: new Uint8Array(1) });
        return;
      }
      case "drain":
      case "loseOut": {
        const lo = pick(this.outgoing.keys(), action.which);
        if (lo === undefined) return;
        this.outgoing.delete(lo);
        const transfer = { hi: 1, lo };
        if (action.kind === "drain")
          this.layer.handle({ kind: "transferDrained", path, transfer, isFirstWord: false });
        else this.#lose(transfer, "announcer", action.status);
        return;
      }
      case "loseIn": {
        const lo = pick([...this.offered, ...this.pulled], action.which);
        if (lo === undefined) return;
        this.offered.delete(lo);
        this.pulled.delete(lo);
        this.#lose({ hi: 2, lo }, "puller", action.status);
        return;
      }
      case "close":
        this.layer.handle({
          kind: "streamClosed",
          path,
          streamId: this.#idOf(action.stream),
          opener: action.opener,
          scope: action.scope,
          status: action.status,
          finalCount: action.count,
          reason: "",
        });
        return;
      case "ack": {
        const streamId = this.#idOf(action.stream);
        this.layer.handle({ kind: "streamCloseAcknowledged", path, streamId });
        return;
      }
      case "open": {
        const pattern = patterns[action.pattern] ?? "unary";
        const stream: Stream = this.layer.open(path, {
          pattern,
          priority: 3,
          ordered: true,
          handlers: this.#handlers(() => stream),
        });
        this.streams.push(stream);
        stream.send({ payload: new Uint8Array(5), isLast: false, isHeaders: true });
        return;
      }
      case "fail":
        this.layer.handle({ kind: "pathFailed", path, status: action.status });
        return;
      default:
        this.#use(action);
    }
  }

  #use({ kind, which }: Extract<Step, { which: number; status?: never }>): void {
    const stream = this.streams[which % Math.max(1, this.streams.length)];
    if (stream === undefined) return;
    if (kind === "take") {
      const message = stream.take();
      if (message !== undefined) stream.release(message);
    } else if (kind === "end") stream.end();
    else if (kind === "abort") stream.abort(1);
    else if (kind === "stop") stream.stopReceiving();
    else if (kind === "send" && !stream.outbound.isEnded) {
      stream.send({ payload: new Uint8Array(5), isLast: false, isHeaders: false });
    }
  }

  #lose(transfer: Id64, side: "announcer" | "puller", how: number): void {
    this.layer.handle({
      kind: "transferFailed",
      path,
      transfer,
      side,
      status: how,
      rootCause: undefined,
    });
  }

  // Some ids are those of own streams, some were never heard of.
  #idOf(number: number): Id64 {
    return this.streams[number]?.id ?? { hi: 7, lo: number };
  }

  #handlers(stream: () => Stream): StreamHandlers {
    const told = (): void => {
      if (this.over.has(stream())) throw new Error("something was told after the end");
    };
    return {
      headers: told,
      readable: told,
      writable: told,
      stopped: told,
      closed: () => {
        told();
        this.over.set(stream(), 1);
      },
    };
  }
}

function pick(from: Iterable<number>, which: number): number | undefined {
  const all = [...from];
  return all[which % Math.max(1, all.length)];
}

test("whatever a peer sends and an application does, streams neither throw nor leak nor tell twice", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const bench = new Bench();
      for (const one of steps) bench.run(one);
      bench.layer.closeAll(12);
      bench.layer.failPath(path, 12);
      expect(bench.layer.size).toBe(0);
      // Everything that a peer offered was used, or given back, or is held by nobody.
      expect([...bench.ready]).toEqual([]);
    }),
    fuzzRuns(500),
  );
});

test("a message that fails before its stream opened is neither rejected nor waited for", () => {
  const bench = new Bench();
  const offer = { kind: "offer", stream: 1, seq: 0, bytes: 0, rides: false } as const;
  bench.run({ ...offer, shape: 72 });
  bench.run({ kind: "loseIn", which: 0, status: 6 });
  bench.run({ kind: "close", stream: 1, opener: false, scope: 0, status: 0, count: 0 });
  expect(bench.offered.size).toBe(0);
});

test("a message that was offered whole is read without being pulled", () => {
  const bench = new Bench();
  const offer = { kind: "offer", stream: 1, seq: 0, bytes: 1 } as const;
  bench.run({ ...offer, shape: 56, rides: true });
  const [stream] = bench.streams;
  const message = stream?.take();
  expect([message?.bytes.length, bench.pulled.size, bench.offered.size]).toEqual([1, 0, 1]);
  if (message !== undefined) stream?.release(message);
  expect([bench.offered.size, bench.whole.size]).toEqual([0, 0]);
});

test("any status of a bulk transfer is read or refused with a code", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 20 }), (input) => {
      try {
        expect(decodeBulkStatus(input)).toBeGreaterThanOrEqual(0);
      } catch (error) {
        expect(error).toMatchObject({ code: "dcquic.malformed" });
      }
    }),
    fuzzRuns(300),
  );
  fc.assert(
    fc.property(fc.maxSafeNat(), (bytes) => {
      expect(decodeBulkStatus(encodeBulkStatus(bytes))).toBe(bytes);
    }),
    fuzzRuns(300),
  );
});
