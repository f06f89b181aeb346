import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { CpuTime } from "./round.js";

/** What a process holds, in bytes. */
export interface MemoryUse {
  /** Resident set. */
  readonly rss: number;
  /** The largest resident set so far. */
  readonly peakRss: number;
  /** The JavaScript heap in use. */
  readonly heapUsed: number;
  /** `ArrayBuffer`s and the like. */
  readonly arrayBuffers: number;
}

/** A server in a process of its own. */
export interface ServerProcess<Ready> {
  /** What the server said when it was ready, such as its port. */
  readonly ready: Ready;
  /** Its CPU time so far. */
  cpu(): Promise<CpuTime>;
  /** What it holds now. */
  memory(): Promise<MemoryUse>;
  /** Sends a request to the `ask` function that the server was started with. */
  ask(question: unknown): Promise<unknown>;
  /** Ends the process. */
  close(): Promise<void>;
}

/** What the two processes say to each other. */
export type ServerMessage =
  | { readonly kind: "ready"; readonly value: unknown }
  | { readonly kind: "answer"; readonly id: number; readonly value: unknown }
  | { readonly kind: "failed"; readonly id: number; readonly message: string };

/** What a {@link ServerProcess} asks of its process. */
export interface ServerQuestion {
  readonly id: number;
  readonly topic: "cpu" | "memory" | "ask";
  readonly value?: unknown;
}

/** How a process is started. */
export interface SpawnOptions {
  /** What Node is told before the module's name; nothing if absent. */
  readonly nodeFlags?: readonly string[];
  /** Variables of its environment beside those of this process; none if absent. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Starts `module` in a process of its own and waits until it calls `serveProcess`.
 *
 * @param module a file URL, such as `new URL("./echo-server.js", import.meta.url)`.
 * @param input handed to the server's `start`; anything that JSON can carry.
 */
export async function spawnServer<Ready>(
  module: URL,
  input?: unknown,
  options: SpawnOptions = {},
): Promise<ServerProcess<Ready>> {
  const child = fork(fileURLToPath(module), [JSON.stringify(input ?? null)], {
    execArgv: ["--expose-gc", ...(options.nodeFlags ?? [])],
    serialization: "advanced",
    env: { ...process.env, ...options.env },
  });
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let nextId = 1;

  const ready = await new Promise<Ready>((resolve, reject) => {
    child.on("message", (message: ServerMessage) => {
      if (message.kind === "ready") {
        resolve(message.value as Ready);
        return;
      }
      const waiter = waiting.get(message.id);
      waiting.delete(message.id);
      if (message.kind === "answer") waiter?.resolve(message.value);
      else waiter?.reject(new Error(message.message));
    });
    child.once("exit", (code, signal) => {
      const gone = new Error(`${module.pathname} ended with ${signal ?? `exit code ${code}`}`);
      reject(gone);
      for (const waiter of waiting.values()) waiter.reject(gone);
      waiting.clear();
    });
  });

  const question = (topic: ServerQuestion["topic"], value?: unknown): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const id = nextId++;
      waiting.set(id, { resolve, reject });
      child.send({ id, topic, value } satisfies ServerQuestion);
    });

  return {
    ready,
    cpu: async () => (await question("cpu")) as CpuTime,
    memory: async () => (await question("memory")) as MemoryUse,
    ask: (value) => question("ask", value),
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    },
  };
}
