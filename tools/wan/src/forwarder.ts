import { type ChildProcessByStdio, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, statSync } from "node:fs";
import { createInterface, type Interface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";

const source = fileURLToPath(new URL("../native/forwarder.cc", import.meta.url));
const folder = fileURLToPath(new URL("../../../.cache/wan/", import.meta.url));

/** What one direction let through and dropped, since the start. */
export interface PathCounts {
  readonly packets: number;
  readonly bytes: number;
  readonly queueDrops: number;
  readonly lossDrops: number;
  readonly downDrops: number;
}

/** Where a TUN device of the forwarder comes to be. */
export interface DevicePlace {
  /** Path of the namespace. */
  readonly namespace: string;
  readonly device: string;
}

/** The program that carries packets between two TUN devices. */
export interface Forwarder {
  /** Gives the program one line. */
  command(line: string): void;
  counts(): Promise<readonly [PathCounts, PathCounts]>;
  close(): Promise<void>;
}

/** Builds the forwarder where it is not built yet, and starts it; needs root and a C++ compiler. */
export async function startForwarder(
  seed: number,
  a: DevicePlace,
  b: DevicePlace,
): Promise<Forwarder> {
  const places = [a, b].flatMap((place) => [place.namespace, place.device]);
  const child = spawn(builtForwarder(), [String(seed), ...places], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout });
  const ready = await nextLine(child, lines);
  if (ready !== "ready") throw new Error(`the forwarder says ${ready}`);
  return {
    command: (line) => child.stdin.write(`${line}\n`),
    counts: async () => {
      child.stdin.write("stats\n");
      return JSON.parse(await nextLine(child, lines)) as [PathCounts, PathCounts];
    },
    close: () =>
      new Promise((resolve) => {
        child.once("exit", () => resolve());
        child.stdin.end();
      }),
  };
}

type ForwarderChild = ChildProcessByStdio<Writable, Readable, null>;

function nextLine(child: ForwarderChild, lines: Interface): Promise<string> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error("the forwarder ended"));
    child.once("exit", ended);
    lines.once("line", (line) => {
      child.off("exit", ended);
      resolve(line);
    });
  });
}

function builtForwarder(): string {
  const program = `${folder}forwarder`;
  if (existsSync(program) && statSync(program).mtimeMs > statSync(source).mtimeMs) return program;
  mkdirSync(folder, { recursive: true });
  // Of two that build it at once, either may win.
  const mine = `${program}.${process.pid}`;
  const flags = ["-std=c++17", "-O2", "-Wall", source, "-o", mine];
  const { status } = spawnSync(process.env["CXX"] ?? "c++", flags, { stdio: "inherit" });
  if (status !== 0) throw new Error("the forwarder needs a C++ compiler");
  renameSync(mine, program);
  return program;
}
