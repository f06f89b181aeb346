import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

const OPENED = [
  "java.base/jdk.internal.misc",
  "java.base/sun.nio.ch",
  "java.base/java.nio",
  "java.base/java.util.zip",
];

/** Aeron's Java side, compiled once, of which any number of processes can run. */
export class JavaPeer {
  readonly #classes: string;
  readonly #jars: string;
  readonly #running = new Map<ChildProcess, string>();

  constructor(jars: string) {
    this.#jars = jars;
    this.#classes = mkdtempSync(join(tmpdir(), "aeron-peer-"));
    const source = join(import.meta.dirname, "../../test/interop/AeronPeer.java");
    execFileSync("javac", ["-cp", jars, "-d", this.#classes, source], { stdio: "pipe" });
  }

  /** Starts a part of the peer and waits until it is ready. */
  async start(...args: string[]): Promise<JavaProcess> {
    const opened = OPENED.map((module) => `--add-opens=${module}=ALL-UNNAMED`);
    const classPath = [this.#jars, this.#classes].join(delimiter);
    const child = spawn(
      "java",
      [...opened, "-XX:+UseSerialGC", "-Xmx256m", "-cp", classPath, "AeronPeer", ...args],
      { stdio: ["pipe", "pipe", "pipe"] },
    );
    this.#running.set(child, args[0] ?? "");
    const process = new JavaProcess(child);
    await process.says("ready");
    return process;
  }

  /** Kills the clients that a test left behind. */
  killClients(): void {
    for (const [child, part] of this.#running) if (part !== "driver") child.kill("SIGKILL");
  }

  /** Kills what still runs and removes the classes. */
  close(): void {
    for (const child of this.#running.keys()) child.kill("SIGKILL");
    rmSync(this.#classes, { recursive: true, force: true });
  }
}

/** One process of the peer. */
export class JavaProcess {
  readonly #child: ChildProcess;
  #output = "";
  #errors = "";

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#output += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#errors += text;
    });
  }

  /** Waits until it has printed `line`. */
  async says(line: string): Promise<void> {
    while (!this.#output.includes(line)) {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        throw new Error(`the Java side ended before it said "${line}":\n${this.#errors}`);
      }
      await Promise.race([
        once(this.#child.stdout ?? this.#child, "data"),
        once(this.#child, "exit"),
      ]);
    }
  }

  /** Ends its input and waits until it has ended. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.stdin?.end();
    await once(this.#child, "exit");
  }

  /** Kills it. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }
}
