import { describe, expect, test } from "@jest/globals";
import { EngineMetrics, type EngineEvent } from "@proj/dcquic-core";
import { MetricsRegistry } from "@proj/wire-types";
import { CloseScope } from "#src/wire/constants.js";
import { CountedWire, type WireEnd, type WireFaults } from "../support/counted-wire.js";

const MESSAGES = 300;
const SIZES = [0, 1, 500, 1024, 1025, 5000, 30_000];

function serve(wire: CountedWire) {
  return ({ engine }: WireEnd, event: EngineEvent): void => {
    if (event.kind === "transferOffered") engine.accept(wire.nowUs, event.transfer);
    if (event.kind === "transferDelivered") engine.consume(event.transfer);
  };
}

/** Both sides send messages of all sizes and close streams; the wire counts what it sees. */
function crossed(faults: WireFaults) {
  const config = { rotation: { packets: 500, bytes: 1e12 }, nicBytesPerSecond: 1e8 };
  const wire = new CountedWire(config, faults);
  const taker = serve(wire);
  let bytes = 0;
  for (let i = 0; i < MESSAGES; i++) {
    const length = SIZES[i % SIZES.length] ?? 0;
    bytes += length;
    for (const { engine, path } of wire.ends) {
      const payload = new Uint8Array(length);
      const options = { shape: 0x30, priority: i % 8, messageSeq: 0, payload, track: false };
      const result = engine.announce(wire.nowUs, path, options);
      if (result.kind !== "announced") throw new Error(result.kind);
      if (i % 3 !== 0) continue;
      const { transfer: streamId } = result;
      const close = {
        streamId,
        opener: true,
        scope: CloseScope.SendDone,
        status: 0,
        finalCount: 1,
      };
      engine.close(wire.nowUs, path, close);
    }
    wire.run(wire.nowUs + 100, taker);
  }
  wire.run(wire.nowUs + 4_000_000, taker);
  return { wire, bytes };
}

function valuesOf({ engine }: WireEnd): (name: string) => number | undefined {
  const registry = new MetricsRegistry();
  const metrics = new EngineMetrics(registry, 0);
  metrics.update(engine);
  metrics.update(engine);
  return (name) => registry.value(`dcquic_${name}`, { worker: "0" });
}

const CLEAN = { lost: 0, doubled: 0, damaged: 0, marked: 0 };
const ROUGH = { lost: 0.05, doubled: 0.05, damaged: 0.03, marked: 0.02 };

describe.each([
  ["nothing happens", CLEAN],
  ["datagrams are lost, doubled, damaged and marked", ROUGH],
] as const)("§21: what metrics say is what a wire counts on which %s", (_, faults) => {
  const { wire, bytes } = crossed(faults);

  test.each([0, 1] as const)("at end %d", (index) => {
    const end = wire.ends[index];
    const { came, damaged, events, repeated, sent } = end;
    const value = valuesOf(end);
    const sum = (...names: readonly string[]): number =>
      names.reduce((total, name) => total + (value(name) ?? Number.NaN), 0);
    expect(events.filter(({ kind }) => kind === "transferDelivered")).toHaveLength(MESSAGES);

    expect(value("sent_packets_total")).toBe(sent.packets);
    expect(value("sent_bytes_total")).toBe(sent.bytes);
    expect(value("received_packets_total")).toBe(came.packets);
    expect(value("received_bytes_total")).toBe(came.bytes);
    expect(value("ce_marks_total")).toBe(came.marked);
    expect(value("replayed_packets_total")).toBe(repeated);
    expect(value("open_failures_total")).toBe(damaged);
    expect(value("below_window_packets_total")).toBe(0);

    expect(value("payload_sent_bytes_total")).toBe(sent.payload);
    expect(value("payload_received_bytes_total")).toBe(bytes);
    const arrived = sum("payload_received_bytes_total", "duplicate_bytes_total");
    expect(value("receive_goodput_ratio")).toBe(bytes / arrived);
    expect(value("wire_efficiency_ratio")).toBe(bytes / (sent.bytes + came.bytes));
    // What is known to be here already may be passed over before it is looked at.
    expect(arrived).toBeLessThanOrEqual(came.payload);

    const repeats = ["repeated_announcements_timer_total", "repeated_announcements_fast_total"];
    expect(sum(...repeats)).toBe(sent.renotified);
    expect(value("known_announcements_total")).toBe(came.notifies - came.notifySeqs.size);
    expect(sum("repeated_pulls_timer_total", "repeated_pulls_fast_total")).toBe(sent.repulled);
    expect(value("repeated_pulls_integrity_total")).toBe(0);
    expect(value("repeated_chunks_timer_total")).toBe(sent.ackRequests);
    expect(sum("repeated_closes_timer_total", "repeated_closes_fast_total")).toBe(
      sent.closes - sent.closedStreams.size,
    );
    expect(sent.closedStreams.size).toBe(MESSAGES / 3);
    expect(sum("challenges_total", "repeated_challenges_timer_total")).toBe(sent.challenges);
    expect(value("probes_total")).toBe(sent.probes);
    expect(value("key_rotations_total")).toBe(sent.keyIds.size - 1);
    expect(sent.keyIds.size).toBeGreaterThan(2);
    expect(value("pulls_outstanding_bytes")).toBe(0);
    if (faults === CLEAN) {
      expect([sent.renotified, value("duplicate_bytes_total")]).toEqual([0, 0]);
    } else {
      expect(Math.min(sent.renotified, sent.repulled, repeated, damaged)).toBeGreaterThan(0);
    }
  });
});
