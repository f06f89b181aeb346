import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** What a process runs that is a node of its own: `node-program.ts`. */
export const nodeProgram: string = fileURLToPath(new URL("node-program.js", import.meta.url));

/** Starts `program` as a process that can be talked with. What it says of its failure, {@link told} repeats. */
export function start(
  program: string,
  args: readonly (string | number)[] = [],
  env: NodeJS.ProcessEnv = process.env,
): ChildProcess {
  const stdio = ["ignore", "inherit", "pipe", "ipc"] as const;
  const child = fork(program, args.map(String), { env, stdio: [...stdio] });
  const said: Buffer[] = [];
  child.stderr?.on("data", (bytes: Buffer) => {
    said.push(bytes);
    if (said.length > MOST_SAID) said.shift();
  });
  lastWords.set(child, said);
  return child;
}

/**
 * The next message of `child`.
 *
 * @throws Error at once where it ends before: with its exit code or signal, and what it wrote to its standard error.
 */
export async function told<T>(child: ChildProcess): Promise<T> {
  return await new Promise((resolve, reject) => {
    const hear = (message: unknown): void => {
      child.off("close", end);
      resolve(message as T);
    };
    // Not `exit`: its last words may come after that.
    const end = (): void => {
      child.off("message", hear);
      reject(new Error(endOf(child)));
    };
    if (isOver(child) && !child.connected) {
      end();
      return;
    }
    child.once("message", hear);
    child.once("close", end);
  });
}

/** For conditions that only a living process can meet: `false`. @throws Error where it ended, as {@link told}. */
export function mustRun(child: ChildProcess): false {
  if (isOver(child)) throw new Error(endOf(child));
  return false;
}

/** Waits until the receiver that `child` runs listens; its port. */
export async function portOf(child: ChildProcess): Promise<number> {
  return (await told<{ port: number }>(child)).port;
}

/** Kills `child`, where it did not end by itself, and takes away what it could not. */
export async function killed(child: ChildProcess): Promise<void> {
  if (isOver(child)) return;
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

/** Pieces of standard error that are kept of each process. */
const MOST_SAID = 64;
const lastWords = new WeakMap<ChildProcess, Buffer[]>();

function isOver({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

function endOf(child: ChildProcess): string {
  const { pid, exitCode, signalCode, spawnargs } = child;
  const said = Buffer.concat(lastWords.get(child) ?? []).toString();
  const how = signalCode === null ? `with code ${exitCode}` : `by ${signalCode}`;
  return `process ${pid} (${spawnargs.slice(1).join(" ")}) ended ${how} before it told anything:\n${said}`;
}
