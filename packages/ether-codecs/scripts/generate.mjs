// `node scripts/generate.mjs`: writes protobufjs' static code for proto/ether.proto into test/generated. The tests and
// the bench hold the hand-written codec against it.
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { main } from "protobufjs-cli/pbjs.js";

const folder = dirname(import.meta.dirname);
const output = join(folder, "test/generated");
mkdirSync(output, { recursive: true });

const form = ["--target", "static-module", "--wrap", "es6", "--no-comments"];
const code = join(output, "ether-proto.mjs");
main([...form, "--out", code, join(folder, "proto/ether.proto")], (error) => {
  if (error) throw error;
});
