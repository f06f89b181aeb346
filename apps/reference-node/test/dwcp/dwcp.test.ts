import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { DwcpManager, ManagementServer } from "@proj/dwcp/node";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cliJson } from "../support/cli.js";

let folder: string;
let manager: DwcpManager;
let server: ManagementServer;
let url: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "dwcp-verbs-"));
  const config = { enabled: true, node: { id: "n" }, compression: { workers: 1 } };
  manager = new DwcpManager({ config, key: new Uint8Array(32), baselines: join(folder, "kept") });
  await manager.start();
  server = new ManagementServer(manager, { host: "127.0.0.1", port: 0, token: "secret" });
  url = `http://127.0.0.1:${(await server.open()).port}`;
  writeFileSync(join(folder, "token"), "secret\n");
});

afterEach(async () => {
  await server.close();
  await manager.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function dwcp(
  ...args: readonly string[]
): Promise<{ code: number | null; document: object }> {
  const { code, document } = await cliJson(["dwcp", ...args, "--url", url]);
  return { code, document };
}

test("dwcp shows and steers what a management interface offers", async () => {
  const token = ["--token-file", join(folder, "token")];
  expect(await dwcp("health")).toMatchObject({
    code: 0,
    document: { ok: true, answer: { state: "running" } },
  });
  expect(await dwcp("baselines", ...token)).toMatchObject({ code: 0, document: { answer: [] } });
  expect(await dwcp("dictionaries", ...token)).toMatchObject({ document: { answer: [] } });
  expect(await dwcp("prune", ...token)).toMatchObject({ document: { answer: { pruned: [] } } });
  expect(await dwcp("train", ...token)).toMatchObject({ document: { answer: { trained: [] } } });
  expect(await dwcp("sessions")).toMatchObject({ code: 1, document: { ok: false, status: 401 } });
  expect(await dwcp("pause", "7", ...token)).toMatchObject({ code: 1, document: { status: 404 } });
  expect((await dwcp("pause", "x", ...token)).code).toBe(2);
  await server.close();
  expect(await dwcp("health")).toMatchObject({ code: 1, document: { error: { kind: "control" } } });
});

test("dwcp patch bounds the streams of all sessions at once, and refuses what would give none its least", async () => {
  const token = ["--token-file", join(folder, "token")];
  const patch = async (transport: object) => {
    writeFileSync(join(folder, "patch.json"), JSON.stringify({ transport }));
    return await dwcp("patch", join(folder, "patch.json"), ...token);
  };
  expect(await patch({ maxStreamsTotal: 20 })).toMatchObject({
    code: 0,
    document: {
      answer: {
        changes: [{ path: "transport.maxStreamsTotal", from: 0, to: 20, applies: "live" }],
      },
    },
  });
  expect(manager.metrics.value("dwcp_amst_streams_limit")).toBe(20);
  expect(await patch({ maxStreamsTotal: 15 })).toMatchObject({
    code: 1,
    document: { answer: { problems: [{ path: "transport.maxStreamsTotal" }] } },
  });
  expect(manager.metrics.value("dwcp_amst_streams_limit")).toBe(20);
});

test("dwcp shows, tries, changes and takes back the configuration, as HTTP does", async () => {
  const token = ["--token-file", join(folder, "token")];
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const before = await dwcp("config", ...token);
  expect(before).toMatchObject({ code: 0, document: { ok: true, answer: { enabled: true } } });
  const { etag } = before.document as { readonly etag: string };

  const wrong = file("wrong.yaml", "enabled: true\ntransport: { minStreams: 0, speed: 3 }\n");
  const refused = await dwcp("validate", wrong, ...token);
  expect(refused).toMatchObject({ code: 1, document: { ok: false } });
  expect(JSON.stringify(refused.document)).toContain("transport.speed");
  expect(JSON.stringify(refused.document)).toContain("transport.minStreams");
  expect(await dwcp("patch", wrong, ...token)).toMatchObject({
    code: 1,
    document: { status: 422 },
  });

  const level = file("level.yaml", "compression: { level: 7 }\n");
  expect(await dwcp("validate", level, ...token)).toMatchObject({ code: 0 });
  expect(await dwcp("patch", level, "--etag", "0".repeat(etag.length), ...token)).toMatchObject({
    code: 1,
    document: { status: 412 },
  });
  const patched = await dwcp("patch", level, ...token);
  expect(patched).toMatchObject({ code: 0, document: { answer: { changes: [{}] } } });
  expect(manager.config["compression.level"]).toBe(7);

  const whole = file(
    "whole.json",
    '{"enabled":true,"node":{"id":"n"},"compression":{"workers":1}}',
  );
  expect(JSON.stringify(await dwcp("diff", whole, ...token))).toContain("compression.level");
  const streams = file("streams.yaml", "transport: { provider: tcp }\n");
  expect(await dwcp("patch", streams, ...token)).toMatchObject({ document: { status: 409 } });
  expect(await dwcp("patch", streams, "--restart", ...token)).toMatchObject({ code: 0 });
  expect(await dwcp("put", whole, "--restart", ...token)).toMatchObject({ code: 0 });
  expect(manager.config["compression.level"]).toBe(3);

  const { document } = await dwcp("history", ...token);
  const { answer } = document as { readonly answer: readonly { readonly etag: string }[] };
  expect(answer.map((each) => each.etag)).toContain(etag);
  const seven = (patched.document as { readonly etag: string }).etag;
  expect(await dwcp("rollback", seven, "--restart", ...token)).toMatchObject({ code: 0 });
  expect(manager.config["compression.level"]).toBe(7);
  expect(await dwcp("rollback", "never", ...token)).toMatchObject({ document: { status: 404 } });
  expect(await dwcp("put", join(folder, "none"), ...token)).toMatchObject({ code: 2 });
});

test("dwcp tells metrics, objects and life, and ends migrations", async () => {
  const token = ["--token-file", join(folder, "token")];
  const metrics = await dwcp("metrics");
  expect(metrics.code).toBe(0);
  expect((metrics.document as { answer: string }).answer).toContain("dwcp_system_config_enabled");
  expect(await dwcp("live")).toMatchObject({ code: 0, document: { answer: { live: true } } });
  expect(await dwcp("objects", ...token)).toMatchObject({ code: 0, document: { answer: [] } });
  expect(await dwcp("migrations", ...token)).toMatchObject({ document: { answer: [] } });
  expect(await dwcp("cancel-migration", "3", ...token)).toMatchObject({
    code: 1,
    document: { status: 404 },
  });
});
