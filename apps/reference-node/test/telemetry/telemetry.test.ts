import { describe, expect, test } from "@jest/globals";
import { formatRecord } from "#src/telemetry/text-log.js";
import { createMetrics } from "#src/telemetry/metrics.js";

describe("text logs", () => {
  test("are one line: time, level, event, fields; control characters are escaped", () => {
    const line = formatRecord(
      JSON.stringify({
        level: "warn",
        ts: "2026-01-02T03:04:05.678Z",
        node: "a",
        event: "xcp.error",
        peer: "127.0.0.1:1",
        error: 'bad "thing"\n\u001b[31m',
        bytes: 5,
      }),
    );
    expect(line).toBe(
      '03:04:05.678 WARN  xcp.error peer=127.0.0.1:1 error="bad \\"thing\\"\\n\\u001b[31m" bytes=5\n',
    );
  });
});

describe("metrics", () => {
  test("are made once per name and rendered for Prometheus", async () => {
    const { meter, observe, render, contentType } = createMetrics();
    const description = { name: "things_total", help: "Things.", labels: ["kind"] };
    meter.counter(description).add(2, { kind: "a" });
    meter.counter(description).add(1, { kind: "a" });
    meter.gauge({ name: "level", help: "Level." }).set(7);
    meter.histogram({ name: "seconds", help: "Time.", buckets: [1, 2] }).observe(1.5);
    observe({ name: "computed", help: "Computed." }, () => 42);
    const text = await render();
    expect(contentType).toContain("text/plain");
    expect(text).toContain('things_total{kind="a"} 3');
    expect(text).toContain("level 7");
    expect(text).toContain('seconds_bucket{le="2"} 1');
    expect(text).toContain("computed 42");
    expect(text).toContain("process_resident_memory_bytes");
  });

  test("have one kind of instrument to a name", () => {
    const { meter, observe } = createMetrics();
    meter.gauge({ name: "level", help: "Level." });
    expect(() => observe({ name: "level", help: "Level." }, () => 1)).toThrow(/level/);
  });
});
