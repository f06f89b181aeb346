// `node tools/sanitized.mjs [pattern]`: native-io's tests on an addon built with AddressSanitizer and UBSan.
// The runtime of the sanitizers must be loaded before Node, so GCC's is preloaded.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const cwd = fileURLToPath(new URL("../packages/native-io/", import.meta.url));
const run = fileURLToPath(new URL("jest/run.mjs", import.meta.url));
const cxx = process.env.CXX ?? "g++";

const built = spawnSync(process.execPath, ["scripts/build.mjs", "--sanitize"], {
  cwd,
  stdio: "inherit",
});
if (built.status !== 0) process.exit(1);
const printed = spawnSync(cxx, ["-print-file-name=libasan.so"], { encoding: "utf8" });
const runtime = printed.stdout?.trim() ?? "";
if (!runtime.startsWith("/")) {
  console.error(`sanitized: ${cxx} has no libasan.so to preload (GCC on Linux has one)`);
  process.exit(1);
}

const env = {
  ...process.env,
  CXX: cxx,
  NATIVE_IO: "sanitized",
  LD_PRELOAD: runtime,
  // Node keeps what it allocates to the end, refuses absurd sizes by itself, and faults on purpose in some tests.
  ASAN_OPTIONS: "detect_leaks=0:allocator_may_return_null=1:handle_segv=0:handle_sigbus=0",
  UBSAN_OPTIONS: "print_stacktrace=1",
  SHM_ROUNDS: process.env.SHM_ROUNDS ?? "200000",
};
const { status } = spawnSync(process.execPath, [run, ...process.argv.slice(2)], {
  cwd,
  env,
  stdio: "inherit",
});
process.exit(status ?? 1);
