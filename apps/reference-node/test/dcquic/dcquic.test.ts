import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { newByteStreamRpcSession } from "@proj/capnweb-rpc";
import type { TransportPool } from "@proj/dcquic-core";
import { ManualTime } from "@proj/wire-types";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { burst } from "#src/dcquic/burst.js";
import { openDcquicPool } from "#src/dcquic/dcquic-client.js";
import { formatBurst } from "#src/dcquic/format-burst.js";
import { parseDcquicUrl } from "#src/dcquic/dcquic-url.js";
import { decodePurpose, encodePurpose } from "#src/dcquic/purpose.js";
import { sendFile } from "#src/dcquic/send-file.js";
import { webStreams } from "#src/dcquic/web-streams.js";
import type { ControlGate } from "#src/control/node-control.js";
import { cli, cliJson, serve, type ServingNode } from "../support/cli.js";
import { tempFolder } from "../support/temp-folder.js";

const folder = tempFolder();
const keyFile = join(folder.path, "dcquic.key");
const tokenFile = join(folder.path, "control.token");
const files = join(folder.path, "files");
const key = randomBytes(32);
let node: ServingNode;

beforeAll(async () => {
  writeFileSync(keyFile, key.toString("hex"), { mode: 0o600 });
  const config = join(folder.path, "node.toml");
  writeFileSync(
    config,
    `
[[listen]]
url = "xcp://127.0.0.1:0"
[admin]
port = 0
[control]
port = 0
token_file = "${tokenFile}"
[dcquic]
enabled = true
port = 0
key_file = "${keyFile}"
receive_folder = "${files}"
durability = "none"
`,
  );
  node = await serve(config);
});

afterAll(async () => {
  await node.end("SIGTERM");
  folder.remove();
});

test("XCP runs over a dcQUIC stream: ping and send", async () => {
  const { document: pinged } = await cliJson(["ping", node.dcquic, "--dcquic-key", keyFile]);
  expect(pinged).toMatchObject({ ok: true, agreed: { transport: "dcquic", secure: true } });
  const { document: sent } = await cliJson(
    ["send", "-", "--to", node.dcquic, "--dcquic-key", keyFile],
    { input: "hello over dcQUIC" },
  );
  expect(sent).toMatchObject({ ok: true });
});

test("a URL of dcQUIC without a key is an error that says so", async () => {
  const { code, stderr } = await cli(["ping", node.dcquic]);
  expect(code).toBe(2);
  expect(stderr).toContain("--dcquic-key");
});

test("Cap'n Web runs over a dcQUIC stream: the control API answers to its token", async () => {
  const pool = await openDcquicPool(key, { host: "127.0.0.1" });
  const peer = parseDcquicUrl(node.dcquic) ?? "";
  const stream = pool.openByteStream(peer, { meta: encodePurpose({ for: "control" }) });
  using gate = newByteStreamRpcSession<ControlGate>(webStreams(stream));
  const health = await gate.authenticate(readFileSync(tokenFile, "utf8").trim()).health();
  expect(health.state).toBe("ready");
  await expect(gate.authenticate("wrong")).rejects.toThrow();
  stream.destroy();
  await pool.close();
});

test("transfer sends a file, and goes on with what is missing after it was cut off", async () => {
  const content = randomBytes(5_000_000);
  const path = join(folder.path, "model.bin");
  writeFileSync(path, content);
  const peer = parseDcquicUrl(node.dcquic) ?? "";
  const cut = new AbortController();
  const first = await openDcquicPool(key, { host: "127.0.0.1" });
  const half = sendFile(first, path, {
    peer,
    rangeBytes: 1_048_576,
    parallel: 1,
    signal: cut.signal,
    onProgress: (bytes) => {
      if (bytes >= 2_000_000) cut.abort();
    },
  });
  await expect(half).rejects.toMatchObject({ code: "dcquic.cancelled" });
  await first.close();
  const arrived = (): readonly string[] =>
    readdirSync(files)
      .filter((name) => name.startsWith("model"))
      .toSorted();
  expect(arrived()).toEqual(["model.bin.part", "model.bin.part.json"]);
  const args = ["transfer", path, "--to", node.dcquic, "--key", keyFile, "--range", "1"];
  const { document: report } = await cliJson(args);
  expect(report).toMatchObject({ ok: true, bytes: content.length, resumedBytes: 2_097_152 });
  expect(arrived()).toEqual(["model.bin"]);
  expect(readFileSync(join(files, "model.bin")).equals(content)).toBe(true);
});

test.each([
  { first: 1, later: 4 },
  { first: 4, later: 1 },
])(
  "transfer goes on in ranges of $later MiB where it began with $first, and what it calls done is there",
  async ({ first, later }) => {
    const content = randomBytes(9_000_000);
    const name = `lengths-${first}-${later}.bin`;
    const path = join(folder.path, name);
    writeFileSync(path, content);
    const cut = new AbortController();
    const pool = await openDcquicPool(key, { host: "127.0.0.1" });
    const part = sendFile(pool, path, {
      peer: parseDcquicUrl(node.dcquic) ?? "",
      rangeBytes: first * 1_048_576,
      parallel: 1,
      signal: cut.signal,
      onProgress: (bytes) => {
        if (bytes > 0) cut.abort();
      },
    });
    await expect(part).rejects.toMatchObject({ code: "dcquic.cancelled" });
    await pool.close();
    const to = ["--to", node.dcquic, "--key", keyFile];
    const { document } = await cliJson(["transfer", path, ...to, "--range", String(later)]);
    expect(document).toMatchObject({ ok: true, resumedBytes: first * 1_048_576 });
    expect(readFileSync(join(files, name)).equals(content)).toBe(true);
    // Who asks again sends nothing.
    const { document: again } = await cliJson(["transfer", path, ...to]);
    expect(again).toMatchObject({ ok: true, resumedBytes: content.length, ranges: 0 });
  },
);

test("transfer says that a node takes no file of such a name, before it begins", async () => {
  for (const name of ["n".repeat(241), "ä".repeat(121), "back\\slash"]) {
    const path = join(folder.path, name);
    writeFileSync(path, "x");
    const { code, stderr } = await cli(["transfer", path, "--to", node.dcquic, "--key", keyFile]);
    expect(code).toBe(2);
    expect(stderr).toContain("has a name that nodes do not take");
  }
  const longest = "ä".repeat(120);
  writeFileSync(join(folder.path, longest), "x");
  const args = ["transfer", join(folder.path, longest), "--to", node.dcquic, "--key", keyFile];
  expect((await cliJson(args)).document).toMatchObject({ ok: true });
  expect(readFileSync(join(files, longest), "utf8")).toBe("x");
});

test("transfer and burst give up when nothing comes of the node for --timeout, with code 1", async () => {
  const path = join(folder.path, "stuck.bin");
  writeFileSync(path, randomBytes(100_000));
  const silent = await openDcquicPool(key, { host: "127.0.0.1" });
  let hasRanges = false;
  silent.serve({
    accept: async (incoming) => {
      if (!hasRanges || decodePurpose(incoming.meta)?.for !== "ranges")
        return new Promise(() => {});
      await incoming.reply(new TextEncoder().encode("[]"));
      return undefined;
    },
  });
  const to = ["--to", `dcquic://${silent.name}`, "--key", keyFile, "--timeout", "600", "--json"];
  try {
    // Neither what it has is answered, nor, once that is, a range taken.
    for (hasRanges of [false, true]) {
      const { code, stdout } = await cli(["transfer", path, ...to]);
      expect(code).toBe(1);
      expect(JSON.parse(stdout)).toMatchObject({
        ok: false,
        error: { kind: "protocol", code: "dcquic.deadline", exitCode: 1 },
      });
    }
    const { code, stdout } = await cli(["burst", "--streams", "20", "--bytes", "10", ...to]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      answered: 0,
      failed: { "dcquic.deadline": 20 },
    });
  } finally {
    await silent.close();
  }
  for (const verb of ["transfer", "burst"]) {
    expect((await cli([verb, "--help"])).stdout).toMatch(/--timeout <ms>/);
  }
  expect((await cli(["burst", "--timeout", "0"])).code).toBe(2);
});

test("an empty file is a file", async () => {
  const path = join(folder.path, "empty");
  writeFileSync(path, "");
  const { document: report } = await cliJson([
    "transfer",
    path,
    "--to",
    node.dcquic,
    "--key",
    keyFile,
  ]);
  expect(report).toMatchObject({ ok: true, bytes: 0 });
  expect(readFileSync(join(files, "empty"))).toHaveLength(0);
});

test("names that lead out of the folder, and what nobody serves, are refused", async () => {
  const file = { sha256: "0".repeat(64), total: 1 };
  for (const name of ["..", "a/b", "../x", "", "a\\b", "\0"]) {
    const bytes = new TextEncoder().encode(
      JSON.stringify({ for: "ranges", file: { ...file, name } }),
    );
    expect(decodePurpose(bytes)).toBeUndefined();
  }
  const pool = await openDcquicPool(key, { host: "127.0.0.1" });
  const peer = parseDcquicUrl(node.dcquic) ?? "";
  const { response } = pool.unaryRpc(peer, new Uint8Array(1));
  await expect(response).rejects.toMatchObject({ code: "dcquic.no_acceptor" });
  await pool.close();
});

test("another key makes no path", async () => {
  const pool = await openDcquicPool(randomBytes(32), { host: "127.0.0.1" });
  const peer = parseDcquicUrl(node.dcquic) ?? "";
  await expect(pool.connect(peer)).rejects.toMatchObject({ code: "dcquic.handshake_failed" });
  await pool.close();
});

test("/metrics tells of the pool and its workers, as of now", async () => {
  const text = async (): Promise<string> => (await fetch(new URL("/metrics", node.admin))).text();
  const received = async (): Promise<number> =>
    Number(/^dcquic_received_packets_total\{worker="0"\} (\d+)$/m.exec(await text())?.[1]);
  const before = await received();
  await cliJson(["ping", node.dcquic, "--dcquic-key", keyFile]);
  expect(await received()).toBeGreaterThan(before);
  expect(await text()).toMatch(/^dcquic_bbr_paths\{worker="0",phase="startup"\} \d+$/m);
  expect(await text()).toMatch(/^dcquic_queued_announcements\{worker="0",priority="3"\} 0$/m);
  expect(await text()).toMatch(
    /^dcquic_handshakes_total\{side="answered",outcome="succeeded"\} [1-9]\d*$/m,
  );
  expect(await text()).toMatch(/^dcquic_nic_state\{nic="0",state="up"\} 1$/m);
  expect(await text()).toMatch(
    /^dcquic_peer_state_changes_total\{worker="0",state="failed"\} \d+$/m,
  );
});

test("burst answers every call, here and to a node", async () => {
  const { document: here } = await cliJson(["burst", "--streams", "500", "--bytes", "1200"]);
  expect(here).toMatchObject({ ok: true, answered: 500, failed: {} });
  const { document: there } = await cliJson([
    "burst",
    "--streams",
    "500",
    "--bytes",
    "100",
    "--to",
    node.dcquic,
    "--key",
    keyFile,
  ]);
  expect(there).toMatchObject({ ok: true, answered: 500, failed: {} });
  for (const { goodputRatio } of [here, there]) {
    expect(goodputRatio).toBeGreaterThan(0.5);
    expect(goodputRatio).toBeLessThanOrEqual(1);
  }
});

test("the goodput ratio of a burst is what was answered, of all that was sent for it", async () => {
  const sealBytes = 16;
  const counters = { payloadSent: 1000, payloadReceived: 500 };
  const pool = {
    connect: () => Promise.resolve(),
    measure: () => Promise.resolve([{ measured: { counters: { ...counters } } }]),
    unaryRpc: (_: string, request: Uint8Array) => {
      // Each goes out twice, and one in four has no answer.
      counters.payloadSent += 2 * (request.length + sealBytes);
      const answer = { bytes: request, release: () => undefined };
      const isLost = (request[0] ?? 0) % 4 === 3;
      if (!isLost) counters.payloadReceived += request.length + sealBytes;
      return { response: isLost ? Promise.reject(new Error("lost")) : Promise.resolve(answer) };
    },
  } as unknown as TransportPool;
  const options = { peer: "p", streams: 8, bytes: 100, timeoutMs: 1, clock: new ManualTime() };
  const report = await burst(pool, options);
  expect(report).toMatchObject({ answered: 6, failed: { lost: 2 }, goodputRatio: 6 / 16 });
  expect(formatBurst(report)).toContain("goodput ratio 0.3750:");
});

test("burst says at once that it is too large, and begins nothing", async () => {
  for (const [streams, bytes] of [
    [10_000, 107_375],
    [1, 999_999_999_999],
  ] as const) {
    const line = ["burst", "--streams", String(streams), "--bytes", String(bytes)];
    const { code, stderr, stdout } = await cli(line);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(`${streams} calls of ${bytes} bytes are `);
    expect(stderr).toContain("at most 1.0 GiB may be");
  }
});
