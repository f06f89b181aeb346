import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { command, describeWith, type Peer } from "@proj/peers";
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { native } from "../native-peer.js";
import { type Scratch, scratch } from "../shm/scratch.js";

const path = (from: string): string => fileURLToPath(new URL(from, import.meta.url));
const sources = ["crc32c.cc", "fault_guard.cc", "mapping.cc", "shm_file.cc"];

// Where the addon was built there is a compiler; an environment that preloads a sanitizer's runtime is for Node alone.
const compiler: Peer<string> = "found" in native ? command("c++") : native;
const { LD_PRELOAD: _, ...env } = process.env;

describeWith("the code below Node-API", compiler, (cxx) => {
  let place: Scratch;
  const program = () => place.path("program");

  beforeAll(() => {
    place = scratch();
    mkdirSync(place.path("files"));
    const files = [
      path("../../test/native/memory.cc"),
      ...sources.map((name) => path(`../../native/${name}`)),
    ];
    const flags = ["-std=c++17", "-g", "-O1", "-pthread"];
    const { status, stderr } = spawnSync(cxx, [...flags, ...files, "-o", program()], {
      env,
      encoding: "utf8",
    });
    expect([status, stderr]).toEqual([0, ""]);
  });
  afterAll(() => place.remove());

  function run(...tool: readonly string[]): void {
    const [first = program(), ...more] = tool;
    const args = [...more, ...(tool.length > 0 ? [program()] : []), place.path("files")];
    const { status, stderr } = spawnSync(first, args, { env, encoding: "utf8" });
    expect([status, stderr]).toEqual([0, ""]);
    rmSync(place.path("files"), { recursive: true });
    mkdirSync(place.path("files"));
  }

  test("does what it says", () => run());

  describeWith("under valgrind", command("valgrind"), (valgrind) => {
    test("touches nothing that is not its own, and loses nothing", () => {
      run(
        valgrind,
        "--quiet",
        "--error-exitcode=9",
        "--leak-check=full",
        "--errors-for-leak-kinds=definite",
      );
    });
  });
});
