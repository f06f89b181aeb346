import { type ChildProcess, spawn, spawnSync, type SpawnOptions } from "node:child_process";
import { startForwarder, type Forwarder, type PathCounts } from "./forwarder.js";
import { CLEAR_PATH, shapeCommand, type PathShape } from "./path-shape.js";

const folder = "/run/netns";
const device = "wan0";
let opened = 0;

/** One end of the path: a network of its own, with a kernel's real TCP. */
export interface WanSite {
  /** Its address on the path. */
  readonly address: string;
  /** Starts a program in this network, as `child_process.spawn` does; `Wan.close` kills what still runs. */
  spawn(program: string, args: readonly string[], options?: SpawnOptions): ChildProcess;
  /** Runs a program in this network to its end; what it printed, or an error with what it complained of. */
  run(program: string, args: readonly string[]): string;
}

/** Two networks joined by a path of any shape; both directions begin clear. */
export interface Wan {
  readonly a: WanSite;
  readonly b: WanSite;
  /** Changes both directions at once. What is on its way keeps the time it was given. */
  shape(change: Partial<PathShape>): void;
  /** Changes the direction from A to B. */
  shapeThere(change: Partial<PathShape>): void;
  /** Changes the direction from B to A. */
  shapeBack(change: Partial<PathShape>): void;
  /** What passed and was dropped, from A to B and from B to A. */
  counts(): Promise<readonly [PathCounts, PathCounts]>;
  /** Kills the programs of both sites and takes the networks away. */
  close(): Promise<void>;
}

/**
 * Opens two network namespaces joined by a forwarder; needs root, `ip`, `nsenter`, `/dev/net/tun` and a C++ compiler
 * (`namespaces()` of the peers tells). Random losses follow `seed`.
 */
export async function openWan(seed = 1): Promise<Wan> {
  sweepLeftOver();
  const name = `wan-${process.pid}-${opened++}`;
  const children = new Set<ChildProcess>();
  const names = [`${name}-a`, `${name}-b`] as const;
  for (const each of names) ip("netns", "add", each);
  const [a, b] = names.map((each) => ({ namespace: `${folder}/${each}`, device }));
  let forwarder: Forwarder;
  try {
    if (a === undefined || b === undefined) throw new Error("two places have two names");
    forwarder = await startForwarder(seed, a, b);
  } catch (error) {
    for (const each of names) ip("netns", "delete", each);
    throw error;
  }
  const shapes: [PathShape, PathShape] = [CLEAR_PATH, CLEAR_PATH];
  const change = (index: 0 | 1, part: Partial<PathShape>) => {
    shapes[index] = { ...shapes[index], ...part };
    forwarder.command(shapeCommand(index, shapes[index]));
  };
  return {
    a: site(names[0], "10.77.0.1", children),
    b: site(names[1], "10.77.0.2", children),
    shape: (part) => {
      change(0, part);
      change(1, part);
    },
    shapeThere: (part) => change(0, part),
    shapeBack: (part) => change(1, part),
    counts: () => forwarder.counts(),
    close: async () => {
      await Promise.all([...children].map(kill));
      await forwarder.close();
      for (const each of names) ip("netns", "delete", each);
    },
  };
}

function site(name: string, address: string, children: Set<ChildProcess>): WanSite {
  const entered = [`--net=${folder}/${name}`, "--"];
  ip("-n", name, "link", "set", "lo", "up");
  ip("-n", name, "address", "add", `${address}/24`, "dev", device);
  // A long queue of the device would hide the path's own.
  ip("-n", name, "link", "set", device, "mtu", "1500", "txqueuelen", "1000", "up");
  return {
    address,
    spawn: (program, args, options = {}) => {
      const child = spawn("nsenter", [...entered, program, ...args], options);
      children.add(child);
      child.once("exit", () => children.delete(child));
      return child;
    },
    run: (program, args) => run("nsenter", [...entered, program, ...args]),
  };
}

function kill(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.kill("SIGKILL");
  });
}

// A process that was killed could not take its networks away.
function sweepLeftOver(): void {
  for (const line of ip("netns", "list").split("\n")) {
    const found = /^(wan-(\d+)-\d+-[ab])\b/.exec(line);
    if (found?.[1] !== undefined && !isAlive(Number(found[2]))) ip("netns", "delete", found[1]);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function ip(...args: readonly string[]): string {
  return run("ip", args);
}

function run(program: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: "utf8" });
  if (status === 0) return stdout;
  throw new Error(`${program} ${args.join(" ")}: ${error?.message ?? stderr}`);
}
