import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { backend } from "@proj/native-io";
import { describeWith } from "@proj/peers";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { native } from "./native-peer.js";

const root = fileURLToPath(new URL("../", import.meta.url));

/** Asks a copy of the package, in a process of its own, which backend it chose. */
function chosenBy(folder: string, env: NodeJS.ProcessEnv = {}): { kind: string; reason: string } {
  const face = JSON.stringify(join(folder, "dist/index.js"));
  const script = `import { backend } from ${face};
    console.log(JSON.stringify({ kind: backend.kind, reason: backend.reason, crc: backend.crc32c(new Uint8Array(9)) }));`;
  const { NATIVE_IO: _, ...inherited } = process.env;
  const output = execFileSync(process.execPath, ["--input-type=module", "-e", script], {
    env: { ...inherited, ...env },
    encoding: "utf8",
  });
  return JSON.parse(output) as { kind: string; reason: string };
}

describe("the choice of a backend", () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "native-io-"));
    cpSync(join(root, "dist"), join(folder, "dist"), { recursive: true });
    cpSync(join(root, "package.json"), join(folder, "package.json"));
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "junction");
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  test("is portable where the environment asks for it, and says so", () => {
    expect(chosenBy(root, { NATIVE_IO: "portable" })).toMatchObject({
      kind: "portable",
      reason: "NATIVE_IO=portable",
    });
  });

  test("is portable where no addon was built, and says for which machine", () => {
    expect(chosenBy(folder)).toMatchObject({
      kind: "portable",
      reason: `no addon was built for ${process.platform}-${process.arch}`,
    });
  });

  test("is portable where the addon does not load, and says which", () => {
    mkdirSync(join(folder, "build"));
    writeFileSync(join(folder, "build/native_io.node"), "not a library");
    const { kind, reason } = chosenBy(folder);
    rmSync(join(folder, "build"), { recursive: true });
    expect(kind).toBe("portable");
    expect(reason).toMatch(/^build\/native_io\.node does not load: [^\n]+$/);
  });
});

describeWith("where the addon was built", native, () => {
  test("the backend names the file and the instructions it uses", () => {
    expect(backend.reason).toMatch(/^loaded (build|native|prebuilds)\//);
    expect(["sse4.2", "armv8", "table"]).toContain(backend.crc32cEngine);
  });
});
