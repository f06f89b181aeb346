import { describe, expect, test } from "@jest/globals";
import {
  type DcquicEvent,
  TraceBook,
  type TraceBookOptions,
  type TraceSpan,
} from "@proj/dcquic-core";

const hex = (value: number): string => value.toString(16).padStart(16, "0");

/** A book that is told what a test makes up, in the words of a pool. */
class Told {
  readonly spans: TraceSpan[] = [];
  readonly batches: number[] = [];
  readonly book: TraceBook;

  constructor(options: Partial<TraceBookOptions> = {}) {
    this.book = new TraceBook({
      export: (spans) => {
        this.spans.push(...spans);
        this.batches.push(spans.length);
      },
      ...options,
    });
  }

  opened(tUs: number, stream: number, more: DcquicEvent["details"] = {}): void {
    const facts = { side: "opener", pattern: "unary", priority: 3, peer: "rack:9", path: 0 };
    const ids = { stream, streamId: hex(stream), traceSeed: hex(7) };
    this.#tell(tUs, "stream", "stream.opened", { ...facts, ...ids, ...more });
  }

  message(tUs: number, stream: number, transfer: number, more: DcquicEvent["details"] = {}): void {
    const facts = { side: "announcer", messageSeq: 0, byteLength: 5, isHeaders: "no", path: 0 };
    const ids = { stream, transfer: hex(transfer), isWhole: "no" };
    this.#tell(tUs, "stream", "stream.message", { ...facts, ...ids, ...more });
  }

  transfer(tUs: number, kind: string, transfer: number, more: DcquicEvent["details"] = {}): void {
    this.#tell(tUs, "transfer", `transfer.${kind}`, { transfer: hex(transfer), ...more });
  }

  ended(tUs: number, stream: number, status = 0): void {
    this.#tell(tUs, "stream", "stream.ended", { stream, status, path: 0 });
  }

  dropped(tUs: number): void {
    this.#tell(tUs, "worker", "worker.eventsDropped", { count: 3 });
  }

  named(name: string): readonly TraceSpan[] {
    return this.spans.filter((span) => span.name === name);
  }

  #tell(tUs: number, group: DcquicEvent["group"], kind: string, details: DcquicEvent["details"]) {
    this.book.onEvent({ tUs, worker: 0, group, level: "debug", kind, details });
  }
}

describe("§21: a trace book", () => {
  test("phases last until the next one, at the time at which the engine says they were", () => {
    const told = new Told();
    told.opened(10, 1);
    told.message(10, 1, 5);
    told.transfer(40, "announced", 5, { atUs: 20 });
    // What came before what is known already was not: clocks of threads may differ a little.
    told.transfer(40, "serving", 5, { atUs: 15 });
    told.transfer(50, "serving", 5);
    told.transfer(60, "drained", 5);
    told.ended(70, 1);
    told.book.flush();
    const spans = told.spans.map(({ name, startUs, endUs }) => `${name} ${startUs}-${endUs}`);
    expect(spans).toEqual([
      "dcquic.message 10-60",
      "dcquic.transfer.queued 10-20",
      "dcquic.transfer.announced 20-20",
      "dcquic.transfer.serving 20-60",
      "dcquic.unary 10-70",
    ]);
    expect(told.named("dcquic.unary")[0]?.attributes).toMatchObject({
      "server.address": "rack",
      "server.port": 9,
      "dcquic.stream.id": hex(1),
    });
  });

  test("a transfer that fails marks the phase that it failed in, and its message", () => {
    const told = new Told();
    told.opened(10, 1);
    told.message(10, 1, 5);
    told.transfer(20, "announced", 5);
    told.transfer(30, "failed", 5, { status: 10 });
    told.ended(30, 1, 10);
    told.book.flush();
    expect(told.spans.map(({ name, failure }) => `${name} ${failure?.type ?? ""}`)).toEqual([
      "dcquic.message dcquic.integrity_failed",
      "dcquic.transfer.queued ",
      "dcquic.transfer.announced dcquic.integrity_failed",
      "dcquic.unary dcquic.integrity_failed",
    ]);
  });

  test("a message that is not over when its stream ends in order was unwanted", () => {
    const told = new Told();
    told.opened(10, 1);
    told.message(10, 1, 5, { side: "puller" });
    told.ended(20, 1);
    told.book.flush();
    const [message] = told.named("dcquic.message");
    expect(message?.failure).toBeUndefined();
    expect(message?.moments.map(({ name }) => name)).toEqual(["offered", "unwanted"]);
  });

  test("it keeps no more than its ceiling: the oldest stream is given up, with its messages", () => {
    const told = new Told({ maxOpen: 10, batchSpans: 1 });
    for (let i = 0; i < 1000; i++) {
      told.opened(i, i);
      told.message(i, i, i);
      expect(told.book.stats.open).toBeLessThanOrEqual(10);
    }
    const { cut, open } = told.book.stats;
    expect(cut.ceiling).toBe(2000 - open);
    expect(told.named("dcquic.unary")[0]?.failure?.type).toBe("dcquic.trace.ceiling");
    // What follows of a stream that was given up is of no stream.
    told.message(2000, 3, 5000);
    told.transfer(2000, "drained", 5000);
    told.ended(2000, 3);
    expect(told.book.stats).toMatchObject({ untraced: 1, cut: { ceiling: cut.ceiling } });
    told.book.close();
    expect(told.book.stats).toMatchObject({ open: 0, cut: { closed: open } });
  });

  test("a stream with more messages than the ceiling allows gives itself up", () => {
    const told = new Told({ maxOpen: 4 });
    told.opened(0, 1);
    for (let i = 0; i < 8; i++) told.message(i, 1, i, { messageSeq: i });
    told.book.close();
    expect(told.book.stats).toMatchObject({ open: 0, untraced: 5, cut: { ceiling: 4, closed: 0 } });
  });

  test("dropped events leave no span open: each ends and says why", () => {
    const told = new Told();
    told.opened(10, 1);
    told.message(10, 1, 5);
    told.dropped(20);
    expect(told.book.stats).toMatchObject({ open: 0, cut: { eventsDropped: 2 } });
    told.transfer(30, "drained", 5);
    told.ended(30, 1);
    told.opened(40, 2);
    told.ended(50, 2);
    told.book.flush();
    const types = told.named("dcquic.unary").map(({ failure }) => failure?.type);
    expect(types).toEqual(["dcquic.trace.eventsDropped", undefined]);
  });

  test("what began before is not traced; ids that come again end what had them", () => {
    const told = new Told();
    told.message(10, 1, 5);
    told.transfer(10, "accepted", 5);
    told.ended(10, 1);
    expect(told.book.stats).toMatchObject({ open: 0, ended: 0, untraced: 1 });
    told.opened(20, 2);
    told.message(20, 2, 6);
    told.message(30, 2, 6);
    expect(told.book.stats).toMatchObject({ open: 2, cut: { superseded: 1 } });
    told.opened(40, 2);
    expect(told.book.stats).toMatchObject({ open: 1, cut: { superseded: 3 } });
  });

  test("spans are handed on in batches, or when the first of them waited for long", () => {
    const told = new Told({ batchSpans: 3, batchUs: 100 });
    for (let i = 0; i < 4; i++) {
      told.opened(10, i);
      told.ended(10, i);
    }
    expect(told.batches).toEqual([3]);
    told.opened(109, 10);
    expect(told.batches).toEqual([3]);
    told.opened(110, 11);
    expect(told.batches).toEqual([3, 1]);
    told.book.flush();
    expect(told.batches).toEqual([3, 1]);
  });

  test("an exporter that throws loses its spans, which is counted, and disturbs nobody", () => {
    const book = new Told({
      export: () => {
        throw new Error("no");
      },
      batchSpans: 1,
    });
    book.opened(10, 1);
    book.ended(20, 1);
    expect(book.book.stats).toMatchObject({ open: 0, ended: 1, lost: 1 });
  });

  test.each([{ maxOpen: 0 }, { batchSpans: 0 }, { maxOpen: Number.NaN }])(
    "%p is refused",
    (bad) => {
      expect(() => new Told(bad)).toThrow(RangeError);
    },
  );

  test.each([
    ["[2001:db8::1]:443", { "server.address": "2001:db8::1", "server.port": 443 }],
    ["10.0.0.1:9", { "server.address": "10.0.0.1", "server.port": 9 }],
    ["7", { "server.address": "7" }],
    ["", {}],
  ])("a peer %p is told in parts", (peer, expected) => {
    const told = new Told();
    told.opened(10, 1, { peer });
    told.ended(20, 1);
    told.book.flush();
    const facts = told.spans[0]?.attributes ?? {};
    const ofPeer = Object.entries(facts).filter(([key]) => key.startsWith("server."));
    expect(Object.fromEntries(ofPeer)).toEqual(expected);
  });
});
