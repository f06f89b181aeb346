import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { cli, cliJson, serve } from "../support/cli.js";
import { nodeConfig } from "../support/node-config.js";
import { type TempFolder, tempFolder } from "../support/temp-folder.js";

const fixtures = join(
  dirname(createRequire(import.meta.url).resolve("@proj/xcp-framing/package.json")),
  "test/fixtures/tls",
);

let folder: TempFolder;
beforeEach(() => {
  folder = tempFolder();
});
afterEach(() => folder.remove());

function pem(...names: string[]): void {
  for (const name of names)
    folder.write(`${name}.pem`, readFileSync(join(fixtures, `${name}.pem`)));
}

describe("configuration", () => {
  test("--check lists every error and starts nothing", async () => {
    const config = folder.write(
      "node.toml",
      '[[listen]]\nurl = "xcp://0.0.0.0:1"\n[log]\nlevel = 5\n',
    );
    const { code, stdout, stderr } = await cli(["serve", "--config", config, "--check"]);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain("node.toml: listen[0].url: 0.0.0.0 can be reached from other hosts");
    expect(stderr).toContain("node.toml: log.level: 5 is not allowed");
    expect(stderr.match(/fix:/g)).toHaveLength(2);
    const { document } = await cliJson(["serve", "--config", config, "--check"]);
    expect(document).toMatchObject({ ok: false, error: { kind: "config", exitCode: 2 } });
  });

  test("--check accepts what is right", async () => {
    const { code, document } = await cliJson(["serve", "--config", nodeConfig(folder), "--check"]);
    expect(code).toBe(0);
    expect(document).toMatchObject({ ok: true, config: { admin: { port: 0 } } });
  });

  test("an address that is taken is told, and nothing stays open", async () => {
    const node = await serve(nodeConfig(folder));
    const config = folder.write(
      "second.toml",
      `listen = [{ url = "${node.urls[0]}" }]\nadmin.port = 0\n`,
    );
    const { code, stderr } = await cli(["serve", "--config", config]);
    expect(code).toBe(1);
    expect(stderr).toContain("second.toml: listen[0].url: ");
    expect(stderr).toContain("EADDRINUSE");
    const admin = folder.write(
      "third.toml",
      `listen = [{ url = "xcp://127.0.0.1:0" }]\nadmin.port = ${new URL(node.admin).port}\n`,
    );
    const third = await cliJson(["serve", "--config", admin]);
    expect(third.code).toBe(1);
    expect(third.document).toMatchObject({
      error: { kind: "listen", message: expect.stringContaining("third.toml: admin.port: ") },
    });
    expect((await node.end("SIGTERM")).code).toBe(0);
  });
});

describe("a running node", () => {
  test("answers metrics and health, and nothing else", async () => {
    const node = await serve(nodeConfig(folder));
    await cli(["send", "-", "--to", node.urls[0] ?? ""], { input: "hello" });
    const get = async (path: string, init?: RequestInit): Promise<[number, string]> => {
      const response = await fetch(node.admin + path, init);
      return [response.status, await response.text()];
    };
    expect(await get("/health/live")).toEqual([200, "live\n"]);
    expect(await get("/health/ready")).toEqual([200, "ready\n"]);
    expect((await get("/nothing"))[0]).toBe(404);
    expect((await get("/metrics", { method: "POST" }))[0]).toBe(405);
    const [status, metrics] = await get("/metrics");
    expect(status).toBe(200);
    expect(metrics).toMatch(/^xcp_messages_total\{direction="received",codec="JSON"\} 1$/m);
    expect(metrics).toMatch(/^ether_decode_seconds_count\{codec="JSON"\} 1$/m);
    expect(metrics).toMatch(/^xcp_connections 0$/m);
    await node.end("SIGTERM");
  });

  test("logs structured records without payloads", async () => {
    const node = await serve(nodeConfig(folder, { level: "debug" }));
    await cli(["send", "-", "--to", node.urls[0] ?? ""], { input: "a secret sentence" });
    await node.end("SIGINT");
    const records = node
      .log()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const events = records.map(({ event }) => event);
    expect(events).toEqual(
      expect.arrayContaining(["node.ready", "xcp.caps", "xcp.close", "node.closed"]),
    );
    for (const record of records) {
      expect(record).toMatchObject({
        level: expect.any(String),
        ts: expect.any(String),
        node: "reference-node",
      });
    }
    expect(node.log()).not.toContain("secret");
  });

  test("serves TLS, and with client_ca only known clients", async () => {
    pem(
      "server.cert",
      "server.key",
      "authority.cert",
      "client.cert",
      "client.key",
      "intruder.cert",
      "intruder.key",
    );
    const files = 'cert = "server.cert.pem", key = "server.key.pem"';
    const node = await serve(
      nodeConfig(folder, {
        listen: [
          `url = "xcps://localhost:0"\ntls = { ${files} }`,
          `url = "wss://localhost:0"\ntls = { ${files} }`,
          `url = "h2://localhost:0"\ntls = { ${files} }`,
          `url = "xcps://localhost:0"\ntls = { ${files}, client_ca = "authority.cert.pem" }`,
        ],
      }),
    );
    const ca = ["--ca", `${folder.path}/authority.cert.pem`];
    const as = (who: string): string[] => [
      ...ca,
      "--cert",
      `${folder.path}/${who}.cert.pem`,
      "--cert-key",
      `${folder.path}/${who}.key.pem`,
    ];
    for (const url of node.urls.slice(0, 3)) {
      const { document } = await cliJson(["ping", url, "--count", "1", ...ca]);
      expect(document).toMatchObject({ ok: true, agreed: { secure: true } });
    }
    const mutual = node.urls[3] ?? "";
    const [untrusted, nobody, intruder, client] = await Promise.all([
      cliJson(["ping", node.urls[0] ?? ""]),
      cliJson(["ping", mutual, ...ca]),
      cliJson(["ping", mutual, ...as("intruder")]),
      cliJson(["ping", mutual, "--count", "1", ...as("client")]),
    ]);
    expect([untrusted, nobody, intruder, client].map(({ code }) => code)).toEqual([1, 1, 1, 0]);
    expect(untrusted.document).toMatchObject({ error: { code: "xcp.auth_failed" } });
    expect(client.document).toMatchObject({ ok: true, agreed: { secure: true } });
    await node.end("SIGTERM");
  });

  test("echoes when it is told to", async () => {
    const node = await serve(nodeConfig(folder, { more: '[service]\nreply = "echo"' }));
    const { document } = await cliJson(["send", "-", "--to", node.urls[0] ?? ""], { input: "x" });
    // An echo is no receipt, and `send` wants one.
    expect(document).toMatchObject({ ok: false, error: { code: "xcp.body_malformed" } });
    await node.end("SIGTERM");
  });
});

describe("the end of a node", () => {
  test.each(["SIGINT", "SIGTERM"] as const)(
    "%s closes in order with exit code 0",
    async (signal) => {
      const node = await serve(nodeConfig(folder));
      expect(await node.end(signal)).toEqual({ code: 0 });
      expect(node.log()).toContain("node.closed");
    },
  );

  test("a killed node leaves nothing that the next one does not sweep", async () => {
    const socket = `unix:${folder.path}/node.sock`;
    const config = nodeConfig(folder, { listen: [`url = "${socket}"`] });
    let node = await serve(config);
    let isTold = false;
    // Whichever node of this machine starts first sweeps, and the next one has nothing to tell.
    for (let kills = 0; kills < 5 && !isTold; kills++) {
      const left = leaveObject(node.pid);
      await node.end("SIGKILL");
      node = await serve(config);
      const { document } = await cliJson(["send", "-", "--to", socket], { input: "again" });
      expect(document).toMatchObject({ ok: true });
      if (left !== undefined) expect(readdirSync("/dev/shm")).not.toContain(left);
      isTold = left === undefined || node.log().includes("node.shm_swept");
    }
    expect(isTold).toBe(true);
    expect(await node.end("SIGTERM")).toEqual({ code: 0 });
  });
});

// Stands for an object that the node had made when it was killed: the name tells its creator. spec/xcp.md §16.3
function leaveObject(pid: number): string | undefined {
  if (process.platform !== "linux") return undefined;
  const namespace = /[0-9]+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0] ?? "0";
  const name = `xcp.ether.p${pid}-${namespace}x${"0".repeat(16)}`;
  writeFileSync(`/dev/shm/${name}`, new Uint8Array(16), { mode: 0o600 });
  return name;
}
