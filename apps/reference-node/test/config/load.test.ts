import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { fileURLToPath } from "node:url";
import { loadConfig } from "#src/config/load.js";
import { ConfigError, type ConfigProblem } from "#src/config/problem.js";
import { configFields } from "#src/config/fields.js";
import { readFileSync } from "node:fs";
import { type TempFolder, tempFolder } from "../support/temp-folder.js";

const exampleFile = fileURLToPath(new URL("../../config/node.toml", import.meta.url));
const endpoint = '[[listen]]\nurl = "xcp://127.0.0.1:0"\n';
const environment = {};

let folder: TempFolder;
beforeEach(() => {
  folder = tempFolder();
});
afterEach(() => folder.remove());

function problemsOf(text: string, env: Record<string, string> = {}): readonly ConfigProblem[] {
  const file = folder.write("node.toml", text);
  try {
    loadConfig(file, { environment: env });
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

function fieldsOf(text: string): readonly string[] {
  return problemsOf(text).map(({ field }) => field);
}

describe("a configuration that is right", () => {
  test("is completed with defaults", () => {
    const { config, secrets } = loadConfig(folder.write("node.toml", endpoint), { environment });
    expect(config.admin).toEqual({
      enabled: true,
      host: "127.0.0.1",
      port: 9945,
      allow_remote: false,
    });
    expect(config.codecs.policy).toBe("Any");
    expect(config.security).toEqual({ crypt: "off", allow_open_key_files: false });
    expect(secrets).toEqual({ endpoints: [undefined], key: undefined, auth: undefined });
  });

  test("may be left out", () => {
    const { config } = loadConfig(undefined, { environment });
    expect(config.listen).toEqual([
      { url: "xcp://127.0.0.1:9944", allow_insecure: false, origins: [] },
    ]);
  });

  test("takes CODEC_POLICY from the environment", () => {
    const file = folder.write("node.toml", endpoint);
    const { config } = loadConfig(file, { environment: { CODEC_POLICY: "BinaryRequired" } });
    expect(config.codecs.policy).toBe("BinaryRequired");
    const unset = loadConfig(file, { environment: { CODEC_POLICY: "" } });
    expect(unset.config.codecs.policy).toBe("Any");
  });

  test("reads keys as bytes, hex and base64", () => {
    const key = Buffer.alloc(32, 7);
    for (const content of [key, key.toString("hex"), `${key.toString("base64")}\n`]) {
      folder.write("xcp.key", content);
      const text = `${endpoint}[security]\ncrypt = "required"\nkey_file = "xcp.key"\n`;
      const { secrets } = loadConfig(folder.write("node.toml", text), { environment });
      expect(secrets.key).toEqual(new Uint8Array(key));
    }
  });

  test("is what the documented example is, with its defaults spelt out", () => {
    const { config } = loadConfig(exampleFile, { environment });
    const { config: bare } = loadConfig(folder.write("node.toml", endpoint), { environment });
    expect({ ...config, listen: [], limits: {} }).toEqual({ ...bare, listen: [], limits: {} });
  });
});

describe("the example", () => {
  test("mentions every field", () => {
    const text = readFileSync(exampleFile, "utf8");
    const missing = [...configFields.keys()].filter((path) => {
      const name = path.replace(/\[\]$/, "").split(".").at(-1) ?? "";
      return !path.startsWith("limits.") && !new RegExp(String.raw`\b${name}\b`).test(text);
    });
    expect(missing).toEqual([]);
  });
});

describe("a configuration that is wrong", () => {
  test("has every error listed, each with file, field, what is allowed and a fix", () => {
    const problems = problemsOf(
      [
        "[node]",
        'nam = "a"',
        "[[listen]]",
        'url = "xcp://0.0.0.0:9944"',
        "[[listen]]",
        'url = "gopher://127.0.0.1:70"',
        "[[listen]]",
        'url = "xcps://127.0.0.1:9947"',
        "[security]",
        'crypt = "always"',
        "[codecs]",
        'order = ["PROTOBUF", "PROTOBUF", "XML"]',
        "[limits]",
        "max_frame_bytes = 4",
        "[admin]",
        "port = 99999",
        'host = "0.0.0.0"',
        "[log]",
        "level = 3",
      ].join("\n"),
      { CODEC_POLICY: "Sometimes" },
    );
    expect(problems.map(({ field }) => field).toSorted()).toEqual(
      [
        "CODEC_POLICY",
        "admin.host",
        "admin.port",
        "codecs.order[1]",
        "codecs.order[2]",
        "limits.max_frame_bytes",
        "listen[0].url",
        "listen[1].url",
        "listen[2].tls",
        "log.level",
        "node.nam",
        "security.crypt",
      ].toSorted(),
    );
    for (const problem of problems) {
      expect(problem.file).toMatch(/node\.toml$|^environment$/);
      expect(problem.problem).not.toBe("");
      expect(problem.allowed).not.toBe("");
      expect(problem.fix).not.toBe("");
    }
    const text = new ConfigError(problems).message;
    expect(text).toContain("did you mean name?");
    expect(text).toContain("write, for instance: port = 9945");
  });

  test("is told apart line by line when it is no TOML", () => {
    const [problem, ...more] = problemsOf("[node\nname = 1");
    expect(more).toEqual([]);
    expect(problem?.field).toBe("line 1, column 6");
  });

  test("need not exist", () => {
    expect(() => loadConfig(`${folder.path}/none.toml`, { environment })).toThrow(
      /cannot be read \(ENOENT\)/,
    );
  });

  test.each([
    ["listen missing", "", ["listen"]],
    ["listen empty", "listen = []", ["listen"]],
    ["url missing", "[[listen]]\nallow_insecure = true", ["listen[0].url"]],
    [
      "a port taken twice",
      `${endpoint.replace(":0", ":9")}${endpoint.replace(":0", ":9")}`,
      ["listen[1].url"],
    ],
    [
      "a socket taken twice",
      '[[listen]]\nurl = "unix:/tmp/n.sock"\n[[listen]]\nurl = "unix:///tmp/n.sock"',
      ["listen[1].url"],
    ],
    [
      "a port that the admin endpoint has too",
      `${endpoint.replace(":0", ":9")}[admin]\nport = 9`,
      ["admin.port"],
    ],
    [
      "origins of a socket",
      '[[listen]]\nurl = "unix:/tmp/n.sock"\norigins = ["*"]',
      ["listen[0].origins"],
    ],
    ["a path where TCP has none", endpoint.replace(":0", ":0/x"), ["listen[0].url"]],
    ["a query", '[[listen]]\nurl = "ws://127.0.0.1:0/x?y"', ["listen[0].url"]],
    [
      "a certificate without TLS",
      '[[listen]]\nurl = "xcp://127.0.0.1:0"\ntls = {cert="a",key="b"}',
      ["listen[0].tls", "listen[0].tls.cert", "listen[0].tls.key"],
    ],
    ["a relative socket", '[[listen]]\nurl = "unix:node.sock"', ["listen[0].url"]],
    ["a socket nowhere", '[[listen]]\nurl = "unix:/nowhere/at/all/node.sock"', ["listen[0].url"]],
    ["credentials in a URL", '[[listen]]\nurl = "xcp://me:secret@127.0.0.1:1"', ["listen[0].url"]],
    ["crypt without a key", `${endpoint}[security]\ncrypt = "required"`, ["security.key_file"]],
    [
      "no codec left",
      `${endpoint}[codecs]\norder = ["JSON"]\npolicy = "BinaryRequired"`,
      ["codecs.policy"],
    ],
  ])("names the field: %s", (_, text, fields) => {
    expect(fieldsOf(text)).toEqual(fields);
  });

  test("refuses a key that others can read", () => {
    folder.write("xcp.key", "00".repeat(32), 0o644);
    const text = `${endpoint}[security]\ncrypt = "required"\nkey_file = "xcp.key"\n`;
    const [problem] = problemsOf(text);
    expect(problem?.problem).toContain("mode 644: others can read it");
    expect(problem?.fix).toBe(`chmod 600 ${folder.path}/xcp.key`);
    expect(problemsOf(`${text}allow_open_key_files = true\n`)).toEqual([]);
  });

  test("never shows what is in a key file", () => {
    folder.write("xcp.key", "correct horse battery staple");
    const text = `${endpoint}[security]\ncrypt = "required"\nkey_file = "xcp.key"\n`;
    expect(JSON.stringify(problemsOf(text))).not.toContain("horse");
  });
});
