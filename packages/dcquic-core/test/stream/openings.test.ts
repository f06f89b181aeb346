import { describe, expect, test } from "@jest/globals";
import type { PathId } from "@proj/dcquic-core";
import { Status } from "#src/engine/status.js";
import { type Opener, Openings } from "#src/stream/openings.js";
import type { Stream, StreamOutcome } from "#src/stream/stream.js";

const PATH = 1 as PathId;
const NEXT = 2 as PathId;
const OUTCOME: StreamOutcome = { status: Status.PeerFailed, reason: "", rootCause: undefined };
const MOST = 512;

function streamOn(path: PathId, priority = 3): Stream {
  return { path, priority, isUnanswered: false } as Stream;
}

/** Openings of which as many are with the engine as may be. */
function full(): { openings: Openings; open: Stream[] } {
  const openings = new Openings(() => Number.POSITIVE_INFINITY);
  const open = Array.from({ length: MOST }, () => streamOn(PATH));
  for (const stream of open) openings.opened(stream);
  return { openings, open };
}

class Call implements Opener {
  isOver = false;
  path: PathId | undefined;
  outcome: StreamOutcome | undefined;
  readonly #admitted: (path: PathId) => void;

  constructor(admitted: (path: PathId) => void = () => {}) {
    this.#admitted = admitted;
  }

  admitted(path: PathId): void {
    this.path = path;
    this.#admitted(path);
  }

  turnedAway(outcome: StreamOutcome): void {
    this.outcome = outcome;
  }
}

describe("openings", () => {
  test.each([
    [0, 64],
    [100, 71],
    [1000, 127],
    [5000, 377],
    [10_000, 512],
    [Number.POSITIVE_INFINITY, 512],
  ])("with round trips of %p µs, %p may be unanswered", (roundTripUs, most) => {
    const openings = new Openings(() => roundTripUs);
    let open = 0;
    while (openings.mayOpen(PATH, 3, new Call())) {
      openings.opened(streamOn(PATH));
      open += 1;
    }
    expect(open).toBe(most);
  });

  test("a way that becomes longer lets more be unanswered", () => {
    let roundTripUs = 0;
    const openings = new Openings(() => roundTripUs);
    const call = new Call();
    const open = Array.from({ length: 64 }, () => streamOn(PATH));
    for (const stream of open) openings.opened(stream);
    expect(openings.mayOpen(PATH, 3, call)).toBe(false);
    roundTripUs = 400;
    for (const stream of open) {
      openings.answered(stream);
      openings.opened(stream);
    }
    let more = 0;
    for (; openings.mayOpen(PATH, 3, new Call()); more++) openings.opened(streamOn(PATH));
    expect(more).toBe(25);
  });

  test("those beyond the limit wait in order, each until one before it was answered", () => {
    const { openings, open } = full();
    const told: number[] = [];
    for (let i = 0; i < 3; i++) {
      const call = new Call((path) => {
        told.push(i);
        openings.opened(streamOn(path));
      });
      expect(openings.mayOpen(PATH, 3, call)).toBe(false);
    }
    expect(openings.waitingOn(PATH)).toBe(3);
    for (const stream of open.slice(0, 2)) {
      openings.answered(stream);
      openings.answered(stream);
    }
    expect(told).toEqual([0, 1]);
    expect(openings.waiting).toBe(1);
  });

  test("what is more urgent, and another path, do not wait", () => {
    const { openings } = full();
    openings.mayOpen(PATH, 3, new Call());
    expect(openings.mayOpen(PATH, 0, new Call())).toBe(true);
    expect(openings.mayOpen(NEXT, 3, new Call())).toBe(true);
  });

  test("§11: what is less urgent is not admitted while more urgent ones wait", () => {
    const { openings, open } = full();
    const told: string[] = [];
    const calling = (name: string): Call =>
      new Call((path) => {
        told.push(name);
        openings.opened(streamOn(path));
      });
    expect(openings.mayOpen(PATH, 6, calling("before"))).toBe(true);
    openings.mayOpen(PATH, 3, calling("urgent"));
    expect(openings.mayOpen(PATH, 6, calling("less"))).toBe(false);
    expect(told).toEqual([]);
    for (const stream of open.slice(0, 1)) openings.answered(stream);
    expect(told).toEqual(["urgent", "less"]);
  });

  test("ten thousand that are refused in turn are told without growing the stack", () => {
    const { openings, open } = full();
    const calls = Array.from(
      { length: 10_000 },
      () =>
        new Call((path) => {
          const stream = streamOn(path);
          openings.opened(stream);
          openings.answered(stream);
        }),
    );
    for (const call of calls) openings.mayOpen(PATH, 3, call);
    const [first] = open;
    if (first !== undefined) openings.answered(first);
    expect(calls.every(({ path }) => path === PATH)).toBe(true);
    expect(openings.waiting).toBe(0);
  });

  test("those that gave up are forgotten before it is their turn", () => {
    const { openings, open } = full();
    const calls = Array.from({ length: 1000 }, () => new Call());
    for (const call of calls) openings.mayOpen(PATH, 3, call);
    for (const call of calls.slice(0, 990)) {
      call.isOver = true;
      openings.gaveUp(PATH, 3);
    }
    expect(openings.waiting).toBeLessThan(200);
    const [first] = open;
    if (first !== undefined) openings.answered(first);
    expect(calls.map(({ path }) => path).filter((path) => path !== undefined).length).toBe(10);
  });

  test("on a path that takes the place of another they wait with what is open there", () => {
    const { openings, open } = full();
    const call = new Call();
    openings.mayOpen(PATH, 3, call);
    openings.move(PATH, NEXT);
    expect([openings.waitingOn(PATH), openings.waitingOn(NEXT)]).toEqual([0, 1]);
    for (const stream of open) stream.path = NEXT;
    const [first] = open;
    if (first !== undefined) openings.answered(first);
    expect(call.path).toBe(NEXT);
  });

  test("when their path fails they are turned away once, unless they gave up", () => {
    const { openings, open } = full();
    const [call, gone] = [new Call(), new Call()];
    openings.mayOpen(PATH, 3, call);
    openings.mayOpen(PATH, 3, gone);
    gone.isOver = true;
    openings.fail(PATH, OUTCOME);
    openings.forget(PATH);
    for (const stream of open) openings.answered(stream);
    expect([call.outcome, call.path, gone.outcome]).toEqual([OUTCOME, undefined, undefined]);
    expect(openings.waiting).toBe(0);
  });
});
