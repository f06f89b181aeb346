import { expect, test } from "@jest/globals";
import { silentTelemetry } from "@proj/wire-types";

test("silent telemetry takes everything and keeps nothing", () => {
  const { log, meter, tracer } = silentTelemetry;
  const description = { name: "x", help: "X." };
  expect(log.log({ level: "info", event: "test.happened", fields: {} })).toBeUndefined();
  expect(meter.counter(description).add(1)).toBeUndefined();
  expect(meter.gauge(description).set(1)).toBeUndefined();
  expect(meter.histogram(description).observe(1)).toBeUndefined();
  expect(tracer.start("op", {}).end()).toBeUndefined();
});
