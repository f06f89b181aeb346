import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const JAR = fileURLToPath(new URL("../../../.cache/peers/aeron-all.jar", import.meta.url));
const OPENED = ["jdk.internal.misc", "sun.nio.ch", "java.nio", "java.util.zip"];

/** Aeron's Java side, compiled for one run of the benchmark. */
export class JavaLoad {
  readonly #classes: string;
  readonly #children: ChildProcess[] = [];

  constructor() {
    if (!existsSync(JAR)) throw new Error(`no ${JAR}: tools/peers/install.sh fetches it`);
    this.#classes = mkdtempSync(join(tmpdir(), "aeron-load-"));
    const source = fileURLToPath(new URL("../bench/AeronLoad.java", import.meta.url));
    execFileSync("javac", ["-cp", JAR, "-d", this.#classes, source], { stdio: "inherit" });
  }

  /** Starts a part and waits until it is ready. */
  async start(...args: readonly (string | number)[]): Promise<JavaPart> {
    const opened = OPENED.map((name) => `--add-opens=java.base/${name}=ALL-UNNAMED`);
    const classPath = [JAR, this.#classes].join(delimiter);
    const child = spawn(
      "java",
      [...opened, "-XX:+UseSerialGC", "-cp", classPath, "AeronLoad", ...args.map(String)],
      { stdio: ["pipe", "pipe", "inherit"] },
    );
    this.#children.push(child);
    const part = new JavaPart(child);
    await part.says(/^ready/m);
    return part;
  }

  /** Ends everything and removes the classes. */
  close(): void {
    for (const child of this.#children) child.kill("SIGKILL");
    rmSync(this.#classes, { recursive: true, force: true });
  }
}

/** One process of it. */
export class JavaPart {
  readonly #child: ChildProcess;
  #output = "";

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#output += text;
    });
  }

  /** Waits for a line, and returns what it matched. */
  async says(line: RegExp): Promise<RegExpMatchArray> {
    for (;;) {
      const match = line.exec(this.#output);
      if (match !== null) return match;
      if (this.#child.exitCode !== null) throw new Error(`the Java side ended: ${this.#output}`);
      await Promise.race([
        once(this.#child.stdout ?? this.#child, "data"),
        once(this.#child, "exit"),
      ]);
    }
  }

  /** The two numbers that it measured. */
  async measured(): Promise<readonly [number, number]> {
    const [, first, second] = await this.says(/^(?:took|read) (\d+) (\d+)/m);
    return [Number(first), Number(second)];
  }

  /** Ends it. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }

  /** Ends its input, by which a driver ends and cleans up. */
  async finish(): Promise<void> {
    this.#child.stdin?.end();
    if (this.#child.exitCode === null) await once(this.#child, "exit");
  }
}
