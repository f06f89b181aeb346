import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";

const program = join(import.meta.dirname, "../../dist/io/sbe-generate.js");
const tests = join(import.meta.dirname, "../../test");
let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sbe-generate-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test("writes the module and says what it holds", () => {
  const out = join(folder, "everything.ts");
  const { status, stdout } = run(join(tests, "schemas/everything.xml"), "--out", out, "--json");
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toEqual({ file: out, schema: 77, messages: ["Everything", "Empty"] });
  const committed = readFileSync(join(tests, "generated/everything.ts"), "utf8");
  expect(readFileSync(out, "utf8").split("\n").slice(1)).toEqual(committed.split("\n").slice(1));
});

test("prints the module where no file is named", () => {
  const { stdout } = run(join(tests, "schemas/everything.xml"));
  expect(stdout).toContain("export class EverythingDecoder");
});

test("explains itself", () => {
  expect(run("--help").stdout).toContain("Usage: sbe-generate <schema.xml>");
});

test("names the file, the line and the mistake", () => {
  const file = join(folder, "wrong.xml");
  writeFileSync(file, "<messageSchema>\n<message/>\n</messageSchema>\n");
  const { status, stderr } = run(file);
  expect(status).toBe(1);
  expect(stderr).toBe(`sbe-generate: ${file}: line 2: <message> needs the attribute name\n`);
});

test.each([
  [[], "name one schema file"],
  [["a.xml", "b.xml"], "name one schema file"],
  [["/nonexistent/a.xml"], "ENOENT"],
  [["--what"], "Unknown option '--what'"],
])("refuses %j", (args, sentence) => {
  const { status, stderr } = run(...args);
  expect(status).toBe(1);
  expect(stderr).toContain(sentence);
});

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [program, ...args], { encoding: "utf8" });
}
