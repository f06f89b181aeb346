import { describe, expect, test } from "@jest/globals";
import { MetricsRegistry, OVERFLOW_LABEL } from "@proj/wire-types";

const requests = { name: "requests_total", help: "Requests.", labels: ["method", "code"] };
const latency = { name: "latency_seconds", help: "Latency.", buckets: [0.1, 1] };

describe("a metrics registry", () => {
  test("adds counters up by label values", () => {
    const registry = new MetricsRegistry();
    const counter = registry.counter(requests);
    counter.add(1, { method: "get", code: "200" });
    counter.add(2, { code: "200", method: "get" });
    counter.add(5, { method: "put" });
    expect(registry.value("requests_total", { method: "get", code: "200" })).toBe(3);
    expect(registry.value("requests_total", { method: "put", code: "" })).toBe(5);
    expect(registry.value("requests_total", { method: "none", code: "" })).toBe(0);
    expect(registry.value("unknown")).toBeUndefined();
  });

  test("keeps the last value of a gauge", () => {
    const registry = new MetricsRegistry();
    const gauge = registry.gauge({ name: "streams", help: "Open streams." });
    expect(registry.value("streams")).toBe(0);
    gauge.set(3);
    gauge.set(2);
    expect(registry.snapshot()).toEqual([
      {
        kind: "gauge",
        name: "streams",
        help: "Open streams.",
        samples: [{ labels: {}, value: 2 }],
      },
    ]);
  });

  test("counts a histogram's observations in cumulative buckets", () => {
    const registry = new MetricsRegistry();
    const histogram = registry.histogram(latency);
    for (const value of [0.05, 0.1, 0.5, 7]) histogram.observe(value);
    expect(registry.value("latency_seconds")).toBe(4);
    expect(registry.snapshot()).toEqual([
      {
        kind: "histogram",
        name: "latency_seconds",
        help: "Latency.",
        bounds: [0.1, 1],
        samples: [{ labels: {}, count: 4, sum: 7.65, buckets: [2, 3] }],
      },
    ]);
  });

  test("gives the same instrument for the same name", () => {
    const registry = new MetricsRegistry();
    registry.counter(requests).add(1, {});
    registry.counter(requests).add(1, {});
    expect(registry.value("requests_total", {})).toBe(2);
    expect(registry.snapshot()).toHaveLength(1);
  });

  test("refuses a second description of one name", () => {
    const registry = new MetricsRegistry();
    registry.counter(requests);
    expect(() => registry.gauge(requests)).toThrow(TypeError);
    expect(() => registry.counter({ ...requests, labels: ["method"] })).toThrow(TypeError);
    registry.histogram(latency);
    expect(() => registry.histogram({ ...latency, buckets: [1] })).toThrow(TypeError);
  });

  test("bounds the label combinations it keeps and loses no observation", () => {
    const registry = new MetricsRegistry({ maxSeries: 3 });
    const counter = registry.counter(requests);
    for (let i = 0; i < 100; i++) counter.add(1, { method: `m${i}`, code: "200" });
    counter.add(1, { method: "m0", code: "200" });
    const overflow = { method: OVERFLOW_LABEL, code: OVERFLOW_LABEL };
    expect(registry.value("requests_total", overflow)).toBe(97);
    expect(registry.value("requests_total", { method: "m0", code: "200" })).toBe(2);
    expect(registry.snapshot()[0]?.samples).toHaveLength(4);
  });

  test("keeps label values apart that look alike when joined", () => {
    const registry = new MetricsRegistry();
    const counter = registry.counter(requests);
    counter.add(1, { method: 'a","b', code: "" });
    counter.add(1, { method: "a", code: 'b","' });
    expect(registry.snapshot()[0]?.samples).toHaveLength(2);
  });

  test("refuses what is no measurement or no name", () => {
    const registry = new MetricsRegistry();
    expect(() => registry.counter(requests).add(-1)).toThrow(RangeError);
    expect(() => registry.counter(requests).add(Number.NaN)).toThrow(RangeError);
    expect(() => registry.counter(requests).add(1, { host: "a" })).toThrow(TypeError);
    expect(() => registry.histogram(latency).observe(Number.NaN)).toThrow(RangeError);
    expect(() => registry.gauge({ name: "with space", help: "" })).toThrow(TypeError);
    expect(() => registry.gauge({ name: "a", help: "", labels: ["b-c"] })).toThrow(TypeError);
    expect(() => registry.histogram({ name: "b", help: "", buckets: [2, 1] })).toThrow(TypeError);
  });

  test("a snapshot does not change later", () => {
    const registry = new MetricsRegistry();
    const counter = registry.counter({ name: "a", help: "A." });
    const before = registry.snapshot();
    counter.add(1);
    expect(before[0]?.samples).toEqual([{ labels: {}, value: 0 }]);
  });
});
