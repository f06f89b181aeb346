// Everything a change must pass before it lands, then one line that sums all test runs. Started by .ci/run.
//
// A stage that runs tests closes with a count of its own; one that does not counts as a failure when it fails.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const pnpm = "node tools/pnpm.mjs";
const core = ["wire-types", "native-io", "xcp-framing", "ether-codecs"];
const corePackages = core.map((name) => `--package ${name}`).join(" ");
const peers = (process.env.REQUIRE_PEERS ?? "").split(",").filter(Boolean);
// What only the native backend can meet is no reason for the portable one to fail.
const nativeOnly = new Set(["native", "ipsec-mb", "libfabric", "valgrind"]);
const withoutNative = peers.filter((name) => !nativeOnly.has(name)).join(",");

const stages = [
  { title: "npm test", command: "npm test" },
  {
    title: "public surfaces",
    command: `${pnpm} run turbo run api --continue --concurrency=2 --output-logs=errors-only`,
  },
  {
    title: "published shapes",
    command: `${pnpm} run turbo run shape --continue --concurrency=2 --output-logs=errors-only`,
  },
  { title: "unused code and dependencies", command: `${pnpm} exec knip` },
  { title: "known vulnerabilities", command: "node tools/audit.mjs" },
  {
    title: "portable backend",
    command: `node tools/nodes.mjs own ${corePackages} --package reference-node`,
    env: { NATIVE_IO: "portable", REQUIRE_PEERS: withoutNative },
  },
  // The tests of foreign programs ran above; what changes here is Node.
  { title: "Node 22 and 24", command: `node tools/nodes.mjs 22 24 ${corePackages}` },
];

const counted = /^(\d+) passed, (\d+) failed, (\d+) skipped$/;
const total = { passed: 0, failed: 0, skipped: 0 };
const summary = [];
for (const { title, command, env } of stages) {
  console.log(`\n=== ${title}: ${command}`);
  const startMs = performance.now();
  const { status, counts } = await runStage(command, env);
  const seconds = Math.round((performance.now() - startMs) / 1000);
  total.passed += counts.passed;
  total.failed += counts.failed === 0 && status !== 0 ? 1 : counts.failed;
  total.skipped += counts.skipped;
  const tests = counts.passed > 0 ? `, ${counts.passed} tests passed` : "";
  summary.push(`${status === 0 ? "ok    " : "FAILED"} ${title} (${seconds} s${tests})`);
}

console.log(`\n${summary.join("\n")}`);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);

/** Runs one stage and takes its own closing line out of the output: the only such line is the last of all. */
async function runStage(command, env) {
  const child = spawn(command, {
    shell: true,
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...env },
  });
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const exited = new Promise((resolve) => child.once("close", resolve));
  for await (const line of createInterface({ input: child.stdout })) {
    const match = counted.exec(line);
    if (match === null) {
      console.log(line);
      continue;
    }
    [counts.passed, counts.failed, counts.skipped] = match.slice(1).map(Number);
    console.log(`--- ${line}`);
  }
  return { status: await exited, counts };
}
