import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { describeWith, type Peer } from "@proj/peers";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { native } from "./native-peer.js";

const root = fileURLToPath(new URL("../", import.meta.url));
const target = `${process.platform}-${process.arch}`;

// Objects that the workspace compiled are linked anew: what is tried here is the way, not the compiler.
const builder: Peer<unknown> =
  "found" in native && !existsSync(join(root, "build/objects/plain"))
    ? { name: "native", lack: "the addon was not built here" }
    : native;

describeWith("native-io-build, in a package of its own", builder, () => {
  let folder: string;
  const build = (args: readonly string[], env: NodeJS.ProcessEnv = {}) => {
    const { NATIVE_IO: _, LD_PRELOAD: __, ...inherited } = process.env;
    const script = join(folder, "scripts/build.mjs");
    const { status, stderr } = spawnSync(process.execPath, [script, ...args], {
      env: { ...inherited, ...env },
      encoding: "utf8",
    });
    return { status, said: stderr.trim().split("\n").at(-1) };
  };
  const reason = () => {
    const { NATIVE_IO: _, LD_PRELOAD: __, ...env } = process.env;
    const face = JSON.stringify(join(folder, "dist/index.js"));
    const script = `import { backend } from ${face}; console.log(backend.reason);`;
    const run = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      env,
      encoding: "utf8",
    });
    return run.stdout.trim();
  };

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "native-io-build-"));
    for (const part of ["dist", "native", "scripts", "package.json", "build/objects/plain"]) {
      cpSync(join(root, part), join(folder, part), { recursive: true, preserveTimestamps: true });
    }
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "junction");
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  // A compiler at work, and processes.
  jest.setTimeout(180_000);

  test("asked for help it builds nothing, and what it does not know it refuses", () => {
    const built = join(folder, "build/native_io.node");
    expect(build(["--help"])).toEqual({ status: 0, said: "" });
    expect(build(["--requre"])).toMatchObject({ status: 2 });
    expect(existsSync(built)).toBe(false);
  });

  test("without a compiler it says so, and fails only when it was told that it must not", () => {
    const env = { CXX: "", PATH: "/nowhere" };
    expect(build([], env)).toEqual({
      status: 0,
      said: "native-io: found no C++ compiler; the portable backend will be used",
    });
    expect(build(["--require"], env)).toMatchObject({ status: 1 });
    expect(reason()).toBe(`no addon was built for ${target}`);
  });

  test("it builds what the backend then loads, once", () => {
    expect(build(["--require"])).toMatchObject({ status: 0 });
    expect(reason()).toBe("loaded build/native_io.node");
    expect(build([])).toEqual({ status: 0, said: "native-io: already built" });
  });

  test("a binary of the package is taken where nothing was built, and nothing is built beside it", () => {
    expect(build(["--prebuild"])).toMatchObject({ status: 0 });
    rmSync(join(folder, "build/native_io.node"));
    expect(reason()).toBe(`loaded prebuilds/${target}/native_io.node`);
    expect(build([])).toEqual({
      status: 0,
      said: "native-io: this platform's prebuilt binary loads",
    });
    expect(existsSync(join(folder, "build/native_io.node"))).toBe(false);
  });

  test("a mistake in the code is not hidden by an older binary", () => {
    writeFileSync(join(folder, "native/futex.cc"), "not C++");
    expect(build(["--require"])).toMatchObject({ status: 1 });
  });
});
