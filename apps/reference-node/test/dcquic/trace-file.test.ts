import { afterAll, beforeEach, expect, test } from "@jest/globals";
import type { OtlpTraces, TraceSpan } from "@proj/dcquic-core";
import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { dcquicSchema } from "#src/dcquic/dcquic-config.js";
import { DcquicService } from "#src/dcquic/dcquic-service.js";
import { TraceFile } from "#src/dcquic/trace-file.js";
import { cliJson, serve } from "../support/cli.js";
import { tempFolder } from "../support/temp-folder.js";

const folder = tempFolder();
const path = join(folder.path, "traces", "dcquic.jsonl");
const failures: unknown[] = [];

beforeEach(() => {
  rmSync(join(folder.path, "traces"), { recursive: true, force: true });
  failures.length = 0;
});

afterAll(() => folder.remove());

function span(name: string): TraceSpan {
  return {
    traceId: "1".repeat(32),
    spanId: "2".repeat(16),
    name,
    kind: "server",
    startUs: 1,
    endUs: 2,
    attributes: {},
    moments: [],
    links: [],
  } as unknown as TraceSpan;
}

function openFile(maxBytes?: number): Promise<TraceFile> {
  const failed = (error: unknown): void => void failures.push(error);
  return TraceFile.open(path, {
    serviceName: "node",
    failed,
    ...(maxBytes === undefined ? {} : { maxBytes }),
  });
}

function namesIn(file: string): string[] {
  const lines = readFileSync(file, "utf8").trim().split("\n");
  return lines.flatMap((line) =>
    (JSON.parse(line) as OtlpTraces).resourceSpans
      .flatMap(({ scopeSpans }) => scopeSpans)
      .flatMap(({ spans }) => spans.map(({ name }) => name)),
  );
}

test("batches become lines, in order, of a file that only its owner can read; the next start goes on with it", async () => {
  const first = await openFile();
  for (const name of ["a", "b", "c"]) first.take([span(name), span(`${name}'`)]);
  await first.close();
  const second = await openFile();
  second.take([span("d")]);
  await second.close();
  expect(namesIn(path)).toEqual(["a", "a'", "b", "b'", "c", "c'", "d"]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(failures).toEqual([]);
});

test("a full file becomes the older one, and there are never more than two", async () => {
  const file = await openFile(1000);
  for (let i = 0; i < 9; i++) {
    file.take([span(`span ${i}`)]);
    await file.written;
  }
  await file.close();
  const kept = [...namesIn(`${path}.1`), ...namesIn(path)];
  expect(kept.at(-1)).toBe("span 8");
  expect(kept.length).toBeLessThan(6);
  expect(statSync(path).size).toBeLessThanOrEqual(1000);
  expect(existsSync(`${path}.2`)).toBe(false);
});

test("what the disk is too far behind for is refused, so that memory does not grow", async () => {
  const file = await openFile();
  expect(() => {
    for (let i = 0; i < 100; i++) file.take([span("much")]);
  }).toThrow(RangeError);
  await file.close();
  expect(namesIn(path).length).toBeLessThanOrEqual(20);
});

test("what cannot be written is told, and the next batch is tried again", async () => {
  const file = await openFile(1);
  file.take([span("first")]);
  await file.written;
  // A folder where the older file is to go.
  mkdirSync(join(`${path}.1`, "full"), { recursive: true });
  file.take([span("second")]);
  await file.written;
  expect(failures).toHaveLength(1);
  rmSync(`${path}.1`, { recursive: true });
  file.take([span("third")]);
  await file.close();
  expect(namesIn(path)).toEqual(["third"]);
});

test("a file that somebody moved away is begun again once it would be full", async () => {
  const file = await openFile(1000);
  file.take([span("first")]);
  await file.written;
  renameSync(path, `${path}.moved`);
  for (const name of ["second", "third", "fourth"]) {
    file.take([span(name)]);
    await file.written;
  }
  await file.close();
  expect(failures).toEqual([]);
  const kept = [`${path}.moved`, `${path}.1`, path].filter((each) => existsSync(each));
  expect(kept.flatMap(namesIn)).toEqual(["first", "second", "third", "fourth"]);
});

test("a node traces what it answers to, into the file that its configuration names", async () => {
  const key = folder.write("dcquic.key", randomBytes(32).toString("hex"));
  const config = folder.write(
    "node.toml",
    `
[[listen]]
url = "xcp://127.0.0.1:0"
[node]
name = "traced"
[admin]
enabled = false
[control]
enabled = false
[security]
allow_open_key_files = true
[dcquic]
enabled = true
port = 0
key_file = "dcquic.key"
receive_folder = "arrived"
trace_file = "traces/dcquic.jsonl"
`,
  );
  const node = await serve(config);
  writeFileSync(join(folder.path, "sent.bin"), randomBytes(300_000));
  const line = ["transfer", join(folder.path, "sent.bin"), "--to", node.dcquic, "--key", key];
  expect((await cliJson(line)).document).toMatchObject({ ok: true });
  await node.end("SIGTERM");
  expect(existsSync(join(folder.path, "arrived", "sent.bin"))).toBe(true);
  const names = namesIn(path);
  expect(names).toContain("dcquic.rawBulk");
  expect(readFileSync(path, "utf8")).toContain('"stringValue":"traced"');
});

test("a service that cannot listen closes its trace file", async () => {
  const file = await openFile();
  const taken = createSocket("udp4").bind(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address();
  const starting = DcquicService.start({
    config: dcquicSchema.parse({ enabled: true, port }),
    key: randomBytes(32),
    traces: file,
    serveXcp: (stream) => stream.destroy(),
    told: () => {},
    failed: () => {},
  });
  await expect(starting).rejects.toMatchObject({ code: "wire.connection_failed" });
  taken.close();
  file.take([span("after the end")]);
  await file.written;
  expect(failures).toHaveLength(1);
});

test("a trace file that cannot be opened is an error of the configuration that names the field", async () => {
  folder.write("dcquic.key", randomBytes(32).toString("hex"));
  const config = folder.write(
    "wrong.toml",
    `
[[listen]]
url = "xcp://127.0.0.1:0"
[security]
allow_open_key_files = true
[admin]
enabled = false
[control]
enabled = false
[dcquic]
enabled = true
port = 0
key_file = "dcquic.key"
trace_file = "."
`,
  );
  const { code, document } = await cliJson(["serve", "--config", config]);
  expect(code).not.toBe(0);
  expect(JSON.stringify(document)).toContain("dcquic.trace_file");
});
