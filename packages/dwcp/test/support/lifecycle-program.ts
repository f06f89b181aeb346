// A process of its own that tells what a manager holds of it: before it starts, disabled, and after it was enabled and disabled
// again, round after round. It has to end by itself.
import { DwcpManager } from "@proj/dwcp/node";
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { access } from "node:fs/promises";
import { testKey } from "./test-key.js";

const [folder = ""] = process.argv.slice(2);
const ROUNDS = 4;
const LIBUV_THREADS = 4;

/** What a process holds: timers, sockets and workers that keep it alive, open files, threads. */
interface Held {
  readonly kept: readonly string[];
  readonly files: readonly string[];
  readonly threads: number;
}

// What was closed is gone when its last events are over.
async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 200));
  // Histograms of the event loop are gone when they are collected.
  (globalThis as { gc?: () => void }).gc?.();
  await new Promise((resolve) => setTimeout(resolve, 50));
}

function held(): Held {
  const count = (path: string): number => (existsSync(path) ? readdirSync(path).length : 0);
  return {
    kept: process.getActiveResourcesInfo().toSorted(),
    files: openFiles(),
    threads: count("/proc/self/task"),
  };
}

// What they are, without the numbers that tell one socket or pipe from the next.
function openFiles(): readonly string[] {
  if (!existsSync("/proc/self/fd")) return [];
  const links = readdirSync("/proc/self/fd").flatMap((name) => {
    try {
      return [readlinkSync(`/proc/self/fd/${name}`).replace(/\d+/g, "")];
    } catch {
      // The folder that is being read.
      return [];
    }
  });
  return links.toSorted();
}

function configOf(enabled: boolean, streams: number): object {
  return {
    enabled,
    node: { id: "one", listen: "127.0.0.1:0" },
    transport: { minStreams: streams, initialStreams: streams, shutdownTimeoutMs: 1_000 },
    compression: { workers: 2 },
  };
}

// What Node itself takes for its output and for file calls is there before anything is counted.
process.stderr.write("");
process.stdout.write("");
await Promise.all(Array.from({ length: 2 * LIBUV_THREADS }, () => access(folder)));
await settled();

const tells: Record<string, Held> = {};
tells["before"] = held();
const manager = new DwcpManager({ config: configOf(false, 1), key: testKey, store: folder });
await manager.start();
tells["disabled"] = held();
for (let round = 0; round < ROUNDS; round++) {
  const change = async (enabled: boolean, streams: number): Promise<void> => {
    await manager.reconfigure(configOf(enabled, streams), {
      etag: manager.etag,
      allowRestart: true,
    });
  };
  await change(true, 1);
  const peer = manager.address;
  if (peer === undefined) throw new Error("it is enabled, and does not listen");
  await manager.transfer(peer, { key: `round ${round}`, from: randomBytes(600_000) });
  if (round === 0) tells["enabled"] = held();
  await change(true, 2);
  await change(false, 1);
  await settled();
  tells[`after round ${round}`] = held();
}
await manager.stop();
process.stdout.write(JSON.stringify(tells));
