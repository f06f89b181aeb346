import { expect, test } from "@jest/globals";
import { readConfig, requireConfig } from "@proj/dwcp";
import { dwcpSchema } from "#src/replicate/dwcp-config.js";
import { settingsOf } from "#src/replicate/dwcp-settings.js";

function configOf(table: object, found: unknown = {}) {
  return requireConfig(settingsOf(found, dwcpSchema.parse(table), "node"));
}

test("streams of [dwcp] become those of the transport, in all and of one session", () => {
  expect(configOf({})).toMatchObject({
    "transport.minStreams": 16,
    "transport.initialStreams": 32,
    "transport.maxStreams": 256,
    "transport.maxStreamsTotal": 0,
  });
  expect(configOf({ max_streams: 64, max_streams_total: 100 })).toMatchObject({
    "transport.minStreams": 16,
    "transport.maxStreams": 64,
    "transport.maxStreamsTotal": 100,
  });
});

test.each([1, 4, 15, 16, 65_536])("all sessions may share %d streams", (total) => {
  expect(configOf({ max_streams_total: total })["transport.maxStreamsTotal"]).toBe(total);
});

test("a settings file says it in its own words, and is checked as a whole", () => {
  const table = dwcpSchema.parse({ settings_file: "dwcp.yaml", max_streams_total: 3 });
  const found = { transport: { minStreams: 20, maxStreamsTotal: 10 } };
  expect(readConfig(settingsOf(found, table, "node"))).toMatchObject({
    problems: [{ path: "transport.maxStreamsTotal" }],
  });
  expect(() => dwcpSchema.parse({ max_streams_total: 65_537 })).toThrow("max_streams_total");
});
