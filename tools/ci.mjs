// Everything a change must pass before it lands, then one line that sums all test runs. Started by .ci/run.
//
// A stage that runs tests closes with a count of its own; one that does not counts as a failure when it fails.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

// All of it has to be over well within the 90 minutes that a machine gives: what hangs is ended, and named.
const deadlineMs = performance.now() + 80 * 60_000;
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
  { title: "packages installed alone", command: "node tools/packed.mjs" },
  {
    title: "portable backend",
    command: `node tools/nodes.mjs own ${corePackages} --package reference-node`,
    env: { NATIVE_IO: "portable", REQUIRE_PEERS: withoutNative },
  },
  // The tests of foreign programs ran above; what changes here is Node.
  { title: "Node 22 and 24", command: `node tools/nodes.mjs 22 24 ${corePackages}` },
];

// Said again at the end, where whoever sees little of a long run looks.
const failure = /^(node \S+: )?failed: /;
const counted = /^(\d+) passed, (\d+) failed, (\d+) skipped$/;
const total = { passed: 0, failed: 0, skipped: 0 };
const summary = [];
for (const { title, command, env } of stages) {
  console.log(`\n=== ${title}: ${command}`);
  const startMs = performance.now();
  const { status, counts, late, failures } = await runStage(command, env);
  const seconds = Math.round((performance.now() - startMs) / 1000);
  total.passed += counts.passed;
  total.failed += counts.failed === 0 && status !== 0 ? 1 : counts.failed;
  total.skipped += counts.skipped;
  const ended = late ? ", ended after 80 minutes of all stages" : "";
  const tests = counts.passed > 0 ? `, ${counts.passed} tests passed` : "";
  summary.push(`${status === 0 ? "ok    " : "FAILED"} ${title} (${seconds} s${tests}${ended})`);
  for (const line of failures.slice(0, 20)) summary.push(`       ${line}`);
}

console.log(`\n${summary.join("\n")}`);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);

/** Runs one stage and takes its own closing line out of the output: the only such line is the last of all. */
async function runStage(command, env) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const leftMs = deadlineMs - performance.now();
  const failures = [];
  const last = [];
  if (leftMs <= 0) return { status: 1, counts, late: true, failures };
  const child = spawn(command, {
    shell: true,
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...env },
    detached: true,
  });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  const lines = createInterface({ input: child.stdout });
  const limit = endAfter(leftMs, child, lines);
  for await (const line of lines) {
    const match = counted.exec(line);
    if (match === null) {
      console.log(line);
      if (failure.test(line)) failures.push(line);
      if (last.push(line) > 10) last.shift();
      continue;
    }
    [counts.passed, counts.failed, counts.skipped] = match.slice(1).map(Number);
    console.log(`--- ${line}`);
  }
  const status = await exited;
  const ended = limit.over() ? 1 : status;
  if (ended !== 0 && failures.length === 0) failures.push(...last);
  return { status: ended, counts, late: limit.over(), failures };
}

/** Ends `child` and what it started once `leftMs` are over, or this process is told to end. */
function endAfter(leftMs, child, lines) {
  let late = false;
  const end = (signal) => {
    late = true;
    try {
      process.kill(-child.pid, signal);
    } catch {
      // All of the group has ended already.
    }
  };
  const interrupted = () => {
    end("SIGTERM");
    process.exit(1);
  };
  process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
  const timers = [
    setTimeout(end, leftMs, "SIGTERM"),
    setTimeout(end, leftMs + 10_000, "SIGKILL"),
    // What the stage started may have left its group and hold its output open.
    setTimeout(() => lines.close(), leftMs + 11_000),
  ];
  child.once("close", () => {
    for (const timer of timers) clearTimeout(timer);
    process.off("SIGINT", interrupted).off("SIGTERM", interrupted);
  });
  return { over: () => late };
}
