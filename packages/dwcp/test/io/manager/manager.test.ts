import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DwcpMetricTable } from "@proj/dwcp";
import {
  DwcpManager,
  ManagementServer,
  type ManagerOptions,
  readConfigFile,
} from "@proj/dwcp/node";

const key = randomBytes(32);
const streams = { minStreams: 1, initialStreams: 2, maxStreams: 4 };
let folder: string;
let managers: DwcpManager[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dwcp-manager-"));
  managers = [];
});

afterEach(async () => {
  for (const manager of managers) await manager.stop();
  rmSync(folder, { recursive: true, force: true });
});

function manage(config: object, more: Partial<ManagerOptions> = {}): DwcpManager {
  const manager = new DwcpManager({ config, key, ...more });
  managers.push(manager);
  return manager;
}

function receiverConfig(more: object = {}): object {
  return {
    enabled: true,
    node: { id: "receiver", listen: "127.0.0.1:0" },
    transport: { shutdownTimeoutMs: 1_000 },
    compression: { workers: 1 },
    ...more,
  };
}

function senderConfig(more: object = {}): object {
  const transport = { ...streams, shutdownTimeoutMs: 1_000 };
  return { enabled: true, node: { id: "sender" }, transport, compression: { workers: 1 }, ...more };
}

async function receiving(): Promise<DwcpManager> {
  const receiver = manage(receiverConfig(), { store: join(folder, "store") });
  await receiver.start();
  return receiver;
}

function addressOf(manager: DwcpManager): { host: string; port: number } {
  if (manager.address === undefined) throw new Error("it listens");
  return manager.address;
}

function stored(manager: DwcpManager, name: string): Buffer {
  return readFileSync(manager.store?.latest(name)?.path ?? "");
}

describe("a manager", () => {
  test("sends by DWCP, and its metrics agree with the result", async () => {
    const receiver = await receiving();
    const sender = manage(senderConfig());
    await sender.start();
    const bytes = randomBytes(3_000_000);
    const peer = addressOf(receiver);
    const sent = await sender.transfer(peer, { key: "k", from: bytes });
    expect(sent.path).toBe("dwcp");
    expect(stored(receiver, "k").equals(bytes)).toBe(true);
    const name = `${peer.host}:${peer.port}`;
    const { metrics } = sender;
    expect(metrics.value("dwcp_transfer_wire_bytes_total", { peer: name })).toBe(sent.wireBytes);
    expect(metrics.value("dwcp_transfer_raw_bytes_total", { peer: name })).toBe(bytes.length);
    expect(metrics.value("dwcp_transfers_total", { result: "ok" })).toBe(1);
    expect(metrics.value("dwcp_transfers_running")).toBe(0);
    expect(receiver.metrics.value("dwcp_received_bytes_total")).toBe(bytes.length);
  });

  test("C6: disabled opens nothing and transfers plainly, with the same result", async () => {
    const receiver = await receiving();
    const disabled = manage({});
    await disabled.start();
    expect(disabled.state).toBe("disabled");
    expect(disabled.address).toBeUndefined();
    expect(disabled.health).toMatchObject({ live: true, ready: true });
    expect(disabled.metrics.render()).toContain(
      'dwcp_system_config_enabled{node="",feature="dwcp"} 0',
    );
    const path = join(folder, "file");
    const bytes = randomBytes(5_000_001);
    writeFileSync(path, bytes);
    for (const from of [path, bytes, new Uint8Array(0)]) {
      const sent = await disabled.transfer(addressOf(receiver), { key: "plain", from });
      expect(sent.path).toBe("plain");
      const wanted = typeof from === "string" ? bytes : Buffer.from(from);
      expect(stored(receiver, "plain").equals(wanted)).toBe(true);
    }
  });

  test("plain transfers have to prove the key, and hurt nobody", async () => {
    const receiver = await receiving();
    const stranger = manage({}, { key: randomBytes(32) });
    const refused = stranger.transfer(addressOf(receiver), { key: "k", from: randomBytes(10) });
    await expect(refused).rejects.toMatchObject({ code: "dwcp.session_lost" });
    for (const junk of ["GET / HTTP/1.1\r\n\r\n", "PLAIN/1\n\xff\xff\xff\xff", "PLAIN/1\n"]) {
      const socket = connect(addressOf(receiver).port, "127.0.0.1");
      socket.on("error", () => undefined).end(junk, "latin1");
      await new Promise((resolve) => socket.resume().once("close", resolve));
    }
    expect(receiver.store?.objects).toEqual([]);
    expect(receiver.state).toBe("running");
  });

  test("start and stop are safe in every state, twice, and during one another", async () => {
    const manager = manage(receiverConfig(), { store: join(folder, "store") });
    await manager.stop();
    const both = [manager.start(), manager.start(), manager.stop(), manager.stop()];
    await Promise.all(both);
    expect(manager.state).toBe("stopped");
    await manager.start();
    expect(manager.state).toBe("running");
    const { port } = addressOf(manager);
    await manager.stop();
    const socket = connect(port, "127.0.0.1");
    const failed = await new Promise<Error>((resolve) => socket.once("error", resolve));
    expect(failed).toMatchObject({ code: "ECONNREFUSED" });
    await expect(
      manager.transfer({ host: "127.0.0.1", port }, { key: "k", from: new Uint8Array(1) }),
    ).rejects.toMatchObject({ code: "dwcp.shutdown" });
  });

  test("one that cannot start says why, and can be tried again", async () => {
    const first = await receiving();
    const taken = `127.0.0.1:${addressOf(first).port}`;
    const second = manage(receiverConfig({ node: { id: "second", listen: taken } }));
    await expect(second.start()).rejects.toThrow("EADDRINUSE");
    expect(second.health).toMatchObject({ live: false, ready: false, state: "failed" });
    await first.stop();
    await second.start();
    expect(second.state).toBe("running");
  });

  test("a change that cannot run leaves the old configuration running", async () => {
    const other = await receiving();
    const manager = manage(receiverConfig(), { store: join(folder, "other") });
    await manager.start();
    const { etag } = manager;
    const taken = `127.0.0.1:${addressOf(other).port}`;
    const change = receiverConfig({ node: { id: "receiver", listen: taken } });
    await expect(manager.reconfigure(change, { etag, allowRestart: true })).rejects.toThrow(
      "EADDRINUSE",
    );
    expect(manager.etag).toBe(etag);
    expect(manager.state).toBe("running");
  });

  test("B14: rdma is never claimed while bytes go over TCP", async () => {
    const rdma = { device: "mlx5_0", port: 7_777 };
    const manager = manage(senderConfig({ transport: { ...streams, provider: "rdma", rdma } }));
    await manager.start();
    const { transport } = manager.health;
    expect(transport).toMatchObject({
      provider: "tcp",
      reason: expect.stringContaining("no rdma: "),
    });
    expect(manager.metrics.value("dwcp_transport_info", { ...transport })).toBe(1);
  });

  test("files are YAML or JSON, and the environment overrides them", () => {
    const yaml = join(folder, "dwcp.yaml");
    writeFileSync(yaml, "enabled: true\nnode: {id: a}\ntransport:\n  minStreams: 2\n");
    const nested = readConfigFile(yaml, { DWCP_TRANSPORT_MIN_STREAMS: "3" });
    expect(manage(nested as object).config).toMatchObject({
      "node.id": "a",
      "transport.minStreams": 3,
    });
    writeFileSync(yaml, "a: [");
    expect(() => readConfigFile(yaml, {})).toThrow("cannot be read");
  });
});

describe("the management interface", () => {
  let server: ManagementServer;
  let manager: DwcpManager;
  let base: string;

  beforeEach(async () => {
    manager = await receiving();
    server = new ManagementServer(manager, { host: "127.0.0.1", port: 0, token: "secret" });
    base = `http://127.0.0.1:${(await server.open()).port}`;
  });

  afterEach(() => server.close());

  function call(method: string, path: string, body?: unknown, match?: string): Promise<Response> {
    return fetch(base + path, {
      method,
      headers: {
        authorization: "Bearer secret",
        ...(match === undefined ? {} : { "if-match": match }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  test("changes need the ETag of what they change, and restarts need to be asked for", async () => {
    const got = await call("GET", "/config");
    const etag = got.headers.get("etag") ?? "";
    const patch = { compression: { level: 7 } };
    expect((await call("PATCH", "/config", patch)).status).toBe(428);
    const done = await call("PATCH", "/config", patch, etag);
    expect(await done.json()).toMatchObject({ changes: [{ path: "compression.level", to: 7 }] });
    expect((await call("PATCH", "/config", patch, etag)).status).toBe(412);
    const next = done.headers.get("etag") ?? "";
    const restart = { transport: { chunkBytes: 65_536 } };
    expect((await call("PATCH", "/config", restart, next)).status).toBe(409);
    const port = addressOf(manager).port;
    expect((await call("PATCH", "/config?restart=allow", restart, next)).status).toBe(200);
    expect(manager.config["transport.chunkBytes"]).toBe(65_536);
    expect(manager.state).toBe("running");
    expect(addressOf(manager).port).not.toBe(0);
    expect(port).not.toBe(0);
    const history = (await (await call("GET", "/config/history")).json()) as { etag: string }[];
    expect(history).toHaveLength(3);
    const back = `/config/rollback?to=${history[0]?.etag}&restart=allow`;
    expect((await call("POST", back, undefined, `"${manager.etag}"`)).status).toBe(200);
    expect(manager.config["compression.level"]).toBe(3);
  });

  test("validation lists everything and changes nothing", async () => {
    const { etag } = manager;
    const wrong = { transport: { minStreams: 0, speed: 1 }, compression: { level: 99 } };
    const told = await (await call("POST", "/config/validate", wrong)).json();
    expect((told as { problems: unknown[] }).problems).toHaveLength(3);
    expect((await call("PUT", "/config", wrong, `"${etag}"`)).status).toBe(422);
    const diff = await (
      await call("POST", "/config/diff", receiverConfig({ health: { intervalMs: 500 } }))
    ).json();
    expect(diff).toMatchObject({ changes: [{ path: "health.intervalMs" }] });
    expect(manager.etag).toBe(etag);
  });

  test("B16: sessions, baselines and dictionaries are shown, pruned and trained", async () => {
    const sender = manage(
      senderConfig({
        compression: { workers: 1, maxBaselineAgeMs: 1_000, pruneIntervalMs: 60_000 },
      }),
      { baselines: join(folder, "baselines") },
    );
    await sender.start();
    const own = new ManagementServer(sender, { host: "127.0.0.1", port: 0 });
    const at = `http://127.0.0.1:${(await own.open()).port}`;
    const ask = async (method: string, path: string): Promise<unknown> =>
      await (await fetch(at + path, { method })).json();
    try {
      const peer = addressOf(manager);
      const state = randomBytes(200_000);
      const { rootHash } = await sender.transfer(peer, { key: "db", from: state });
      expect(await ask("GET", "/baselines")).toEqual([
        { id: rootHash, key: "db", generation: 0, length: 200_000, chainLength: 1, isInUse: false },
      ]);
      const next = Uint8Array.from(state);
      next[100] = 1;
      const second = await sender.transfer(peer, { key: "db", generation: 1, from: next });
      expect(second.wireBytes).toBeLessThan(20_000);
      expect(await ask("GET", "/sessions")).toMatchObject([
        { peer: `${peer.host}:${peer.port}`, sessions: 1, streamDeaths: {} },
      ]);
      const send = (i: number) => {
        const from = Buffer.from(
          JSON.stringify({ id: i, name: `customer ${i * 7919}`, open: true }),
        );
        return sender.transfer(peer, { key: `row ${i}`, from, resourceClass: "row" });
      };
      for (let i = 0; i < 60; i += 10) {
        await Promise.all(Array.from({ length: 10 }, (_, j) => send(i + j)));
      }
      expect(await ask("GET", "/dictionaries")).toEqual([]);
      const { trained } = (await ask("POST", "/dictionaries/train")) as { trained: string[] };
      const known = (await ask("GET", "/dictionaries")) as { resourceClass: string }[];
      expect(known.map(({ resourceClass }) => resourceClass)).toEqual(trained);
      await new Promise((resolve) => setTimeout(resolve, 1_100));
      const { pruned } = (await ask("POST", "/baselines/prune")) as { pruned: string[] };
      // On a slow machine the oldest ones went when others came.
      expect(pruned.length).toBeGreaterThan(0);
      expect(await ask("GET", "/baselines")).toEqual([]);
      expect((await fetch(`${at}/transfers/9/pause`, { method: "POST" })).status).toBe(404);
    } finally {
      await own.close();
    }
  });

  test("health and metrics are open, everything else needs the token and no browser", async () => {
    expect((await fetch(`${base}/health/live`)).status).toBe(200);
    expect((await fetch(`${base}/health/ready`)).status).toBe(200);
    const metrics = await (await fetch(`${base}/metrics`)).text();
    for (const name of Object.keys(DwcpMetricTable)) expect(metrics).toContain(`# TYPE ${name} `);
    expect((await fetch(`${base}/config`)).status).toBe(401);
    const headers = { authorization: "Bearer secret", origin: "https://evil.example" };
    expect((await fetch(`${base}/config`, { headers })).status).toBe(401);
    expect((await call("GET", "/nothing")).status).toBe(404);
    expect((await call("POST", "/transfers/9/cancel")).status).toBe(404);
    expect(await (await call("GET", "/transfers")).json()).toEqual([]);
    expect(await (await call("GET", "/objects")).json()).toEqual([]);
    const { port } = new URL(base);
    expect(() => new ManagementServer(manager, { host: "0.0.0.0", port: Number(port) })).toThrow(
      "token",
    );
  });
});
