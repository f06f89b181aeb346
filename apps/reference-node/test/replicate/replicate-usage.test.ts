import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { randomBytes } from "node:crypto";
import { lstatSync } from "node:fs";
import { join } from "node:path";
import { formatReplicaKey, isReplicaName, parseReplicaKey } from "#src/replicate/replica-key.js";
import { cli, cliJson } from "../support/cli.js";
import { ReplicaNode } from "../support/replica-node.js";

// Every state is synced to disk several times.
jest.setTimeout(180_000);

const replica = new ReplicaNode();
const { folder, keyFile, replicas, state } = replica;

beforeAll(() => replica.start());
afterAll(() => replica.close());

test("errors say what to do", async () => {
  const missing = await cli(replica.args(join(folder.path, "nothing")));
  expect(missing.code).toBe(2);
  expect(missing.stderr).toContain("does not exist");
  const url = await cli(["replicate", keyFile, "--to", "http://x", "--key", keyFile]);
  expect(url.code).toBe(2);
  expect(url.stderr).toContain("dwcp://host:port");
  const odd = await cli(replica.args(keyFile, "--name", "../out"));
  expect(odd.code).toBe(2);
  expect(odd.stderr).toContain("--name");
  const otherKey = folder.write("other.key", randomBytes(32).toString("hex"));
  const line = ["replicate", keyFile, "--to", replica.node.dwcp, "--state", state];
  const stranger = await cli([...line, "--key", otherKey]);
  expect(stranger.code).toBe(1);
  expect(stranger.stderr).toContain("name the key that the node holds");
  const { document } = await cliJson([
    "replicate",
    keyFile,
    "--to",
    "dwcp://127.0.0.1:1",
    "--key",
    keyFile,
    "--state",
    state,
    "--timeout",
    "1000",
  ]);
  expect(document).toMatchObject({ ok: false, error: { code: "dwcp.timeout", retryable: true } });
});

test("to watch and to send nothing do not go together", async () => {
  const line = ["replicate", keyFile, "--to", replica.node.dwcp, "--key", keyFile];
  const { code, stderr } = await cli([...line, "--watch", "--dry-run"]);
  expect([code, stderr]).toEqual([2, expect.stringContaining("cannot be used with")]);
});

test("help names every option", async () => {
  const { stdout, code } = await cli(["replicate", "--help"]);
  expect(code).toBe(0);
  for (const option of ["--watch", "--dry-run", "--json", "--as", "--name", "--state"]) {
    expect(stdout).toContain(option);
  }
  expect(stdout.replaceAll(/\s+/g, " ")).toContain("bsdiff finds the smallest ones");
});

test("a configuration without key and folder lists both", async () => {
  const file = folder.write(
    "wrong.toml",
    '[[listen]]\nurl = "xcp://127.0.0.1:0"\n[dwcp]\nenabled = true\n',
  );
  const { code, stderr } = await cli(["serve", "--check", "--config", file]);
  expect(code).toBe(2);
  expect(stderr).toContain("dwcp.key_file");
  expect(stderr).toContain("dwcp.receive_folder");
});

test("names that lead out of the folder are no replicas", () => {
  for (const name of [
    "..",
    ".",
    "",
    "a/b",
    "../x",
    "a\\b",
    "a\0",
    ".dwcp",
    "a:b",
    "x".repeat(200),
  ]) {
    expect(isReplicaName(name)).toBe(false);
    expect(parseReplicaKey(`file:${name}`)).toBeUndefined();
  }
  expect(parseReplicaKey(formatReplicaKey({ form: "tree", name: "ä b" }))).toEqual({
    form: "tree",
    name: "ä b",
  });
  expect(parseReplicaKey("blob:x")).toBeUndefined();
  expect(lstatSync(replicas).isDirectory()).toBe(true);
});
