// `npm run fuzz [-- --runs 50000] [--package <name>]…`: the property and fuzz tests of the built packages with many inputs
// each, and how many there were. Every input that is counted went through at least one decoder.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { closingLine, countResults, forgetResults, testedPackages } from "./test-results.mjs";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "50000" },
    package: { type: "string", multiple: true },
  },
});
const runs = Number(values.runs);
if (!Number.isSafeInteger(runs) || runs < 1) {
  console.error(`--runs ${values.runs}: write how many inputs each property gets`);
  process.exit(1);
}
// Where decoders' properties lie beside their units.
const patterns = {
  "capnweb-rpc":
    "dist-test/(fuzz/|extensions/binary-message|http3/wire|transports/masked-frame|web-transport/message-framing|wire/message-text)",
  "wire-types": "dist-test/(base64|byte-reader|hex|shm-uri|utf8|varint)[.]test",
  "tensor-pool": "dist-test/(fuzz/|announce|bridge/|metadata/|progress/|trace/)",
  "xcp-framing": "dist-test/(fuzz/|io/frame-splitter)",
};
const packages = testedPackages().filter(
  ({ name, folder }) =>
    (values.package?.includes(name) ?? true) &&
    (name in patterns || existsSync(new URL("test/fuzz/", folder))),
);
if (packages.length === 0) {
  console.error(`no package with fuzz tests is called ${values.package?.join(", ")}`);
  process.exit(1);
}

const scratch = mkdtempSync(join(tmpdir(), "fuzz-"));
const run = fileURLToPath(new URL("jest/run.mjs", import.meta.url));
forgetResults(packages);
let total = 0;
for (const { name, folder } of packages) {
  const log = join(scratch, name);
  writeFileSync(log, "");
  console.log(`\nfuzz: ${name}`);
  spawnSync(process.execPath, [run, patterns[name] ?? "dist-test/fuzz/"], {
    cwd: folder,
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, FUZZ_RUNS: String(runs), FUZZ_LOG: log },
  });
  const counts = readFileSync(log, "utf8").trim().split("\n").map(Number);
  const inputs = counts.reduce((sum, count) => sum + count, 0);
  console.log(`${name}: ${inputs} inputs in ${counts.length} properties`);
  total += inputs;
}
rmSync(scratch, { recursive: true });

const counts = countResults(packages);
for (const note of counts.notes) console.log(note);
console.log(`${total} decoder inputs`);
console.log(closingLine(counts));
process.exit(counts.passed > 0 && counts.failed === 0 ? 0 : 1);
