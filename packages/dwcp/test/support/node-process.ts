import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** What a process runs that is a node of its own: `node-program.ts`. */
export const nodeProgram: string = fileURLToPath(new URL("node-program.js", import.meta.url));

/** Waits until the receiver that `child` runs listens; its port. */
export async function portOf(child: ChildProcess): Promise<number> {
  const [ready] = (await once(child, "message")) as [{ port: number }];
  return ready.port;
}

/** Kills `child`, where it did not end by itself, and takes away what it could not. */
export async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
  // What libfabric's provider keeps here is named after the process, which could not take it away.
  const memory = "/dev/shm";
  const left = existsSync(memory) ? readdirSync(memory) : [];
  for (const name of left) {
    if (name.startsWith(`${child.pid}:`)) rmSync(join(memory, name), { force: true });
  }
}
