import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** What udp-loop.cc exports. */
export interface CLoop {
  /** Opens two sockets of the loopback interface for messages of `segments` datagrams. */
  open(segmentBytes: number, segments: number): void;
  /** Sends and receives four messages; the bytes that were received. */
  run(): number;
  /** Closes the sockets. */
  close(): void;
}

/** Compiles and loads the loop in C++ that JavaScript is measured against. */
export function loadCLoop(): CLoop {
  const require = createRequire(import.meta.url);
  const headers = join(dirname(require.resolve("node-api-headers/package.json")), "include");
  const source = fileURLToPath(new URL("../bench/udp-loop.cc", import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), "udp-loop-"));
  const output = join(folder, "udp-loop.node");
  const flags = ["-std=c++17", "-O3", "-fPIC", "-shared", `-isystem${headers}`];
  const { status } = spawnSync("c++", [...flags, source, "-o", output], { stdio: "inherit" });
  if (status !== 0) throw new Error("this benchmark needs a C++ compiler");
  const loop = require(output) as CLoop;
  rmSync(folder, { recursive: true });
  return loop;
}
