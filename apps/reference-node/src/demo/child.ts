import { type ChildProcess, fork, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { HeldThings } from "./held-things.js";

const mainFile = fileURLToPath(new URL("../main.js", import.meta.url));
const http2File = fileURLToPath(new URL("./http2-main.js", import.meta.url));

/** Another process of the demo. */
export interface Child<T> {
  /** What it said when it was ready. */
  readonly ready: T;
  readonly pid: number | undefined;
}

/** What a serving node says when it is ready. */
export interface NodeReady {
  readonly listening: readonly string[];
  readonly admin?: string;
  readonly control?: string;
  readonly dcquic?: string;
  readonly dwcp?: string;
}

/**
 * Starts `reference-node serve` with a configuration file in a process of its own, which `held` takes on before it is ready.
 *
 * @throws Error as it says why not
 */
export async function startNodeProcess(
  configFile: string,
  held: HeldThings,
): Promise<Child<NodeReady>> {
  const child = spawn(process.execPath, [mainFile, "serve", "--json", "--config", configFile], {
    // The channel tells the node when this process is gone, whatever became of it.
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  held.hold(() => endProcess(child));
  const ready = await new Promise<NodeReady>((resolve, reject) => {
    let said = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (said.endsWith("\n")) resolve(JSON.parse(said) as NodeReady);
    });
    child.once("exit", (code) => reject(new Error(`the other node ended with code ${code}`)));
    child.once("error", reject);
  });
  return { ready, pid: child.pid };
}

/** Starts the plain HTTP/2 server of the comparison in a process of its own, which `held` takes on before it is ready. */
export async function startHttp2Process(
  held: HeldThings,
): Promise<Child<{ readonly port: number }>> {
  const child = fork(http2File, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  held.hold(() => endProcess(child));
  const ready = await new Promise<{ port: number }>((resolve, reject) => {
    child.once("message", (message) => resolve(message as { port: number }));
    child.once("exit", (code) => reject(new Error(`the HTTP/2 server ended with code ${code}`)));
  });
  return { ready, pid: child.pid };
}

/** Ends a process in order, and waits for it. */
export function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.kill("SIGTERM");
  });
}
