import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { command, describeWith, type Peer } from "@proj/peers";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { native } from "../native-peer.js";

const path = (from: string): string => fileURLToPath(new URL(from, import.meta.url));
const sources = [
  "aead.cc",
  "multi_buffer.cc",
  "openssl.cc",
  "udp_address.cc",
  "udp_errors.cc",
  "udp_port.cc",
  "udp_receive.cc",
  "udp_transmit.cc",
];

// Where the addon was built there is a compiler; an environment that preloads a sanitizer's runtime is for Node alone.
const compiler: Peer<string> = "found" in native ? command("c++") : native;
const { LD_PRELOAD: _, ...env } = process.env;

describeWith("datagrams and ciphers below Node-API", compiler, (cxx) => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "datagrams-"));
    const files = [
      path("../../test/native/datagrams.cc"),
      ...sources.map((name) => path(`../../native/${name}`)),
    ];
    const flags = ["-std=c++17", "-g", "-O1", "-pthread"];
    run(cxx, [...flags, ...files, "-ldl", "-o", join(folder, "program")]);
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  function run(program: string, args: readonly string[]): void {
    const { status, stderr } = spawnSync(program, args, { env, encoding: "utf8" });
    expect([status, stderr]).toEqual([0, ""]);
  }

  test("do what they say", () => run(join(folder, "program"), []));

  describeWith("under valgrind", command("valgrind"), (valgrind) => {
    test("touch nothing that is not their own, and lose nothing", () => {
      const options = [
        "--quiet",
        "--error-exitcode=9",
        "--leak-check=full",
        "--errors-for-leak-kinds=definite",
      ];
      run(valgrind, [...options, join(folder, "program")]);
    });
  });
});
