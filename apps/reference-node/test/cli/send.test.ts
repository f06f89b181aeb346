import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { until } from "@proj/wire-types/testing";
import { tableFromArrays, tableToIPC } from "apache-arrow";
import { PNG } from "pngjs";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { cli, cliJson, main, serve, type ServingNode } from "../support/cli.js";
import { nodeConfig } from "../support/node-config.js";
import { objectsOf } from "../support/shm-objects.js";
import { type TempFolder, tempFolder } from "../support/temp-folder.js";

const key = randomBytes(32).toString("hex");

let folder: TempFolder;
let node: ServingNode;
let to: string;

beforeAll(async () => {
  folder = tempFolder();
  folder.write("xcp.key", key);
  const socket = `unix:${folder.path}/node.sock`;
  const config = nodeConfig(folder, {
    listen: ["xcp", "ws", "h2c"]
      .map((scheme) => `url = "${scheme}://127.0.0.1:0"`)
      .concat(`url = "${socket}"`),
    more: '[security]\ncrypt = "allowed"\nkey_file = "xcp.key"\n[service]\naccept_v01 = true',
  });
  node = await serve(config);
  to = node.urls[0] ?? "";
});
afterAll(async () => {
  await node.end("SIGTERM");
  folder.remove();
});

function floats(count: number): Uint8Array {
  const text =
    `{'descr': '<f4', 'fortran_order': False, 'shape': (${count}, 4), }`.padEnd(117) + "\n";
  const head = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0]);
  const data = Float32Array.from({ length: count * 4 }, (_, i) => i % 100);
  return Buffer.concat([head, Buffer.from(text), Buffer.from(data.buffer)]);
}

function csv(rows: number): string {
  const lines = Array.from(
    { length: rows },
    (_, i) => `${i % 50},${i % 3 === 0 ? "rome" : "oslo"}`,
  );
  return `delay,city\n${lines.join("\n")}\n`;
}

describe("every kind of file arrives and is understood", () => {
  test("CSV as a table, with means per group computed by the receiver", async () => {
    const file = folder.write("a.csv", csv(3000));
    const { code, document } = await cliJson(["send", file, "--to", to]);
    expect(code).toBe(0);
    expect(document).toMatchObject({
      ok: true,
      kind: "table",
      parts: 1,
      summary: { rows: 3000, columns: { delay: { mean: 24.5 }, city: { distinct: 2 } } },
    });
  });

  test("a large CSV in parts, with bounded memory", async () => {
    const file = folder.write("b.csv", csv(200_000));
    const { document } = await cliJson(["send", file, "--to", to, "--part-bytes", "100000"]);
    expect(document).toMatchObject({ ok: true, summary: { rows: 200_000 } });
    expect(document["parts"]).toBeGreaterThan(5);
  });

  test("an Arrow file, in every codec that can carry it", async () => {
    const table = tableFromArrays({ a: Int32Array.of(1, 2, 3), b: ["x", "y", "x"] });
    const file = folder.write("a.arrow", tableToIPC(table, "file"));
    for (const codec of ["ARROW_IPC", "PROTOBUF", "JSON"]) {
      const { document } = await cliJson(["send", file, "--to", to, "--codec", codec]);
      expect(document).toMatchObject({
        ok: true,
        codecs: [codec],
        summary: { rows: 3, columns: { a: { mean: 2 }, b: { distinct: 2 } } },
      });
    }
  });

  test("a picture as image and as tensors", async () => {
    const picture = new PNG({ width: 40, height: 30 });
    picture.data.fill(200);
    const file = folder.write("a.png", PNG.sync.write(picture));
    const { document } = await cliJson(["send", file, "--to", to]);
    expect(document).toMatchObject({
      kind: "image",
      summary: { width: 40, height: 30, average_colour: [200, 200, 200, 200] },
    });
    for (const codec of ["TENSOR_F32", "TENSOR_F16", "TENSOR_QNT8", "MIXED_LATENT", "DLPACK"]) {
      const args = ["send", file, "--to", to, "--as", "tensor", "--codec", codec];
      expect((await cliJson(args)).document).toMatchObject({
        ok: true,
        codecs: [codec],
        summary: { shape: [30, 40, 4] },
      });
    }
  });

  test("a NumPy array from a pipe, text, JSON and bytes", async () => {
    const array = await cliJson(["send", "-", "--to", to], { input: floats(100) });
    expect(array.document).toMatchObject({
      kind: "tensor",
      summary: { shape: [100, 4], elements: { mean: 49.5 } },
    });
    const text = await cliJson(["send", "-", "--to", to], { input: "two words\n" });
    expect(text.document).toMatchObject({ kind: "text", summary: { words: 2, lines: 1 } });
    const json = await cliJson(["send", "-", "--to", to], { input: '{"a":{"b":1}}' });
    expect(json.document).toMatchObject({ kind: "json", summary: { keys: 3 } });
    const numbers = { input: JSON.stringify(Array(3000).fill(1.5)) };
    for (const codec of ["PROTOBUF", "ARROW_IPC", "JSON"]) {
      const list = await cliJson(["send", "-", "--to", to, "--codec", codec], numbers);
      expect(list.document).toMatchObject({ ok: true, kind: "json", summary: { keys: 1 } });
    }
    const bytes = await cliJson(["send", "-", "--to", to], { input: Uint8Array.of(0, 1, 255) });
    expect(bytes.document).toMatchObject({ kind: "bytes", summary: { bytes: 3 } });
  });

  test("the text for people names the result", async () => {
    const file = folder.write("c.csv", csv(10));
    const { code, stdout, stderr } = await cli(["send", file, "--to", to]);
    expect(code).toBe(0);
    expect(stderr).toBe("");
    expect(stdout).toContain("c.csv: table, 1 part as");
    expect(stdout).toContain('"rows": 10');
  });
});

describe("every way there", () => {
  test("each transport", async () => {
    const file = folder.write("d.csv", csv(100));
    for (const url of node.urls) {
      expect((await cliJson(["send", file, "--to", url])).document).toMatchObject({ ok: true });
    }
  });

  test("shared memory on one host, and none where it is turned off; no object stays", async () => {
    const file = folder.write("big.npy", floats(100_000));
    const args = ["send", file, "--to", to, "--as", "bytes"];
    const { document: shared, pid } = await cliJson(args);
    const inline = (await cliJson([...args, "--no-shared-memory"])).document;
    expect(inline).toMatchObject({ ok: true, shmBytes: 0 });
    expect(shared).toMatchObject({ ok: true, summary: inline["summary"] });
    if (process.platform !== "linux") return;
    expect(shared["shmBytes"]).toBeGreaterThan(1_600_000);
    expect(shared["wireBytes"]).toBeLessThan(2000);
    expect(objectsOf(pid, node.pid)).toEqual([]);
  });

  test("a sender that is told to end leaves no object behind", async () => {
    const waiting = spawn(process.execPath, [main, "send", "-", "--to", to, "--as", "bytes"], {
      stdio: ["pipe", "ignore", "ignore"],
    });
    const closed = once(waiting, "close");
    // It ends before it has read everything.
    waiting.stdin.on("error", () => undefined);
    process.kill(node.pid, "SIGSTOP");
    try {
      waiting.stdin.end(floats(100_000));
      if (process.platform === "linux") {
        await until(() => objectsOf(waiting.pid ?? 0).length > 0, "an object", { everyMs: 20 });
      }
      waiting.kill("SIGINT");
      expect(await closed).toEqual([130, null]);
      expect(objectsOf(waiting.pid ?? 0)).toEqual([]);
    } finally {
      process.kill(node.pid, "SIGCONT");
    }
  });

  test("encrypted and compressed", async () => {
    const file = folder.write("e.csv", csv(20_000));
    const keyFile = folder.write("same.key", key);
    const args = ["send", file, "--to", to, "--encrypt", keyFile, "--compress", "1"];
    const { document } = await cliJson(args);
    expect(document).toMatchObject({ ok: true, shmBytes: 0, summary: { rows: 20_000 } });
    expect(document["wireBytes"]).toBeLessThan(0.5 * Number(document["bodyBytes"]));
  });

  test("the profiles of the Python reference and of the proof of concept", async () => {
    for (const profile of ["v0.2-json", "v0.1"]) {
      const { document } = await cliJson(["send", "-", "--to", to, "--profile", profile], {
        input: "plain text\n",
      });
      expect(document).toMatchObject({ ok: true, codecs: ["JSON"], summary: { words: 2 } });
    }
  });
});

test("CODEC_POLICY keeps JSON off the way", async () => {
  const binary = { input: '{"a":1}', env: { CODEC_POLICY: "BinaryRequired" } };
  const { document } = await cliJson(["send", "-", "--to", to], binary);
  expect(document).toMatchObject({ ok: true, codecs: ["PROTOBUF"] });
  const forced = await cliJson(["send", "-", "--to", to, "--codec", "JSON"], binary);
  expect(forced.code).toBe(1);
  expect(forced.document).toMatchObject({ error: { code: "ether.codec_unsupported" } });
});

describe("failures say what to do", () => {
  test("nobody listens", async () => {
    const { code, document } = await cliJson(["send", "-", "--to", "xcp://127.0.0.1:1"], {
      input: "x",
    });
    expect(code).toBe(1);
    expect(document).toMatchObject({
      ok: false,
      error: {
        code: "wire.connection_failed",
        retryable: true,
        fix: "check the address, and that a node listens there",
      },
    });
  });

  test("another key", async () => {
    const other = folder.write("other.key", randomBytes(32));
    const args = ["send", "-", "--to", to, "--encrypt", other, "--timeout", "500"];
    const { code, document } = await cliJson(args, { input: "x" });
    expect(code).toBe(1);
    expect(document).toMatchObject({
      error: { code: "xcp.decrypt_failed", fix: expect.stringContaining("--encrypt") },
    });
  });

  test("wrong options and files end with 2, each named", async () => {
    const open = folder.write("open.key", key, 0o644);
    const results = await Promise.all([
      cli(["send", "none.csv", "--to", to]),
      cli(["send", "-", "--to", to, "--encrypt", open], { input: "x" }),
      cli(["send", "-", "--to", to, "--codec", "XML"], { input: "x" }),
      cli(["send", "-"], { input: "x" }),
      cli(["send", "-", "--to", to, "--as", "image"], { input: "x" }),
      cli(["send", "-", "--to", to, "--cert", open], { input: "x" }),
      cli(["send", "-", "--to", "gopher://x"], { input: "x" }),
    ]);
    expect(results.map(({ code }) => code)).toEqual([2, 2, 2, 2, 2, 2, 2]);
    const [missing, openKey, codec, noTarget, form, pair] = results.map(({ stderr }) => stderr);
    expect(missing).toContain("none.csv does not exist");
    expect(openKey).toContain("fix: chmod 600");
    expect(codec).toContain("Allowed choices are JSON");
    expect(noTarget).toContain("--to <url>");
    expect(form).toContain("only PNG and JPEG files can");
    expect(pair).toContain("--cert and --cert-key belong together");
  });

  test("a codec that cannot carry the content is told", async () => {
    const { code, document } = await cliJson(["send", "-", "--to", to, "--codec", "TENSOR_F32"], {
      input: "x",
    });
    expect(code).toBe(1);
    expect(document).toMatchObject({
      ok: false,
      error: {
        code: "ether.ether_invalid",
        message: expect.stringMatching(/^standard input: /),
        fix: expect.stringContaining("--codec"),
      },
    });
  });
});
