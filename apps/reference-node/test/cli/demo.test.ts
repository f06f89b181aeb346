import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { backend } from "@proj/native-io";
import { until } from "@proj/wire-types/testing";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { cliJson, main } from "../support/cli.js";
import { objectsOf } from "../support/shm-objects.js";
import { type TempFolder, tempFolder } from "../support/temp-folder.js";

let folder: TempFolder;
beforeEach(() => {
  folder = tempFolder();
});
afterEach(() => folder.remove());

interface Result {
  readonly what: string;
  readonly codec: string;
  readonly mode: string;
  readonly transport: string;
  readonly bodyBytes: number;
  readonly wireBytes: number;
  readonly frames: number;
  readonly latencyUs: number;
  readonly http2: { readonly latencyUs: number; readonly wireBytes: number };
  readonly sha256: string;
  readonly summary: Record<string, unknown>;
}

test("one tour moves every content every way, and writes one document", async () => {
  const { code, document, stderr } = await cliJson(["demo", "--once"]);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  expect(document).toMatchObject({
    ok: true,
    nodes: [{ pid: expect.any(Number) }, { pid: expect.any(Number) }],
  });
  const results = document["results"] as Result[];
  const seen = (key: keyof Result): unknown[] => [...new Set(results.map((result) => result[key]))];
  expect(seen("codec")).toEqual(
    expect.arrayContaining([
      "ARROW_IPC",
      "PROTOBUF",
      "JSON",
      "TENSOR_F32",
      "TENSOR_F16",
      "TENSOR_QNT8",
    ]),
  );
  expect(seen("mode")).toEqual(
    expect.arrayContaining([
      "plain",
      "compressed",
      "encrypted",
      "compressed, encrypted",
      "shared memory",
    ]),
  );
  expect(seen("transport")).toEqual(expect.arrayContaining(["tcp", "unix", "ws", "h2", "dcquic"]));
  for (const result of results) {
    expect(result.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(result.latencyUs).toBeGreaterThan(0);
    expect(result.http2.latencyUs).toBeGreaterThan(0);
    if (result.mode === "plain") expect(result.wireBytes).toBeGreaterThan(result.bodyBytes);
    if (result.mode.startsWith("compressed"))
      expect(result.wireBytes).toBeLessThan(0.5 * result.bodyBytes);
  }
  const flights = results.filter(({ what }) => what === "200 000 flights");
  for (const { summary, frames, mode } of flights) {
    expect(summary).toMatchObject({ rows: 200_000, columns: { delay: { mean: 7.500795 } } });
    if (mode === "plain") expect(frames).toBeGreaterThan(1);
  }
  expect(results.find(({ what }) => what === "picture 100×100")?.summary).toMatchObject({
    width: 100,
    height: 100,
  });
  expect(document["callChain"]).toMatchObject({
    roundTripMs: 20,
    pipelined: { roundTrips: 1 },
    http: { roundTrips: 4 },
    session: { agent: expect.stringContaining("reference-node/") },
  });
  const chain = document["callChain"] as {
    readonly calls: readonly string[];
    readonly pipelined: { readonly latencyUs: number };
    readonly http: { readonly latencyUs: number };
  };
  if (backend.kind === "native") {
    const { readers, written } = document["tensorStream"] as {
      readonly written: number;
      readonly readers: readonly { readonly frames: number; readonly dropped: number }[];
    };
    expect(written).toBe(1_000);
    expect(readers).toHaveLength(2);
    for (const { frames, dropped } of readers) {
      expect(frames).toBeGreaterThan(0);
      expect(frames + dropped).toBeLessThanOrEqual(written);
    }
  }
  expect(document["replica"]).toMatchObject({
    roundTripMs: 100,
    database: "flights.db",
    rows: 200_000,
    changes: 200,
    first: { hadBase: false, rawBytes: expect.any(Number) },
    changed: { hadBase: true },
  });
  const { first, changed } = document["replica"] as Record<
    "first" | "changed",
    Record<
      "rawBytes" | "wireBytes" | "ratio" | "durationUs" | "plainUs" | "zstdBytes" | "zstdUs",
      number
    >
  >;
  expect(first.wireBytes).toBeLessThan(first.rawBytes / 2);
  expect(changed.wireBytes).toBeLessThan(changed.zstdBytes / 10);
  for (const round of [first, changed]) {
    expect(round.ratio).toBe(round.rawBytes / round.wireBytes);
    // What was measured over such a network took a round trip at least.
    expect(round.durationUs).toBeGreaterThan(100_000);
    expect(Math.min(round.plainUs, round.zstdUs)).toBeGreaterThan(99_000);
    expect(round.zstdBytes).toBeLessThan(round.rawBytes);
  }
  expect(chain.calls).toHaveLength(4);
  expect(chain.pipelined.latencyUs).toBeGreaterThan(19_000);
  expect(chain.http.latencyUs).toBeGreaterThan(79_000);
  const nodes = document["nodes"] as { readonly pid: number }[];
  expect(objectsOf(...nodes.map(({ pid }) => pid))).toEqual([]);
});

test("Ctrl-C in the middle of the tour ends everything, says so and leaves nothing", async () => {
  const child = spawn(process.execPath, [main, "demo"], {
    env: { ...process.env, TMPDIR: folder.path },
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  // The folder is the first thing that has to be let go of.
  await until(() => readdirSync(folder.path).length > 0, "its folder");
  await new Promise((go) => setTimeout(go, 500));
  // As a terminal does it: to the whole group.
  process.kill(-(child.pid ?? 0), "SIGINT");
  expect(await once(child, "close")).toEqual([130, null]);
  expect(said).toBe("interrupted before everything was shown\n");
  expect(readdirSync(folder.path)).toEqual([]);
  expect(objectsOf(child.pid ?? 0)).toEqual([]);
});

test("without --once both nodes serve until Ctrl-C, on the portable backend too", async () => {
  const child = spawn(process.execPath, [main, "demo"], {
    env: { ...process.env, NATIVE_IO: "portable" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
  while (!said.includes("Ctrl-C ends both.")) await once(child.stdout, "data");
  expect(said).toContain("portable backend");
  expect(said).toContain("200000 rows; mean delay 7.5008");
  expect(said).toMatch(/^Cap'n Web, pipelined +1 /m);
  expect(said).toMatch(/^Tensor stream: left out; only native code maps memory/m);
  expect(said).toMatch(/^HTTP, a request per call +4 /m);
  expect(said).toMatch(/^200 flights changed +\S/m);
  const url = /ping (xcp:\S+)/.exec(said)?.[1] ?? "";
  const ping = await cliJson(["ping", url, "--count", "1"]);
  expect(ping.document).toMatchObject({
    ok: true,
    agreed: { agent: expect.stringContaining("demo-b") },
  });
  child.kill("SIGINT");
  expect(await once(child, "close")).toEqual([0, null]);
  expect((await cliJson(["ping", url, "--count", "1"])).code).toBe(1);
  expect(objectsOf(child.pid ?? 0)).toEqual([]);
});
