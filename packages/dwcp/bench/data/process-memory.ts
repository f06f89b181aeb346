import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Pair } from "./pair.js";

interface Region {
  readonly start: number;
  readonly length: number;
}

/**
 * Takes images of a real process over time: its writable memory before, and after a little, some and most of what it keeps has
 * changed. Linux only: elsewhere there is nothing.
 */
export async function memoryPairs(): Promise<Pair[]> {
  if (process.platform !== "linux") return [];
  const program = fileURLToPath(new URL("./memory-process.js", import.meta.url));
  const child = spawn(process.execPath, [program], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  try {
    await lines.next();
    const pairs: Pair[] = [];
    for (const state of ["idle", "light", "busy", "heavy"] as const) {
      // The same addresses both times, as a guest's physical memory has them.
      const regions = writableRegions(child.pid ?? 0);
      const before = image(child.pid ?? 0, regions);
      child.stdin.write(`${state}\n`);
      await lines.next();
      pairs.push({
        name: `memory, ${state}`,
        kind: state === "idle" || state === "light" ? "fewPages" : "manyPages",
        before,
        after: image(child.pid ?? 0, regions),
      });
    }
    return pairs;
  } finally {
    child.kill();
    await once(child, "close");
  }
}

function writableRegions(pid: number): Region[] {
  return readFileSync(`/proc/${pid}/maps`, "utf8")
    .split("\n")
    .flatMap((line) => {
      const found = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line);
      if (found === null) return [];
      const [start, end] = [found[1], found[2]].map((text) => Number.parseInt(text ?? "0", 16));
      return [{ start: start ?? 0, length: (end ?? 0) - (start ?? 0) }];
    });
}

// What is no longer mapped reads as zeros.
function image(pid: number, regions: readonly Region[]): Uint8Array {
  const bytes = Buffer.alloc(regions.reduce((sum, { length }) => sum + length, 0));
  const file = openSync(`/proc/${pid}/mem`, "r");
  let at = 0;
  for (const { start, length } of regions) {
    try {
      for (let done = 0; done < length;) {
        const count = readSync(file, bytes, at + done, length - done, BigInt(start + done));
        if (count === 0) break;
        done += count;
      }
    } catch {
      bytes.fill(0, at, at + length);
    }
    at += length;
  }
  closeSync(file);
  return bytes;
}
