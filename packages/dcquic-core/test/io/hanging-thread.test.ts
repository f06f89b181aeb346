import { expect, test } from "@jest/globals";
import { backend } from "@proj/native-io";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const nativeTest = backend.kind === "native" ? test : test.skip;
const compiled = (name: string): string =>
  fileURLToPath(new URL(`../support/${name}.js`, import.meta.url));

/** How a process ends one of whose threads hangs, and what it said. */
async function hanging(onWorkerHang: "abort" | "event") {
  const program = [`--import=${compiled("hang-hook")}`, compiled("hanging-thread"), onWorkerHang];
  // Nobody looks at what it leaves of itself, nor at what libraries write that heard of its end.
  const cwd = mkdtempSync(join(tmpdir(), "hanging-"));
  const child = spawn("sh", ["-c", 'ulimit -c 0; exec "$0" "$@"', process.execPath, ...program], {
    cwd,
    stdio: ["ignore", "pipe", "ignore"],
  });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
  const [code] = (await once(child, "close")) as [number | null];
  rmSync(cwd, { recursive: true });
  return { endedInOrder: code === 0, said: said.trim().split("\n") };
}

nativeTest(
  "§14, worker watchdog: a thread that hangs is told of after a second, and after five ends the process, or is told of",
  async () => {
    const [aborted, told] = await Promise.all([hanging("abort"), hanging("event")]);
    expect(aborted).toEqual({ endedInOrder: false, said: ["stalled 1", "hung 5"] });
    expect(told).toEqual({ endedInOrder: true, said: ["stalled 1", "hung 5", "alive"] });
  },
  60_000,
);
