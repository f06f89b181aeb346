#!/usr/bin/env node
import { parseArgs } from "node:util";
import { backend } from "@proj/native-io";
import { isWireError } from "@proj/wire-types";
import { DEFAULT_DRIVER_OPTIONS } from "../driver/driver-options.js";
import { defaultAeronDir } from "./aeron-directory.js";
import { openDriver } from "./driver-directory.js";
import { runDriver } from "./run-driver.js";

const HELP = `Usage: aeron-driver [options]

Runs an Aeron media driver for this machine (IPC only) until it is stopped.

Options:
      --dir <path>           Where clients find it (default: $AERON_DIR, or aeron-<user> in /dev/shm)
      --term-length <n>      Bytes of a term where a channel does not say (default 16777216)
      --client-timeout <ms>  Forget a client that was silent for so long (default 10000)
      --idle-exit <ms>       Stop when there was no client for so long
      --json                 Print what happens as JSON lines
  -h, --help                 Show this text
`;

main();

function main(): void {
  const json = process.argv.includes("--json");
  try {
    const { values } = parseArgs({
      options: {
        dir: { type: "string" },
        "term-length": { type: "string" },
        "idle-exit": { type: "string" },
        "client-timeout": { type: "string" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help === true) {
      process.stdout.write(HELP);
      return;
    }
    if (backend.kind !== "native") {
      throw new Error(`shared memory between processes needs the native addon: ${backend.reason}`);
    }
    const dir = values.dir ?? defaultAeronDir();
    const termLength = positive("term-length", values["term-length"]);
    const clientTimeoutMs = positive("client-timeout", values["client-timeout"]);
    const idleExitMs = positive("idle-exit", values["idle-exit"]);
    const say = (event: string): void => {
      const line = json ? JSON.stringify({ event, dir }) : `${event}: ${dir}`;
      process.stdout.write(`${line}\n`);
    };
    const open = openDriver(backend, dir, {
      ...DEFAULT_DRIVER_OPTIONS,
      ...(termLength === undefined ? {} : { termLength }),
      ...(clientTimeoutMs === undefined ? {} : { clientLivenessTimeoutMs: clientTimeoutMs }),
    });
    const stop = runDriver(open, {
      thread: "own",
      ...(idleExitMs === undefined ? {} : { idleExitMs }),
      onStopped: () => {
        say("stopped");
        process.exit(0);
      },
    });
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, stop);
    say("ready");
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const code = isWireError(error) ? error.code : "aeron.no_driver";
    const line = json
      ? JSON.stringify({ event: "failed", code, message })
      : `aeron-driver: ${message}`;
    process.stderr.write(`${line}\n`);
    process.exitCode = 1;
  }
}

function positive(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new Error(`--${name} is "${text}", expected a whole number above 0`);
}
