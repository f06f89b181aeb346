import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { type Backend, backend as machine } from "@proj/native-io";
import { DEFAULT_DRIVER_OPTIONS } from "../driver/driver-options.js";
import { type AeronCode, AeronError } from "../errors.js";
import { defaultAeronDir } from "./aeron-directory.js";
import { openDriver } from "./driver-directory.js";
import { runDriver } from "./run-driver.js";

/** How an embedded driver is started. */
export interface EmbeddedDriverOptions {
  /** The driver's directory; by default `AERON_DIR`, or `aeron-<user>` in `/dev/shm`. */
  readonly aeronDir?: string;
  /** Bytes of a term where a channel does not say; by default 16 MiB. */
  readonly termLength?: number;
  /** Stops it when it has had no client for so long, in milliseconds; by default only its owner stops it. */
  readonly idleExitMs?: number;
  /** After how long a silent client is forgotten, in milliseconds; by default 10 000. */
  readonly clientTimeoutMs?: number;
  /** What lends the memory; by default what this machine has. */
  readonly backend?: Backend;
}

/** A driver that this process started. */
export interface EmbeddedDriver {
  /** Where clients find it. */
  readonly aeronDir: string;
  /** Its process, or -1 where it runs in this one. */
  readonly pid: number;
  /** Stops it and removes its files. */
  stop(): Promise<void>;
}

/**
 * Starts a media driver for this machine, IPC only, in a process of its own, and waits until clients can attach.
 *
 * On the portable backend memory is this process's own, so that the driver runs here, on the event loop.
 *
 * @throws `aeron.driver_active`, `aeron.no_driver` with what the process said.
 */
export async function startEmbeddedDriver(
  options: EmbeddedDriverOptions = {},
): Promise<EmbeddedDriver> {
  const aeronDir = options.aeronDir ?? defaultAeronDir();
  const backend = options.backend ?? machine;
  if (backend.kind !== "native") return startHere(backend, aeronDir, options);
  const program = fileURLToPath(new URL("aeron-driver.js", import.meta.url));
  const child = spawn(process.execPath, [program, "--json", "--dir", aeronDir, ...flags(options)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  await ready(child);
  return {
    aeronDir,
    pid: child.pid ?? -1,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      // Waiting for it is a reason to live.
      child.ref();
      child.kill("SIGTERM");
      await once(child, "exit");
    },
  };
}

function flags(options: EmbeddedDriverOptions): string[] {
  const { termLength, idleExitMs, clientTimeoutMs } = options;
  return [
    ...(termLength === undefined ? [] : ["--term-length", String(termLength)]),
    ...(idleExitMs === undefined ? [] : ["--idle-exit", String(idleExitMs)]),
    ...(clientTimeoutMs === undefined ? [] : ["--client-timeout", String(clientTimeoutMs)]),
  ];
}

function startHere(
  backend: Backend,
  aeronDir: string,
  options: EmbeddedDriverOptions,
): EmbeddedDriver {
  const { termLength, idleExitMs, clientTimeoutMs } = options;
  const open = openDriver(backend, aeronDir, {
    ...DEFAULT_DRIVER_OPTIONS,
    ...(termLength === undefined ? {} : { termLength }),
    ...(clientTimeoutMs === undefined ? {} : { clientLivenessTimeoutMs: clientTimeoutMs }),
  });
  const stop = runDriver(open, {
    ...(idleExitMs === undefined ? {} : { idleExitMs }),
    onStopped: () => undefined,
  });
  return {
    aeronDir,
    pid: -1,
    stop() {
      stop();
      return Promise.resolve();
    },
  };
}

async function ready(child: ChildProcess): Promise<void> {
  const { stdout, stderr } = child;
  let said = "";
  stderr?.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-1_000);
  });
  const started = new Promise<boolean>((resolve) => {
    stdout?.setEncoding("utf8").on("data", (text: string) => {
      if (text.includes('"event":"ready"')) resolve(true);
    });
    child.once("error", (error) => {
      said = error.message;
      resolve(false);
    });
    child.once("exit", () => {
      resolve(false);
    });
  });
  if (await started) {
    // It lives on its own from here: neither its pipes nor its life keep this process running.
    for (const pipe of [stdout, stderr]) {
      if (pipe !== null && "unref" in pipe && typeof pipe.unref === "function") pipe.unref();
    }
    child.unref();
    return;
  }
  throw startError(said);
}

// The process says why on its last line, unless it could not even start.
function startError(said: string): AeronError {
  const line = said.trim().split("\n").at(-1) ?? "";
  try {
    const { code, message } = JSON.parse(line) as { code: AeronCode; message: string };
    return new AeronError(code, message);
  } catch {
    return new AeronError("aeron.no_driver", `the embedded driver did not start: ${line}`);
  }
}
