import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DwcpManager, ManagementServer, type PeerAddress } from "@proj/dwcp/node";
import { BusyMemory } from "../../support/busy-memory.js";

const key = randomBytes(32);
let folder: string;
let receiver: DwcpManager;
let sender: DwcpManager;
let server: ManagementServer;
let url: string;
let memories: BusyMemory[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "dwcp-migrations-"));
  memories = [];
  receiver = manage({ id: "receiver", listen: "127.0.0.1:0" }, join(folder, "store"));
  sender = manage({ id: "sender" });
  await receiver.start();
  await sender.start();
  server = new ManagementServer(sender, { host: "127.0.0.1", port: 0 });
  url = `http://127.0.0.1:${(await server.open()).port}`;
});

afterEach(async () => {
  for (const each of memories) each.stop();
  await server.close();
  await sender.stop();
  await receiver.stop();
  rmSync(folder, { recursive: true, force: true });
});

function manage(node: object, store?: string): DwcpManager {
  const config = {
    enabled: true,
    node,
    transport: { minStreams: 1, initialStreams: 2, maxStreams: 4, shutdownTimeoutMs: 1_000 },
    compression: { workers: 1 },
    migration: { maxConcurrent: 1, downtimeMs: 5_000, maxRounds: 3 },
  };
  return new DwcpManager({ config, key, store });
}

function where(): PeerAddress {
  if (receiver.address === undefined) throw new Error("it listens");
  return receiver.address;
}

function memory(): BusyMemory {
  const made = new BusyMemory(300, 1);
  memories.push(made);
  return made;
}

async function ask(path: string, method = "GET"): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${url}${path}`, { method });
  const text = await response.text();
  return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
}

test("B16: as many migrations as are allowed are under way; the others wait, and are counted", async () => {
  const first = sender.migrate(where(), { key: "a", source: memory() });
  const second = sender.migrate(where(), { key: "b", source: memory() });
  expect(sender.migrations.map(({ key: of, state }) => [of, state])).toEqual([
    ["a", "moving"],
    ["b", "waiting"],
  ]);
  expect(sender.health.runningMigrations).toBe(2);
  expect((await ask("/migrations")).body).toMatchObject([{ key: "a" }, { key: "b" }]);
  const results = await Promise.all([first, second]);
  const { metrics } = sender;
  expect(metrics.value("dwcp_migrations_total", { result: "ok" })).toBe(2);
  expect(metrics.value("dwcp_migrations_running")).toBe(0);
  const rounds = results.reduce((sum, result) => sum + result.rounds.length, 0);
  expect(metrics.value("dwcp_migration_rounds")).toBe(rounds);
  const seconds = results.reduce((sum, { downtimeUs }) => sum + downtimeUs / 1e6, 0);
  expect(metrics.value("dwcp_migration_downtime_seconds")).toBeCloseTo(seconds);
  const wire = results.reduce((sum, { wireBytes }) => sum + wireBytes, 0);
  const peer = `127.0.0.1:${where().port}`;
  expect(metrics.value("dwcp_transfer_wire_bytes_total", { peer })).toBe(wire);
  expect(metrics.value("dwcp_amst_unit_bytes_total", { peer })).toBe(wire);
});

test("a migration that waits can be ended; its source never notices", async () => {
  const first = sender.migrate(where(), { key: "a", source: memory() });
  const source = memory();
  const second = sender.migrate(where(), { key: "b", source });
  const id = sender.migrations[1]?.id ?? 0;
  expect((await ask(`/migrations/${id}/cancel`, "POST")).status).toBe(202);
  await expect(second).rejects.toMatchObject({ code: "dwcp.cancelled" });
  await first;
  expect(source.log).toEqual([]);
  expect((await ask(`/migrations/${id}/cancel`, "POST")).status).toBe(404);
  expect(sender.metrics.value("dwcp_migrations_total", { result: "dwcp.cancelled" })).toBe(1);
});

test("disabled, nothing is moved", async () => {
  const off = new DwcpManager({ config: { enabled: false, node: { id: "off" } } });
  const moving = off.migrate(where(), { key: "k", source: memory() });
  await expect(moving).rejects.toMatchObject({ code: "dwcp.disabled" });
});

test("B17: what encoding took, its level, units by codec; the streams of a session", async () => {
  await sender.transfer(where(), {
    key: "k",
    from: Buffer.alloc(3_000_000, "what repeats itself "),
  });
  const { metrics } = sender;
  const codecs = ["RAW", "ZSTD", "PREFIX_ZSTD", "PAGES", "COPYLIT"];
  const sum = (name: "dwcp_hde_units_total" | "dwcp_hde_encode_seconds_total"): number =>
    codecs.reduce((total, codec) => total + metrics.value(name, { codec }), 0);
  expect(sum("dwcp_hde_units_total")).toBeGreaterThan(0);
  expect(sum("dwcp_hde_encode_seconds_total")).toBeGreaterThan(0);
  expect(metrics.value("dwcp_hde_level")).toBeGreaterThan(0);
  const { body } = await ask("/streams");
  const first = { index: 0, node: "receiver", phase: "active", inflightBytes: 0 };
  expect(body).toEqual(expect.arrayContaining([expect.objectContaining(first)]));
});

test("B17: bytes of a transfer that came to nothing are counted, too", async () => {
  const abort = new AbortController();
  const sending = sender.transfer(where(), {
    key: "k",
    from: randomBytes(30_000_000),
    signal: abort.signal,
    progress: (arrived) => {
      if (arrived > 0) abort.abort();
    },
  });
  await expect(sending).rejects.toMatchObject({ code: "dwcp.cancelled" });
  const peer = `127.0.0.1:${where().port}`;
  const counted = sender.metrics.value("dwcp_transfer_wire_bytes_total", { peer });
  expect(counted).toBeGreaterThan(0);
  expect(counted).toBe(sender.metrics.value("dwcp_amst_unit_bytes_total", { peer }));
});
