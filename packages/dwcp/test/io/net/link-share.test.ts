import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { LinkShare } from "#src/io/net/link-share.js";
import type { SessionHost } from "#src/io/net/session-host.js";
import { TrafficTally } from "#src/io/net/traffic-tally.js";
import type { Session } from "#src/session/session.js";
import { StreamCeiling } from "#src/session/stream-ceiling.js";

/** A link whose session has the streams that a test says, and wants 8 of the 64 that there may be. */
class Link {
  readonly ceiling = new StreamCeiling(64);
  readonly streams = { size: 4, alive: 4 };
  readonly drained: number[] = [];
  readonly #meter = { deliveredBytes: 0 };
  opening = 0;
  kept = 0;
  readonly share: LinkShare;
  readonly session: Session;

  constructor(initialStreams: number) {
    this.session = {
      streams: this.streams,
      options: { identity: { capabilities: { maxStreams: 32 } } },
      sending: { rate: { smoothedRttUs: 1_000 }, meter: this.#meter, isStarved: false },
    } as unknown as Session;
    const drainStreams = (count: number): number => this.drained.push(count);
    const host = { session: this.session, drainStreams } as unknown as SessionHost;
    const bounds = { minStreams: 1, maxStreams: 32, initialStreams };
    this.share = new LinkShare({
      options: { ...bounds, autoStreams: true, streamScalingFactor: 2, giveUpMs: 1 } as never,
      ceiling: this.ceiling,
      tally: new TrafficTally(),
      host: () => host,
      opening: () => this.opening,
      keepStreams: () => (this.kept += 1),
    });
  }

  /** More arrives in each second than in the one before, so that more streams look better each time. */
  climb(seconds: number): void {
    for (let s = 1; s <= seconds; s++) {
      this.#meter.deliveredBytes += 1_000_000 * 2 ** s;
      jest.advanceTimersByTime(1_000);
    }
  }
}

describe("B13: the streams of a link", () => {
  test("are asked for one at a time where the peer had no place for one, until all are there again", () => {
    const link = new Link(8);
    const { share, session, streams } = link;
    expect(share.toOpen(session, false)).toBe(4);
    share.crowded();
    expect(share.toOpen(session, false)).toBe(1);
    link.opening = 1;
    expect(share.toOpen(session, false)).toBe(0);
    link.opening = 0;
    Object.assign(streams, { size: 8, alive: 8 });
    expect(share.toOpen(session, false)).toBeLessThan(1);
    Object.assign(streams, { size: 6, alive: 6 });
    expect(share.toOpen(session, false)).toBe(2);
  });

  test("are asked for all at once in the next session", () => {
    const { share, session } = new Link(8);
    share.crowded();
    share.end();
    expect(share.toOpen(session, false)).toBe(4);
  });

  test("are no more than the session, the ceiling and those that drain leave", () => {
    const link = new Link(100);
    expect(link.share.wanted()).toBe(32);
    link.ceiling.change(0, 6);
    expect(link.share.toOpen(link.session, false)).toBe(2);
    Object.assign(link.streams, { size: 6, alive: 4 });
    expect(link.share.toOpen(link.session, false)).toBeLessThan(1);
    Object.assign(link.streams, { size: 6, alive: 6 });
    link.ceiling.change(0, 2);
    expect(link.drained).toEqual([4]);
  });
});

describe("B13: what is found by measuring", () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  test("is no more than what a crowded peer gives", () => {
    const link = new Link(4);
    link.share.begin(link.session);
    link.share.crowded();
    link.climb(30);
    expect(link.share.wanted()).toBe(4);
    link.share.end();
    link.share.begin(link.session);
    link.climb(30);
    expect(link.share.wanted()).toBeGreaterThan(4);
    link.share.leave();
    expect(jest.getTimerCount()).toBe(0);
  });
});
