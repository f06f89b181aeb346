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
