import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { backend } from "@proj/native-io";
import type { StreamReading } from "@proj/dwcp/node";
import { until } from "@proj/wire-types/testing";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { addressOf, storedIn, TwoNodes } from "../support/two-nodes.js";

const isNative = backend.kind === "native" && process.platform === "linux";

let nodes: TwoNodes;
beforeEach(() => {
  nodes = new TwoNodes();
});
afterEach(() => nodes.close());

/** The streams of both sides, while an object is under way by this congestion control. */
async function streamsBy(
  congestionControl: "reno" | "cubic" | "system",
): Promise<readonly StreamReading[]> {
  const receiver = await nodes.start({
    nodeId: "receiver",
    congestionControl,
    listen: { host: "127.0.0.1", port: 0 },
    store: join(nodes.folder, "store"),
  });
  const sender = await nodes.start({ nodeId: "sender", congestionControl });
  const bytes = randomBytes(2_000_000);
  await sender.send(addressOf(receiver), { key: "k", from: bytes });
  expect(storedIn(receiver, "k").equals(bytes)).toBe(true);
  const both = () => [...sender.streams, ...receiver.streams];
  await until(() => both().length >= 4, "two streams at each side");
  return both();
}

describe("B13: the kernel's part", () => {
  test.each(["reno", "cubic", "system"] as const)(
    "%s is what every stream of both sides goes by, and everything arrives without it, too",
    async (asked) => {
      const streams = await streamsBy(asked);
      if (!isNative) {
        for (const { tcp } of streams) expect(tcp).toBeUndefined();
        return;
      }
      const own = ofKernel("tcp_congestion_control");
      const isAllowed = ofKernel("tcp_allowed_congestion_control").split(" ").includes(asked);
      for (const { tcp } of streams) {
        expect(tcp?.congestionControl).toBe(isAllowed ? asked : own);
        expect(tcp?.rttUs).toBeGreaterThan(0);
        expect(tcp?.congestionWindowSegments).toBeGreaterThan(0);
      }
    },
  );
});

function ofKernel(name: string): string {
  return readFileSync(`/proc/sys/net/ipv4/${name}`, "latin1").trim();
}
