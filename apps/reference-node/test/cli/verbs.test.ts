import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { cli, cliJson, serve, type ServingNode } from "../support/cli.js";
import { nodeConfig } from "../support/node-config.js";
import { type TempFolder, tempFolder } from "../support/temp-folder.js";

const ack =
  "107aa1a902003800000000000600000000000000030002000000000002000800000000000000000002000000000000000000000000000000" +
  "00000000000000000200000008029dc44e8d";

describe("the command line", () => {
  test("explains itself and every verb", async () => {
    const whole = await cli(["--help"]);
    expect(whole.code).toBe(0);
    const verbs = ["serve", "send", "ping", "inspect", "doctor", "demo"];
    for (const verb of verbs) expect(whole.stdout).toMatch(new RegExp(`^  ${verb} `, "m"));
    expect(whole.stdout).toContain("Exit codes:");
    for (const verb of verbs) {
      const { code, stdout } = await cli([verb, "--help"]);
      expect(code).toBe(0);
      expect(stdout).toContain(`reference-node ${verb}`);
      expect(stdout).toContain("--json");
    }
  });

  test.each([
    [["frobnicate"]],
    [["frobnicate", "--help"]],
    [["dwcp", "frobnicate", "--help"]],
    [["tensor", "frobnicate"]],
    [["serve", "--frobnicate"]],
    [["ping"]],
    [["ping", "x", "--count", "0"]],
  ])("refuses %j with exit code 2", async (args) => {
    const { code, stdout, stderr } = await cli(args);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^error: /);
  });

  test("tells its version", async () => {
    const { code, stdout } = await cli(["--version"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test("writes its one document for a wrong command line too", async () => {
    const { code, document, stderr } = await cliJson(["ping"]);
    expect(code).toBe(2);
    expect(document).toEqual({
      ok: false,
      error: { kind: "usage", message: "missing required argument 'url'", exitCode: 2 },
    });
    expect(stderr).toContain("missing required argument 'url'");
  });

  test("takes CODEC_POLICY from the environment, and refuses one that it does not know", async () => {
    const args = ["ping", "xcp://127.0.0.1:1"];
    const { code, stderr } = await cli(args, { env: { CODEC_POLICY: "Sometimes" } });
    expect(code).toBe(2);
    expect(stderr).toContain('environment: CODEC_POLICY: "Sometimes" is not allowed');
    expect((await cli(args, { env: { CODEC_POLICY: "BinaryRequired" } })).code).toBe(1);
  });
});

describe("doctor", () => {
  test("tells facts, each with what it costs", async () => {
    const { code, document } = await cliJson(["doctor"]);
    expect(code).toBe(0);
    const rows = document["rows"] as { name: string; ok: boolean; cost?: string }[];
    expect(rows.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["node", "backend", "crc32c", "shared-memory", "codecs", "demo-data"]),
    );
    for (const row of rows) if (!row.ok) expect(row.cost).not.toBe("");
    const { stdout } = await cli(["doctor"], { env: { NATIVE_IO: "portable" } });
    expect(stdout).toMatch(/backend +portable/);
  });
});

describe("inspect", () => {
  test("reads hex from a pipe and names every field", async () => {
    const { code, stdout } = await cli(["inspect"], { input: ack });
    expect(code).toBe(0);
    expect(stdout).toContain("v0.2 ACK, PROTOBUF, channel 0, id 0, in reply to 2");
    expect(stdout).toMatch(/00000000 {2}10 7a a1 a9 +MAGIC = XCP v0.2/);
    expect(stdout).toMatch(/msg_id = 2/);
  });

  test("shows a broken frame at its byte and ends with 1", async () => {
    const broken = `${ack.slice(0, -2)}00`;
    const { code, document } = await cliJson(["inspect", "-"], { input: broken });
    expect(code).toBe(1);
    expect(document).toMatchObject({
      ok: false,
      frames: [
        { findings: [{ code: "xcp.crc_mismatch", offset: 70, explanation: expect.any(String) }] },
      ],
    });
    const { stdout } = await cli(["inspect"], { input: broken });
    expect(stdout).toContain("WRONG at 00000046");
  });

  test("says that there is nothing to read", async () => {
    const empty = await cli(["inspect"], { input: " \n" });
    expect(empty.code).toBe(2);
    expect(empty.stderr).toContain("standard input is empty");
  });

  test("tells what it cannot read", async () => {
    const noHex = await cli(["inspect", "--hex"], { input: "hello" });
    expect(noHex.code).toBe(2);
    expect(noHex.stderr).toContain('"h" is no hex digit');
    expect((await cli(["inspect", "no-such-file"])).stderr).toContain(
      "no-such-file does not exist",
    );
  });
});

describe("ping", () => {
  let folder: TempFolder;
  let node: ServingNode;
  beforeAll(async () => {
    folder = tempFolder();
    folder.write("token", "correct horse battery staple\n");
    node = await serve(nodeConfig(folder, { more: '[security]\nauth_file = "token"' }));
  });
  afterAll(async () => {
    await node.end("SIGTERM");
    folder.remove();
  });

  test("tells what was agreed and how long the way is", async () => {
    const token = folder.write("mine", "correct horse battery staple");
    const args = ["ping", node.urls[0] ?? "", "--auth", token, "--count", "2", "--interval", "1"];
    const { code, document } = await cliJson(args);
    expect(code).toBe(0);
    expect(document).toMatchObject({ ok: true, agreed: { profile: "v0.2", transport: "tcp" } });
    expect(document["roundTripsUs"]).toHaveLength(2);
  });

  test("gives up after its timeout", async () => {
    const args = ["ping", node.urls[0] ?? "", "--timeout", "300"];
    process.kill(node.pid, "SIGSTOP");
    try {
      const { code, document } = await cliJson(args);
      expect(code).toBe(1);
      expect(document).toMatchObject({
        error: { code: "xcp.hello_timeout", fix: expect.stringContaining("--timeout") },
      });
    } finally {
      process.kill(node.pid, "SIGCONT");
    }
  });

  test("is refused without the credential, or with another one", async () => {
    const other = folder.write("other", "incorrect horse battery");
    const [none, wrong] = await Promise.all([
      cliJson(["ping", node.urls[0] ?? ""]),
      cliJson(["ping", node.urls[0] ?? "", "--auth", other]),
    ]);
    expect([none.code, wrong.code]).toEqual([1, 1]);
    expect(none.document).toMatchObject({ error: { code: "xcp.auth_required" } });
    expect(wrong.document).toMatchObject({ error: { code: "xcp.auth_failed" } });
    expect(node.log()).not.toContain("horse");
  });
});
