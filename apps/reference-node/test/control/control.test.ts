import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { newHttpBatchRpcSession, newWebSocketRpcSession } from "@proj/capnweb-rpc";
import { until } from "@proj/wire-types/testing";
import { askNode, connectControl, type ControlTarget } from "#src/control/control-client.js";
import type { ControlGate } from "#src/control/node-control.js";
import type { NodeSnapshot } from "#src/control/reports.js";
import { dial } from "#src/dial.js";
import { once } from "node:events";
import { chmodSync, readFileSync, statSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { WebSocket } from "ws";
import { cli, cliJson, serve, type ServingNode } from "../support/cli.js";
import { localDial } from "../support/local-dial.js";
import { nodeConfig } from "../support/node-config.js";
import { type TempFolder, tempFolder } from "../support/temp-folder.js";

let folder: TempFolder;
let node: ServingNode;
let target: ControlTarget;

beforeEach(async () => {
  folder = tempFolder();
  node = await serve(nodeConfig(folder));
  target = { url: node.control, token: token(), timeoutMs: 60_000 };
});
afterEach(async () => {
  await node.end("SIGTERM");
  folder.remove();
});

function tokenFile(): string {
  return join(folder.path, "control.token");
}

function token(): string {
  return readFileSync(tokenFile(), "utf8").trim();
}

function flags(): string[] {
  return ["--node", node.control, "--token-file", tokenFile()];
}

describe("the token", () => {
  test("is made for the owner alone, and kept over a restart", async () => {
    expect(statSync(tokenFile()).mode & 0o777).toBe(0o600);
    const first = token();
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    await node.end("SIGTERM");
    node = await serve(join(folder.path, "node.toml"));
    expect(token()).toBe(first);
    expect(node.log()).not.toContain(first);
  });

  test("in a file that others can read keeps the node from starting, and the CLI from using it", async () => {
    chmodSync(tokenFile(), 0o644);
    const config = join(folder.path, "node.toml");
    const check = await cli(["serve", "--check", "--config", config]);
    expect(check).toMatchObject({ code: 2, stdout: "" });
    expect(check.stderr).toContain("node.toml: control.token_file: ");
    const again = await cli(["serve", "--config", config]);
    expect(again.code).toBe(2);
    expect(again.stderr).toContain("node.toml: control.token_file: ");
    expect(again.stderr).toContain("fix: chmod 600");
    const status = await cliJson(["status", ...flags()]);
    expect(status.code).toBe(2);
    expect(status.document).toMatchObject({ error: { kind: "config" } });
  });

  test("that is wrong opens nothing, over HTTP and over WebSocket", async () => {
    const denied = {
      code: "control.denied",
      message: expect.stringContaining("refuses the token"),
    };
    const wrong = { ...target, token: `${target.token}0` };
    await expect(askNode(wrong, (control) => control.health())).rejects.toMatchObject(denied);
    await expect(connectControl(wrong)).rejects.toMatchObject(denied);
    for (const wrongToken of ["", 5, null, {}, undefined]) {
      const gate = newHttpBatchRpcSession<ControlGate>(target.url);
      await expect(gate.authenticate(wrongToken as string).health()).rejects.toMatchObject({
        code: "control.denied",
      });
    }
  });
});

describe("reports", () => {
  test("health, sessions, peers and metrics tell what is connected", async () => {
    const { client, connection } = await dial(node.urls[0] ?? "", localDial);
    await connection.ping();
    expect(await askNode(target, (control) => control.health())).toMatchObject({
      state: "ready",
      name: "reference-node",
      pid: node.pid,
      listening: node.urls,
      admin: node.admin,
    });
    const [session, ...more] = await askNode(target, (control) => control.sessions());
    expect(more).toEqual([]);
    expect(session).toMatchObject({
      id: 1,
      agent: expect.stringContaining("reference-node/"),
      address: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      transport: "tcp",
      secure: false,
      encrypted: false,
      profile: "v0.2",
      codecs: expect.arrayContaining(["PROTOBUF", "JSON"]),
      received: { frames: expect.any(Number), errors: 0 },
    });
    expect(session?.received.bytes).toBeGreaterThan(0);
    expect(await askNode(target, (control) => control.peers())).toMatchObject([
      { agent: session?.agent, host: "127.0.0.1", sessions: [1], sent: session?.sent },
    ]);
    const metrics = await askNode(target, (control) => control.metrics("xcp_conn"));
    expect(metrics).toEqual([
      {
        name: "xcp_connections",
        type: "gauge",
        help: "Open connections.",
        series: [{ name: "xcp_connections", labels: {}, value: 1 }],
      },
    ]);
    await client.close();
  });

  test("a chain of dependent calls takes one request", async () => {
    const { client } = await dial(node.urls[0] ?? "", localDial);
    const agent = (await askNode(target, (control) => control.peers()))[0]?.agent ?? "";
    let requests = 0;
    const gate = newHttpBatchRpcSession<ControlGate>(target.url, {
      fetch: (request) => {
        requests++;
        return fetch(request);
      },
    });
    const report = await gate.authenticate(target.token).newestSessionOf(agent).report();
    expect(report).toMatchObject({ id: 1, agent });
    expect(requests).toBe(1);
    await client.close();
  });

  test("a session can be pinged and closed; one that is not open is told", async () => {
    const { connection } = await dial(node.urls[0] ?? "", localDial);
    expect(await askNode(target, (control) => control.session(1).ping())).toBeGreaterThan(0);
    await askNode(target, (control) => control.session(1).close());
    await connection.closed;
    for (const ask of [
      () => askNode(target, (control) => control.session(1).report()),
      () => askNode(target, (control) => control.session(7).close()),
    ]) {
      await expect(ask()).rejects.toMatchObject({ code: "control.no_such_session" });
    }
    await expect(
      askNode(target, (control) => control.newestSessionOf("nobody").report()),
    ).rejects.toMatchObject({ code: "control.no_such_peer" });
  });
});

describe("watches", () => {
  test("tell what was opened and closed, until they are disposed", async () => {
    using connection = await connectControl(target);
    const seen: NodeSnapshot[] = [];
    const subscription = await connection.control.watch(
      (snapshot: NodeSnapshot) => void seen.push(snapshot),
      { intervalMs: 50 },
    );
    await until(() => seen.length > 0, "a snapshot");
    const { client } = await dial(node.urls[0] ?? "", localDial);
    await until(() => seen.some(({ opened }) => opened.includes(1)), "what was opened");
    await client.close();
    await until(() => seen.some(({ closed }) => closed.includes(1)), "what was closed");
    expect(seen.map(({ sequence }) => sequence)).toEqual(seen.map((_, i) => i + 1));
    expect(seen.at(-1)?.received.bytes).toBeGreaterThan(0);
    subscription[Symbol.dispose]();
    // Whatever was on its way has arrived when a later call is answered.
    await connection.control.health();
    const { length } = seen;
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(seen).toHaveLength(length);
  });

  test("a slow watcher skips moments, and is told how many", async () => {
    using connection = await connectControl(target);
    const seen: NodeSnapshot[] = [];
    let atOnce = 0;
    let most = 0;
    const slow = async (snapshot: NodeSnapshot): Promise<void> => {
      most = Math.max(most, ++atOnce);
      seen.push(snapshot);
      await new Promise((wait) => setTimeout(wait, 300));
      atOnce--;
    };
    // Held: a watch that is dropped ends when it is collected.
    const watch = await connection.control.watch(slow, { intervalMs: 50 });
    await until(() => seen.length >= 3, "three snapshots");
    watch[Symbol.dispose]();
    expect(most).toBe(1);
    expect(seen[1]?.skipped).toBeGreaterThanOrEqual(2);
  });

  test("are limited in number and interval, and want a function", async () => {
    using connection = await connectControl(target);
    const { control } = connection;
    for (const intervalMs of [0, 49, Number.NaN, 1e9]) {
      await expect(control.watch(() => undefined, { intervalMs })).rejects.toMatchObject({
        code: "control.invalid",
      });
    }
    await expect(control.watch({} as never)).rejects.toMatchObject({ code: "control.invalid" });
    const watches = await Promise.all(
      Array.from({ length: 16 }, () => control.watch(() => undefined)),
    );
    await expect(control.watch(() => undefined)).rejects.toMatchObject({ code: "control.limit" });
    for (const watch of watches) watch[Symbol.dispose]();
    const isFree = async (): Promise<boolean> => {
      const another = await control.watch(() => undefined).catch(() => undefined);
      another?.[Symbol.dispose]();
      return another !== undefined;
    };
    await until(isFree, "a place for another");
  });

  test("a watcher that fails gets no further snapshots", async () => {
    using connection = await connectControl(target);
    let calls = 0;
    using watch = await connection.control.watch(
      () => {
        calls++;
        throw new Error("enough");
      },
      { intervalMs: 50 },
    );
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(calls).toBe(1);
    await watch.stop();
  });
});

describe("the endpoint", () => {
  test("knows one path, and no pages of other origins", async () => {
    const elsewhere = new URL("/", node.control).href;
    expect((await fetch(elsewhere)).status).toBe(404);
    expect((await fetch(node.control)).status).toBe(405);
    const post = (origin: string): Promise<Response> =>
      fetch(node.control, { method: "POST", body: "", headers: { origin } });
    expect((await post("https://evil.example")).status).toBe(403);
    expect((await post("null")).status).toBe(403);
    expect((await post(new URL(node.control).origin)).status).toBe(200);
    const socket = new WebSocket(node.control.replace("http", "ws"), {
      origin: "https://evil.example",
    });
    const [error] = (await once(socket, "error")) as [Error];
    expect(error.message).toContain("403");
  });

  test("answers malformed batches and goes on", async () => {
    for (const body of [
      "{",
      "[]",
      '["push"]',
      '["pull",99]',
      "\u0000",
      '["abort",["error","E","m"]]',
    ]) {
      expect((await fetch(node.control, { method: "POST", body })).status).toBe(400);
    }
    expect(
      (await fetch(node.control, { method: "POST", body: "x".repeat(2 ** 20 + 1) })).status,
    ).toBe(413);
    expect(await askNode(target, (control) => control.health())).toMatchObject({ state: "ready" });
  });

  test("a socket that talks nonsense ends alone", async () => {
    using connection = await connectControl(target);
    const socket = new WebSocket(node.control.replace("http", "ws"));
    await once(socket, "open");
    socket.send("nonsense");
    expect((await once(socket, "close"))[0]).toBe(3000);
    const raw = connect(Number(new URL(node.control).port), "127.0.0.1");
    raw.resume().end("GET /control HTTP/1.1\r\nupgrade: websocket\r\n\r\n");
    await once(raw, "close");
    expect(await connection.control.health()).toMatchObject({ state: "ready" });
  });

  test("is not there without the node's consent, nor for other hosts by accident", async () => {
    const off = await serve(
      folder.write(
        "off.toml",
        'listen = [{ url = "xcp://127.0.0.1:0" }]\nadmin.enabled = false\ncontrol.enabled = false\n',
      ),
    );
    expect(off.control).toBe("");
    await off.end("SIGTERM");
    const open = folder.write(
      "open.toml",
      'listen = [{ url = "xcp://127.0.0.1:0" }]\ncontrol.host = "0.0.0.0"\n',
    );
    const { code, stderr } = await cli(["serve", "--check", "--config", open]);
    expect(code).toBe(2);
    expect(stderr).toContain("control.host: 0.0.0.0 can be reached from other hosts");
  });

  test("an end of the node ends sessions, with a reason", async () => {
    const connection = await connectControl(target);
    const gone = expect(connection.gone).rejects.toMatchObject({ code: "control.unreachable" });
    const broken = new Promise((resolve) => connection.control.onRpcBroken(resolve));
    await node.end("SIGTERM");
    await gone;
    expect(String(await broken)).toContain("the node is closing");
    await expect(askNode(target, (control) => control.health())).rejects.toMatchObject({
      code: "control.unreachable",
      message: expect.stringContaining("ECONNREFUSED"),
    });
  });

  test("an authenticated WebSocket stays, whatever its gate is used for", async () => {
    const gate = newWebSocketRpcSession<ControlGate>(
      new WebSocket(node.control.replace("http", "ws")),
    );
    const both = [gate.authenticate(token()), gate.authenticate(token())];
    expect(await Promise.all(both.map((control) => control.sessions()))).toEqual([[], []]);
    gate[Symbol.dispose]();
  });
});

describe("verbs", () => {
  test("tell people and programs the same", async () => {
    const { client } = await dial(node.urls[0] ?? "", localDial);
    const status = await cli(["status", ...flags()]);
    expect(status).toMatchObject({ code: 0, stderr: "" });
    expect(status.stdout).toMatch(/^state +ready\n/);
    const sessions = await cliJson(["sessions", ...flags()]);
    expect(sessions.document).toMatchObject({ ok: true, sessions: [{ id: 1, transport: "tcp" }] });
    expect((await cli(["sessions", ...flags()])).stdout).toMatch(/^ 1 +reference-node.* tcp +no /m);
    expect((await cli(["peers", ...flags()])).stdout).toMatch(
      /^reference-node\S* +127\.0\.0\.1 +1 /m,
    );
    const close = await cliJson(["sessions", ...flags(), "--close", "1"]);
    expect(close.document).toEqual({ ok: true, closed: 1 });
    await client.close();
    expect((await cli(["peers", ...flags()])).stdout).toBe("Nobody is connected.\n");
  });

  test("watch writes one line per moment, or one document per line", async () => {
    const text = await cli(["watch", ...flags(), "--count", "2", "--interval", "50"]);
    expect(text).toMatchObject({ code: 0, stderr: "" });
    expect(text.stdout.trim().split("\n")).toHaveLength(2);
    const json = await cli(["watch", ...flags(), "--count", "2", "--interval", "50", "--json"]);
    const snapshots = json.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);
    expect(snapshots).toMatchObject([{ snapshot: { sequence: 1 } }, { snapshot: { sequence: 2 } }]);
  });

  test.each(["status", "peers", "sessions", "watch"])(
    "%s explains itself and a wrong token",
    async (verb) => {
      const help = await cli([verb, "--help"]);
      expect(help.code).toBe(0);
      expect(help.stdout).toContain("--token-file");
      const other = folder.write("other.token", "not the token of the node");
      const denied = await cliJson([verb, "--node", node.control, "--token-file", other]);
      expect(denied).toMatchObject({ code: 1, document: { error: { code: "control.denied" } } });
      expect(denied.stderr).toContain("fix: name the token file");
    },
  );

  test.each(["status", "watch"])("%s explains what is missing", async (verb) => {
    const other = folder.write("other.token", "not the token of the node");
    const nobody = await cliJson([verb, "--node", "http://127.0.0.1:1", "--token-file", other]);
    expect(nobody).toMatchObject({ code: 1, document: { error: { code: "control.unreachable" } } });
    expect(nobody.stderr).toContain("fix: start one with `reference-node serve`");
    const missing = await cliJson([verb, "--token-file", join(folder.path, "none")]);
    expect(missing).toMatchObject({ code: 2, document: { error: { kind: "config" } } });
    const noUrl = await cliJson([verb, "--node", "nonsense", "--token-file", other]);
    expect(noUrl).toMatchObject({ code: 2, document: { error: { kind: "usage" } } });
  });
});
