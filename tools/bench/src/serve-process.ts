import type { MemoryUse, ServerMessage, ServerQuestion } from "./server-process.js";

/** What a server offers once it runs. */
export interface Served {
  /** Handed to the process that measures, such as the port. */
  readonly ready: unknown;
  /** Answers what `ServerProcess.ask` sends. */
  ask?(question: unknown): unknown;
}

/**
 * Makes this process the server that `spawnServer` waits for.
 *
 * @param start gets the `input` of `spawnServer`; the process ends when its parent ends it or is gone.
 */
export async function serveProcess(
  start: (input: unknown) => Served | Promise<Served>,
): Promise<void> {
  const served = await start(JSON.parse(process.argv[2] ?? "null"));
  process.on("disconnect", () => process.exit(0));
  process.on("message", (question: ServerQuestion) => void answer(question));
  send({ kind: "ready", value: served.ready });

  async function answer(question: ServerQuestion): Promise<void> {
    const { id } = question;
    try {
      send({ kind: "answer", id, value: await look(question) });
    } catch (thrown) {
      send({
        kind: "failed",
        id,
        message: thrown instanceof Error ? thrown.message : String(thrown),
      });
    }
  }

  function look(question: ServerQuestion): unknown {
    switch (question.topic) {
      case "cpu":
        return process.cpuUsage();
      case "memory":
        return memoryUse();
      case "ask":
        return served.ask?.(question.value);
    }
  }
}

function memoryUse(): MemoryUse {
  globalThis.gc?.();
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
  return { rss, heapUsed, arrayBuffers, peakRss: process.resourceUsage().maxRSS * 1024 };
}

function send(message: ServerMessage): void {
  process.send?.(message);
}
