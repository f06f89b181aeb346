// `node scripts/generate.mjs`: writes protobufjs' static code for proto/ether.proto into test/generated. The tests and
// the bench hold the hand-written codec against it.
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const folder = dirname(import.meta.dirname);
const cli = dirname(createRequire(import.meta.url).resolve("protobufjs-cli/package.json"));
const output = join(folder, "test/generated");
const code = join(output, "ether-proto.js");

mkdirSync(output, { recursive: true });
const form = ["--target", "static-module", "--wrap", "es6", "--force-number", "--no-comments"];
const source = join(folder, "proto/ether.proto");
const pbjs = join(cli, "bin/pbjs");
const { status } = spawnSync(process.execPath, [pbjs, ...form, "--out", code, source], {
  stdio: "inherit",
});
process.exit(status ?? 1);
