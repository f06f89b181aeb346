import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { DwcpError } from "../../errors.js";
import type { RunSwitch } from "../../migration/duty-cycle.js";

const POLL_MS = 1;
/** A thread deep in the kernel stops when it comes out of it. */
const PATIENCE_MS = 10_000;
/** Stopped by a signal, or by a tracer. */
const STOPPED = new Set(["T", "t"]);

/** Stops a process by SIGSTOP, all its threads, and lets it go on by SIGCONT. */
export class ProcessSwitch implements RunSwitch {
  readonly #pid: number;
  readonly #startedAt: string;

  private constructor(pid: number, startedAt: string) {
    this.#pid = pid;
    this.#startedAt = startedAt;
  }

  /** Of a process that is there. */
  static async of(pid: number): Promise<ProcessSwitch> {
    return new ProcessSwitch(pid, (await statOf(`/proc/${pid}/stat`)).startedAt);
  }

  /** Returns when every thread stands still. @throws DwcpError `dwcp.source_changed`, `dwcp.timeout` */
  async stop(): Promise<void> {
    await this.#signal("SIGSTOP");
    const endMs = performance.now() + PATIENCE_MS;
    while (!(await this.#standsStill())) {
      if (performance.now() > endMs) {
        throw new DwcpError("dwcp.timeout", `process ${this.#pid} does not stop`);
      }
      await sleep(POLL_MS);
    }
  }

  /** Lets it run. @throws DwcpError `dwcp.source_changed` */
  async go(): Promise<void> {
    await this.#signal("SIGCONT");
  }

  // A number is given again once its process is gone.
  async #signal(signal: "SIGSTOP" | "SIGCONT"): Promise<void> {
    try {
      const { state, startedAt } = await statOf(`/proc/${this.#pid}/stat`);
      if (startedAt !== this.#startedAt || state === "Z") throw new Error("it ended");
      process.kill(this.#pid, signal);
    } catch (cause) {
      throw new DwcpError("dwcp.source_changed", `process ${this.#pid} is gone`, { cause });
    }
  }

  async #standsStill(): Promise<boolean> {
    const tasks = `/proc/${this.#pid}/task`;
    try {
      for (const thread of await readdir(tasks)) {
        if (!STOPPED.has((await statOf(`${tasks}/${thread}/stat`)).state)) return false;
      }
      return true;
    } catch {
      // A thread ended, or all of them: the next look tells.
      await this.#signal("SIGSTOP");
      return false;
    }
  }
}

// The name of the program stands in brackets and may hold any character.
async function statOf(
  path: string,
): Promise<{ readonly state: string; readonly startedAt: string }> {
  const text = await readFile(path, "latin1");
  const [state = "", ...rest] = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { state, startedAt: rest[18] ?? "" };
}
