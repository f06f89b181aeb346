import { describe, expect, test } from "@jest/globals";
import {
  type DcquicEvent,
  type EngineEvent,
  EventBus,
  EventGroup,
  EventRing,
  id64,
  type PathId,
  tellEngineEvent,
} from "@proj/dcquic-core";

const path = 3 as PathId;
const drained: EngineEvent = {
  kind: "transferDrained",
  path,
  transfer: id64(1, 2),
  isFirstWord: false,
};
const failed: EngineEvent = { kind: "pathFailed", path, status: 6 };

function debugEvent(tUs: number, level: DcquicEvent["level"] = "debug"): DcquicEvent {
  return { tUs, worker: 0, group: "net", level, kind: "net.test", details: {} };
}

describe("§3 row 21, observability, §21: events", () => {
  test("subscribers get the groups and levels they asked for, without payloads", () => {
    const bus = new EventBus();
    const all: DcquicEvent[] = [];
    const paths: string[] = [];
    bus.subscribe({ level: "debug", onEvent: (event) => all.push(event) });
    bus.subscribe({ mask: EventGroup.path, onEvent: ({ kind }) => paths.push(kind) });
    tellEngineEvent(bus, 5, 1, drained);
    tellEngineEvent(bus, 6, 1, failed);
    const delivered = { kind: "transferDelivered", path, transfer: id64(1, 3) } as const;
    tellEngineEvent(bus, 7, 1, { ...delivered, bytes: new Uint8Array(9) });
    expect(paths).toEqual(["path.failed"]);
    expect(all.map(({ kind }) => kind)).toEqual([
      "transfer.drained",
      "path.failed",
      "transfer.delivered",
    ]);
    expect(all[2]).toMatchObject({ tUs: 7, worker: 1, details: { byteLength: 9 } });
    expect(JSON.stringify(all)).not.toContain('bytes"');
  });

  test("what nobody wants is not built", () => {
    const bus = new EventBus();
    expect(bus.wants("transfer", "critical")).toBe(false);
    const leave = bus.subscribe({ mask: EventGroup.health, level: "info", onEvent: () => {} });
    expect([bus.wants("health", "info"), bus.wants("health", "debug")]).toEqual([true, false]);
    leave();
    expect(bus.wants("health", "info")).toBe(false);
  });

  test("a subscriber that throws is counted and disturbs nobody", () => {
    const bus = new EventBus();
    let heard = 0;
    bus.subscribe({
      onEvent: () => {
        throw new Error("mine");
      },
    });
    bus.subscribe({ onEvent: () => (heard += 1) });
    tellEngineEvent(bus, 1, 0, failed);
    expect([heard, bus.failures]).toEqual([1, 1]);
  });

  test("D-22: a full ring drops the newest debug events and says how many", () => {
    const ring = new EventRing(3);
    for (let t = 0; t < 4; t++) ring.push(debugEvent(t));
    ring.push(debugEvent(4, "critical"));
    const taken = ring.take(9, 2);
    expect(taken.map(({ tUs }) => tUs)).toEqual([0, 1, 4, 9]);
    expect(taken.at(-1)).toMatchObject({ kind: "worker.eventsDropped", details: { count: 2 } });
    expect(ring.size).toBe(0);
  });
});
