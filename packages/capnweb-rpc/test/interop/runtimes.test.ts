// The entries for other runtimes on these runtimes themselves, with clients of either implementation.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { describeWith, runtime } from "@proj/peers";
import { build } from "esbuild";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";
import { batchSuite, duplexSuite } from "../support/duplex-suite.js";
import { both, libraries, type Stub } from "../support/implementations.js";
import { interopMain } from "../support/interop-main.js";
import { NodeServer, type ServerLibrary } from "../support/node-server.js";

// Node 20 has none, and the reference takes it from there.
Object.assign(globalThis, { WebSocket });

const support = (name: string) => fileURLToPath(new URL(`../support/${name}.js`, import.meta.url));
const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** Reads `output` until it tells the port. */
async function portFrom(output: Readable, pattern: RegExp): Promise<string> {
  let text = "";
  for (;;) {
    const [piece] = (await once(output, "data")) as [Buffer];
    text += piece.toString();
    const port = pattern.exec(text)?.[1];
    if (port !== undefined) return port;
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill();
  await once(child, "exit");
}

function clientSuites(address: () => string): void {
  describe.each(both)("a client of %s", (name) => {
    const library = libraries[name];
    duplexSuite(async () => {
      const socket = new WebSocket(`ws://${address()}`);
      closers.push(() => socket.terminate());
      return library["newWebSocketRpcSession"](socket);
    });
    batchSuite(async () => library["newHttpBatchRpcSession"](`http://${address()}`));
  });

  test.each(both)("calls a server of %s itself", async (name) => {
    const library = libraries[name];
    const Main = interopMain(library["RpcTarget"]);
    const server = new NodeServer(library as ServerLibrary, () => new Main());
    closers.push(() => server.close());
    const far = await server.listen();
    const main: Stub = libraries.ours["newHttpBatchRpcSession"](`http://${address()}`);
    expect(await main.twiceElsewhere(`http://${far}`, 4)).toBe(8);
  });
}

describeWith("Workers", runtime("workerd", "@cloudflare/workerd-linux-64"), (workerd) => {
  const folder = mkdtempSync(join(tmpdir(), "capnweb-workerd-"));
  let child: ChildProcess;
  let port: string;

  beforeAll(async () => {
    await build({
      entryPoints: [support("workers-service")],
      outfile: join(folder, "worker.js"),
      bundle: true,
      format: "esm",
      conditions: ["workerd"],
      external: ["cloudflare:workers"],
      logLevel: "error",
    });
    writeFileSync(
      join(folder, "config.capnp"),
      `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "internet", network = (allow = ["private", "public"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "2025-10-01",
);
`,
    );
    child = spawn(workerd, ["serve", join(folder, "config.capnp"), "--control-fd=3"], {
      stdio: ["ignore", "ignore", "inherit", "pipe"],
    });
    port = await portFrom(child.stdio[3] as Readable, /"port":\s*(\d+)/);
  }, 60_000);
  afterAll(async () => {
    await stop(child);
    rmSync(folder, { recursive: true, force: true });
  });

  clientSuites(() => `127.0.0.1:${port}`);

  test("targets are the runtime's own", async () => {
    const main: Stub = libraries.ours["newHttpBatchRpcSession"](`http://127.0.0.1:${port}`);
    expect(await main.isRuntimeTarget()).toBe(true);
  });

  test("answers pages of any site, and refuses what is neither batch nor upgrade", async () => {
    const answer = await fetch(`http://127.0.0.1:${port}`, { method: "POST", body: "" });
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
    const refusal = await fetch(`http://127.0.0.1:${port}`);
    expect([refusal.status, await refusal.text()]).toEqual([
      400,
      "This endpoint only accepts POST or WebSocket requests.",
    ]);
  });
});

describeWith("Bun", runtime("bun", "@oven/bun-linux-x64"), (bun) => {
  let child: ChildProcess;
  let port: string;

  beforeAll(async () => {
    child = spawn(bun, ["run", support("bun-service")], { stdio: ["pipe", "pipe", "inherit"] });
    port = await portFrom(child.stdout as Readable, /port:(\d+)/);
  });
  afterAll(() => stop(child));

  clientSuites(() => `127.0.0.1:${port}`);

  test("opens WebSockets of its own", async () => {
    const Main = interopMain(libraries.reference["RpcTarget"]);
    const server = new NodeServer(libraries.reference as ServerLibrary, () => new Main());
    closers.push(() => server.close());
    const far = await server.listen();
    const main: Stub = libraries.ours["newHttpBatchRpcSession"](`http://127.0.0.1:${port}`);
    expect(await main.twiceElsewhere(`ws://${far}`, 4)).toBe(8);
  });
});
