import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { describeWith, java } from "@proj/peers";
import { formatHex } from "@proj/wire-types";
import * as big from "../generated/everything-big-endian.js";
import { decodeEverything, encodeEverything } from "../generated/everything.js";
import { everything } from "../support/everything.js";

const sources = join(import.meta.dirname, "../../test");
const schema = join(sources, "schemas/everything.xml");

describeWith("SBE's Java tool", java("sbe-all"), (jars) => {
  let folder = "";

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "sbe-"));
    run("java", [
      "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
      `-Dsbe.output.dir=${folder}`,
      "-Dsbe.target.language=Java",
      "-Dsbe.xinclude.aware=true",
      "-cp",
      jars,
      "uk.co.real_logic.sbe.SbeTool",
      schema,
    ]);
    const generated = readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".java"))
      .map((file) => join(folder, file));
    const program = join(sources, "interop/SbePeer.java");
    run("javac", ["-encoding", "UTF-8", "-cp", jars, "-d", folder, ...generated, program]);
  });

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  test("reads what we write", () => {
    const printed = JSON.parse(print(schema, encodeEverything(everything))) as unknown;
    expect(printed).toMatchObject(expectedJson);
  });

  test("reads what we write big-endian", () => {
    const bigSchema = join(sources, "schemas/everything-big-endian.xml");
    const printed = JSON.parse(print(bigSchema, big.encodeEverything(everything))) as unknown;
    expect(printed).toMatchObject(expectedJson);
  });

  test("writes what we read, byte for byte what we write", () => {
    const file = join(folder, "message.bin");
    peer(["encode", file]);
    const bytes = readFileSync(file);
    expect(decodeEverything(bytes)).toEqual(everything);
    expect(formatHex(encodeEverything(everything))).toBe(formatHex(bytes));
  });

  function print(from: string, bytes: Uint8Array): string {
    const file = join(folder, "ours.bin");
    writeFileSync(file, bytes);
    return peer(["print", from, file]);
  }

  function peer(args: string[]): string {
    const open = ["java.base/jdk.internal.misc", "java.base/sun.nio.ch", "java.base/java.nio"];
    const options = open.map((module) => `--add-opens=${module}=ALL-UNNAMED`);
    return run("java", [...options, "-cp", [jars, folder].join(delimiter), "SbePeer", ...args]);
  }
});

/** What the Java tool prints of {@link everything}; what differs by its taste (sets, 64-bit signs) is left out. */
const expectedJson = {
  small: -5,
  count: 40_000,
  ratio: 0.1,
  maybe: -1,
  maybeFloat: 1.5,
  side: "LEFT",
  maybeSide: "RIGHT",
  name: "Ada",
  vector: [1, -0.5, 0.25],
  price: { mantissa: 1_234, rounding: "UP" },
  place: { x: { mantissa: -1, rounding: "DOWN" }, y: { mantissa: 2, rounding: "UP" } },
  later: 77,
  legs: [
    {
      length: 70,
      toes: [
        { size: 3, nickname: "groß" },
        { size: 1, nickname: "" },
      ],
    },
    { length: 71, toes: [] },
  ],
  arms: [{ strength: 2.5 }],
  motto: "语言",
  extra: "new",
};

function run(program: string, args: string[]): string {
  return execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
