import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DwcpManager, type PeerAddress } from "@proj/dwcp/node";
import { type ProxiedConnection, startTcpProxy, type TcpProxy } from "@proj/wan";
import { until } from "@proj/wire-types/testing";

const key = randomBytes(32);
let folder: string;
let receiver: DwcpManager;
let sender: DwcpManager;
let proxy: TcpProxy;
let peer: PeerAddress;
let connections: ProxiedConnection[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "dwcp-traffic-"));
  connections = [];
  receiver = manage({ id: "receiver", listen: "127.0.0.1:0" }, join(folder, "store"));
  sender = manage({ id: "sender" });
  await receiver.start();
  await sender.start();
  proxy = await startTcpProxy({
    toPort: receiver.address?.port ?? 0,
    onConnection: (connection) => void connections.push(connection),
  });
  peer = { host: "127.0.0.1", port: proxy.port };
});

afterEach(async () => {
  await sender.stop();
  await receiver.stop();
  await proxy.close();
  rmSync(folder, { recursive: true, force: true });
});

function manage(node: object, store?: string): DwcpManager {
  const config = {
    enabled: true,
    node,
    transport: { minStreams: 4, initialStreams: 4, maxStreams: 8, shutdownTimeoutMs: 1_000 },
    compression: { workers: 1 },
  };
  return new DwcpManager({ config, key, store });
}

function sum(of: (connection: ProxiedConnection) => number): number {
  return connections.reduce((total, connection) => total + of(connection), 0);
}

describe("B17: what is counted is what went over the wire", () => {
  test("bytes of sockets, and bytes of units, of transfers at the same time", async () => {
    const objects = [randomBytes(3_000_000), randomBytes(1_234_567), new Uint8Array(900_000)];
    const sent = await Promise.all(
      objects.map((from, i) => sender.transfer(peer, { key: `object ${i}`, from })),
    );
    const name = `${peer.host}:${peer.port}`;
    const there = () => sender.metrics.value("dwcp_amst_bytes_sent_total", { peer: name });
    const back = () => sender.metrics.value("dwcp_amst_bytes_received_total", { peer: name });
    await until(() => there() === sum(({ bytesToServer }) => bytesToServer), "bytes sent");
    await until(() => back() === sum(({ bytesToClient }) => bytesToClient), "bytes received");
    await until(
      () =>
        receiver.metrics.value("dwcp_amst_bytes_received_total", { peer: "incoming" }) === there(),
      "the receiver's bytes",
    );
    const units = sent.reduce((total, { wireBytes }) => total + wireBytes, 0);
    const { metrics } = sender;
    expect(metrics.value("dwcp_amst_unit_bytes_total", { peer: name })).toBe(units);
    expect(metrics.value("dwcp_transfer_wire_bytes_total", { peer: name })).toBe(units);
    expect(units).toBeGreaterThan(4_234_567);
    expect(there()).toBeGreaterThan(units);
    expect(there()).toBeLessThan(units + 100_000);
    const active = () => sender.metrics.value("dwcp_amst_streams_active", { peer: name });
    await until(() => active() >= 4, "four streams");
    expect(metrics.value("dwcp_amst_rtt_seconds", { peer: name, kind: "min" })).toBeGreaterThan(0);
    expect(metrics.value("dwcp_amst_inflight_bytes", { peer: name })).toBe(0);
    const total = there();
    await sender.stop();
    expect(active()).toBe(0);
    expect(there()).toBeGreaterThanOrEqual(total);
  });

  test("streams that break are counted; with too few of them a manager is degraded", async () => {
    await sender.transfer(peer, { key: "first", from: randomBytes(100_000) });
    await until(() => connections.length >= 4 && sender.state === "running", "four connections");
    proxy.admit("refuse");
    for (const connection of connections) connection.reset();
    await until(() => sender.state === "degraded", "the sender to be degraded");
    expect(sender.health).toMatchObject({ live: true, ready: true, state: "degraded" });
    expect(sender.health.reason).toContain("too few");
    const health = { component: "manager" };
    expect(sender.metrics.value("dwcp_system_component_health", health)).toBe(1);
    proxy.admit("accept");
    await until(() => sender.state === "running", "the sender to run again");
    expect(sender.metrics.value("dwcp_system_component_health", health)).toBe(2);
    const name = `${peer.host}:${peer.port}`;
    const deaths = ["broken", "peer"].reduce(
      (total, reason) =>
        total + sender.metrics.value("dwcp_amst_stream_deaths_total", { peer: name, reason }),
      0,
    );
    expect(deaths).toBeGreaterThanOrEqual(4);
    expect(sender.metrics.value("dwcp_session_resumes_total", { peer: name })).toBe(1);
  });

  test("a transfer that is paused stays so when its session is lost, and goes on when asked to", async () => {
    await proxy.close();
    proxy = await startTcpProxy({
      toPort: receiver.address?.port ?? 0,
      bytesPerSecond: 400_000,
      onConnection: (connection) => void connections.push(connection),
    });
    const bytes = randomBytes(4_000_000);
    const sending = sender.transfer(
      { host: "127.0.0.1", port: proxy.port },
      { key: "k", from: bytes },
    );
    await until(() => (sender.transfers[0]?.arrivedBytes ?? 0) > 0, "the first bytes");
    const id = sender.transfers[0]?.id ?? 0;
    expect(sender.pause(id)).toBe(true);
    const inflight = () =>
      sender.traffic.reduce((total, { inflightBytes }) => total + inflightBytes, 0);
    await until(() => inflight() === 0, "nothing under way");
    const arrived = sender.transfers[0]?.arrivedBytes;
    expect(arrived).toBeGreaterThan(0);
    expect(arrived).toBeLessThan(bytes.length);
    const before = connections.length;
    for (const connection of connections) connection.reset();
    await until(
      () => connections.length >= before + 4 && sender.state === "running",
      "connections in place of those",
    );
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(sender.transfers[0]).toMatchObject({ arrivedBytes: arrived, isPaused: true });
    expect(sender.continue(id)).toBe(true);
    expect((await sending).rawBytes).toBe(bytes.length);
    expect([sender.pause(id), sender.continue(id)]).toEqual([false, false]);
  });

  test("a peer that cannot be reached, while something waits for it, is said", async () => {
    proxy.admit("refuse");
    const abort = new AbortController();
    const sending = sender.transfer(peer, {
      key: "k",
      from: randomBytes(10),
      signal: abort.signal,
    });
    await until(() => sender.state === "degraded", "the sender to be degraded");
    expect(sender.health.reason).toContain("cannot be reached");
    abort.abort();
    await expect(sending).rejects.toMatchObject({ code: "dwcp.cancelled" });
    expect(sender.state).toBe("running");
  });
});
