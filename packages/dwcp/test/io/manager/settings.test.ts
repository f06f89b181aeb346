import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { DwcpManager, type ManagerHealth, type PeerAddress } from "@proj/dwcp/node";
import { until } from "@proj/wire-types/testing";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BusyMemory } from "../../support/busy-memory.js";
import { words } from "../../support/hde.js";

const key = randomBytes(32);

let folder: string;
let receiver: DwcpManager;
let sender: DwcpManager;
let peer: PeerAddress;
let heard: ManagerHealth[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "dwcp-settings-"));
  heard = [];
  receiver = new DwcpManager({
    key,
    store: join(folder, "store"),
    config: { ...configOf({}), node: { id: "receiver", listen: "127.0.0.1:0" } },
  });
  sender = new DwcpManager({
    key,
    config: configOf({}),
    healthChanged: (health) => void heard.push(health),
  });
  await Promise.all([receiver.start(), sender.start()]);
  if (receiver.address === undefined) throw new Error("it listens");
  peer = receiver.address;
});

afterEach(async () => {
  await Promise.all([sender.stop(), receiver.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

function configOf(compression: object, transport: object = {}): object {
  const streams = { minStreams: 2, initialStreams: 2, maxStreams: 4 };
  const times = { shutdownTimeoutMs: 1_000, sessionTtlMs: 1_000, connectTimeoutMs: 1_000 };
  return {
    enabled: true,
    node: { id: "sender" },
    transport: { ...streams, ...times, ...transport },
    compression: { workers: 1, ...compression },
    health: { intervalMs: 100 },
  };
}

async function sentBytes(bytes: Uint8Array, generation: number): Promise<number> {
  const { wireBytes } = await sender.transfer(peer, { key: "k", generation, from: bytes });
  expect(readFileSync(receiver.store?.latest("k")?.path ?? "").equals(bytes)).toBe(true);
  return wireBytes;
}

test("B16: compression.minRatio stores what shrinks by less, from the next transfer on", async () => {
  const text = words(1_000_000, 1);
  expect(await sentBytes(text, 1)).toBeLessThan(text.length / 2);
  await sender.reconfigure(configOf({ minRatio: 50 }), { etag: sender.etag, allowRestart: false });
  expect(await sentBytes(text, 2)).toBeGreaterThan(text.length);
});

test("B16: transport.sendAheadUnits says how far workers may be ahead, and everything arrives", async () => {
  const changes = await sender.reconfigure(configOf({}, { sendAheadUnits: 1 }), {
    etag: sender.etag,
    allowRestart: false,
  });
  expect(changes.map(({ path }) => path)).toEqual(["transport.sendAheadUnits"]);
  const noise = randomBytes(30_000_000);
  expect(await sentBytes(noise, 1)).toBeGreaterThan(noise.length);
});

test("B16: health is looked after every health.intervalMs, and told when it changes", async () => {
  await until(() => heard.length > 0, "the first look", { everyMs: 20 });
  expect(heard[0]).toMatchObject({ state: "running", ready: true });
  const nowhere = { host: "127.0.0.1", port: 1 };
  const sending = sender.transfer(nowhere, { key: "k", from: key }).catch(() => "failed");
  await until(() => heard.some(({ state }) => state === "degraded"), "trouble", { everyMs: 20 });
  expect(await sending).toBe("failed");
  await until(() => heard.at(-1)?.state === "running", "its end", { everyMs: 20 });
  // As often as it changed, and not once more.
  expect(heard.map(({ state }) => state)).toEqual(["running", "degraded", "running"]);
});

test("B16: node.peers says who may be sent to, at once", async () => {
  const listing = (...peers: string[]) => ({ ...configOf({}), node: { id: "sender", peers } });
  const terms = () => ({ etag: sender.etag, allowRestart: false });
  await sender.reconfigure(listing("127.0.0.1:1"), terms());
  const refusal = {
    code: "dwcp.invalid_config",
    message: `node.peers does not list 127.0.0.1:${peer.port}`,
  };
  await expect(sentBytes(words(1_000, 1), 1)).rejects.toMatchObject(refusal);
  const source = new BusyMemory(1, 1);
  await expect(sender.migrate(peer, { key: "m", source })).rejects.toMatchObject(refusal);
  source.stop();
  await sender.reconfigure(listing("127.0.0.1:1", `127.0.0.1:${peer.port}`), terms());
  expect(await sentBytes(words(1_000, 1), 1)).toBeGreaterThan(0);
});

test("B16: transport.maxStreamsTotal holds at once for sessions there are, and health and metrics tell of it", async () => {
  await sentBytes(words(1_000, 1), 1);
  const streams = (): number => sender.metrics.value("dwcp_amst_streams_active", { peer: named });
  const named = `${peer.host}:${peer.port}`;
  const limit = (total: number): Promise<unknown> =>
    sender.reconfigure(configOf({}, { minStreams: 1, maxStreamsTotal: total }), terms());
  const terms = () => ({ etag: sender.etag, allowRestart: true });
  // Another least number closes the sessions; from then on nothing does.
  await limit(0);
  await sentBytes(words(1_000, 1), 2);
  await until(() => streams() === 2, "both streams", { everyMs: 5 });
  expect(sender.metrics.value("dwcp_amst_streams_limit")).toBe(16);
  expect(sender.health.note).toBeUndefined();
  await limit(1);
  await until(() => streams() === 1, "one stream", { everyMs: 5 });
  expect(sender.metrics.value("dwcp_amst_streams_limit")).toBe(1);
  expect(sender.health).toMatchObject({
    state: "running",
    note: "sessions share 1 stream, all that the process may have",
  });
  await until(() => heard.at(-1)?.note !== undefined, "that it is told", { everyMs: 20 });
  await limit(8);
  await until(() => streams() === 2, "both streams again", { everyMs: 5 });
  expect(sender.health.note).toBeUndefined();
});

test("B16: what transport.maxStreamsTotal keeps out is counted at the receiver", async () => {
  const config = {
    ...configOf({}, { maxStreamsTotal: 2 }),
    node: { id: "r", listen: "127.0.0.1:0" },
  };
  await receiver.reconfigure(config, { etag: receiver.etag, allowRestart: true });
  if (receiver.address === undefined) throw new Error("it listens");
  peer = receiver.address;
  await sentBytes(words(1_000, 1), 1);
  const other = new DwcpManager({ key, config: configOf({}) });
  await other.start();
  await other.transfer(peer, { key: "k", generation: 2, from: words(1_000, 2) });
  await until(() => receiver.metrics.value("dwcp_amst_streams_refused_total") > 0, "a refusal");
  const incoming = { peer: "incoming" };
  await until(
    () => receiver.metrics.value("dwcp_amst_streams_active", incoming) === 2,
    "one stream each",
  );
  await other.stop();
});
