import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** What a user runs. */
export const main = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

export interface CliResult {
  readonly pid: number;
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly input?: string | Uint8Array;
  readonly env?: Record<string, string>;
}

/** Runs the command line as a user would and waits for its end. */
export async function cli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...process.env, ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const stdout = collect(child, "stdout");
  const stderr = collect(child, "stderr");
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(options.input ?? "");
  const [code] = (await once(child, "close")) as [number | null];
  return { pid: child.pid ?? 0, code, stdout: stdout(), stderr: stderr() };
}

/** Runs it with `--json` and reads the one document it writes. */
export async function cliJson(
  args: readonly string[],
  options?: CliOptions,
): Promise<CliResult & { readonly document: Record<string, unknown> }> {
  const result = await cli([...args, "--json"], options);
  try {
    return { ...result, document: JSON.parse(result.stdout) as Record<string, unknown> };
  } catch {
    throw new Error(`no JSON document: ${result.stdout}\n${result.stderr}`);
  }
}

export interface ServingNode {
  readonly pid: number;
  readonly urls: readonly string[];
  readonly admin: string;
  readonly control: string;
  readonly dcquic: string;
  readonly dwcp: string;
  readonly management: string;
  /** What it wrote to standard error so far. */
  log(): string;
  /** Sends a signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<{ readonly code: number | null }>;
}

/** Starts `serve` with a configuration file and waits until it is ready. */
export async function serve(config: string, options: CliOptions = {}): Promise<ServingNode> {
  const child = spawn(process.execPath, [main, "serve", "--json", "--config", config], {
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const stdout = collect(child, "stdout");
  const stderr = collect(child, "stderr");
  const closed = once(child, "close") as Promise<[number | null]>;
  while (!stdout().endsWith("\n")) {
    const gone = await Promise.race([
      closed.then(() => true),
      once(child.stdout as NodeJS.ReadableStream as never, "data").then(() => false),
    ]);
    if (gone) throw new Error(`serve ended: ${stderr()}`);
  }
  const ready = JSON.parse(stdout()) as {
    pid: number;
    listening: string[];
    admin?: string;
    control?: string;
    dcquic?: string;
    dwcp?: string;
    management?: string;
  };
  return {
    pid: ready.pid,
    urls: ready.listening,
    admin: ready.admin ?? "",
    control: ready.control ?? "",
    dcquic: ready.dcquic ?? "",
    dwcp: ready.dwcp ?? "",
    management: ready.management ?? "",
    log: stderr,
    async end(signal) {
      child.kill(signal);
      const [code] = await closed;
      return { code };
    },
  };
}

function collect(child: ChildProcess, name: "stdout" | "stderr"): () => string {
  const parts: Buffer[] = [];
  child[name]?.on("data", (part: Buffer) => parts.push(part));
  return () => Buffer.concat(parts).toString("utf8");
}
