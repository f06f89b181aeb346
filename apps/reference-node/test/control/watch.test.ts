import { beforeEach, describe, expect, test } from "@jest/globals";
import { RpcStub } from "@proj/capnweb-rpc";
import { ManualTime } from "@proj/wire-types";
import { NodeLook } from "#src/control/node-look.js";
import type { NodeHealth, NodeSnapshot } from "#src/control/reports.js";
import { SessionBook } from "#src/control/session-book.js";
import { type SnapshotSink, Watch } from "#src/control/watch.js";

let time: ManualTime;
let seen: NodeSnapshot[];
let ended: number;

beforeEach(() => {
  time = new ManualTime(1_000_000);
  seen = [];
  ended = 0;
});

/** Lets calls to the sink, and their answers, run. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function watch(sink: SnapshotSink<NodeSnapshot>): Watch<NodeSnapshot> {
  const health: NodeHealth = { state: "ready" } as NodeHealth;
  const view = new NodeLook({ book: new SessionBook(time), time, health: () => health });
  return new Watch(new RpcStub(sink), {
    look: (skipped) => view.look(skipped),
    time,
    intervalMs: 1000,
    ended: () => ended++,
  });
}

describe("a watch", () => {
  test("tells at once, and then once per interval", async () => {
    const own = watch((snapshot) => void seen.push(snapshot));
    for (let i = 0; i < 3; i++) {
      await settle();
      time.advance(1_000_000);
    }
    await settle();
    expect(seen.map(({ sequence, atMs, skipped }) => [sequence, atMs, skipped])).toEqual([
      [1, 1_000_000, 0],
      [2, 1_001_000, 0],
      [3, 1_002_000, 0],
      [4, 1_003_000, 0],
    ]);
    own.stop();
    expect([ended, time.pending]).toEqual([1, 0]);
  });

  test("never calls a sink that is not done, and counts what it left out", async () => {
    let done = (): void => undefined;
    watch((snapshot) => {
      seen.push(snapshot);
      return new Promise<void>((resolve) => {
        done = resolve;
      });
    });
    await settle();
    for (let i = 0; i < 5; i++) {
      time.advance(1_000_000);
      await settle();
    }
    expect(seen).toHaveLength(1);
    done();
    await settle();
    time.advance(1_000_000);
    await settle();
    expect(seen.map(({ sequence, skipped }) => [sequence, skipped])).toEqual([
      [1, 0],
      [2, 5],
    ]);
  });

  test("is over when its sink fails, and leaves no timer", async () => {
    watch(() => {
      throw new Error("enough");
    });
    await settle();
    expect([ended, time.pending]).toEqual([1, 0]);
  });

  test("is over when there is nothing to look at any more, and takes nobody along", async () => {
    let looks = 0;
    const own = new Watch(new RpcStub((snapshot: NodeSnapshot) => void seen.push(snapshot)), {
      look: () => {
        if (++looks > 2) throw new Error("the database is not open");
        return undefined;
      },
      time,
      intervalMs: 1000,
      ended: () => ended++,
    });
    await settle();
    time.advance(10_000_000);
    expect([looks, seen.length, ended, time.pending]).toEqual([3, 0, 1, 0]);
    own.stop();
    expect(ended).toBe(1);
  });

  test("does not begin where there is nothing to look at", () => {
    const look = (): NodeSnapshot => {
      throw new Error("the database is not open");
    };
    const sink = new RpcStub(() => undefined);
    const begin = () => new Watch(sink, { look, time, intervalMs: 1000, ended: () => ended++ });
    expect(begin).toThrow("not open");
    expect([ended, time.pending]).toEqual([1, 0]);
  });

  test("is over when it is disposed, once, even while the sink works", async () => {
    const own = watch((snapshot) => {
      seen.push(snapshot);
      return new Promise(() => undefined);
    });
    await settle();
    own[Symbol.dispose]();
    own.stop();
    time.advance(10_000_000);
    await settle();
    expect([seen.length, ended, time.pending]).toEqual([1, 1, 0]);
  });

  test("lets go of its sink", async () => {
    let gone = 0;
    const sink: SnapshotSink<NodeSnapshot> = Object.assign(() => undefined, {
      [Symbol.dispose]: () => void gone++,
    });
    watch(sink).stop();
    await settle();
    expect(gone).toBe(1);
  });
});
