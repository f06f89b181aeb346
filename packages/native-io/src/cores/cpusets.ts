import { accessSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { done, type Outcome, refused } from "../outcome.js";
import { formatCpuList } from "./cpu-list.js";

/** What a cpuset is made of. */
export interface CpusetOptions {
  /** Its processors. */
  readonly cpus: readonly number[];
  /** Its memory nodes; by default 0. */
  readonly nodes?: readonly number[];
  /**
   * Whether others keep off its processors: `exclusive` bars overlapping cpusets, `isolated` also the scheduler's
   * balancing. By default `shared`.
   */
  readonly isolation?: "shared" | "exclusive" | "isolated";
}

/** A group of threads that run on the processors of a set only. */
export interface Cpuset {
  /** Its folder. */
  readonly path: string;
  /** Moves one thread of this process into it. */
  add(thread: number): Outcome<number>;
  /** Removes it; refused (`EBUSY`) while threads are in it. */
  remove(): Outcome<string>;
}

/**
 * Creates cpusets where this process may, in the cgroup hierarchy of either version.
 *
 * Refusals name what the kernel said; a cpuset that was half made is removed again.
 */
export class Cpusets {
  readonly #root: string;

  /**
   * `root` is where cgroups are mounted; a folder with the same files for tests.
   *
   * Version 2 moves single threads only within the part of the tree that their process is in: there, `root` is the
   * folder of the process's own cgroup.
   */
  constructor(root = "/sys/fs/cgroup") {
    this.#root = root;
  }

  /** Tells which version of cpusets this machine has, if any. */
  get version(): 1 | 2 | undefined {
    if (exists(join(this.#root, "cpuset/cpuset.cpus"))) return 1;
    const controllers = textOf(join(this.#root, "cgroup.controllers"));
    return controllers?.split(/\s+/).includes("cpuset") === true ? 2 : undefined;
  }

  /**
   * Creates a cpuset beneath the root of the hierarchy.
   *
   * @param name Letters, digits, `_` and `-`.
   */
  create(name: string, options: CpusetOptions): Outcome<Cpuset> {
    const { version } = this;
    if (version === undefined) return refused("ENOTSUP", `no cpusets in ${this.#root}`);
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(name)) return refused("EINVAL", "no name for a cpuset");
    const path = version === 1 ? join(this.#root, "cpuset", name) : join(this.#root, name);
    const made = attempt(`create ${path}`, () => {
      if (version === 2) writeFileSync(join(this.#root, "cgroup.subtree_control"), "+cpuset");
      mkdirSync(path);
    });
    if (made.kind === "refused") return made;
    const filled = attempt(`set up ${path}`, () => {
      for (const [file, value] of settings(version, options))
        writeFileSync(join(path, file), value);
    });
    if (filled.kind === "refused") {
      attempt(`remove ${path}`, () => rmdirSync(path));
      return filled;
    }
    const members = join(path, version === 1 ? "tasks" : "cgroup.threads");
    return done({
      path,
      add: (thread) =>
        map(
          attempt(`add thread ${thread}`, () => writeFileSync(members, `${thread}`)),
          thread,
        ),
      remove: () =>
        map(
          attempt(`remove ${path}`, () => rmdirSync(path)),
          path,
        ),
    });
  }
}

// In the order the kernel wants them: a set needs memory and processors before it can be exclusive or hold threads.
function settings(version: 1 | 2, options: CpusetOptions): readonly (readonly [string, string])[] {
  const { isolation = "shared" } = options;
  const base = [
    ["cpuset.mems", formatCpuList(options.nodes ?? [0])],
    ["cpuset.cpus", formatCpuList(options.cpus)],
  ] as const;
  if (version === 1) {
    if (isolation === "shared") return base;
    const exclusive = [...base, ["cpuset.cpu_exclusive", "1"] as const];
    return isolation === "isolated"
      ? [...exclusive, ["cpuset.sched_load_balance", "0"]]
      : exclusive;
  }
  // Single threads move only within a threaded subtree; a partition is valid in one, too.
  const threaded = [["cgroup.type", "threaded"] as const, ...base];
  if (isolation === "shared") return threaded;
  return [...threaded, ["cpuset.cpus.partition", isolation === "isolated" ? "isolated" : "root"]];
}

function attempt(operation: string, act: () => void): Outcome<undefined> {
  try {
    act();
    return done(undefined);
  } catch (thrown) {
    const errno = (thrown as NodeJS.ErrnoException).code ?? "EIO";
    return refused(errno, `${operation}: ${errno}`);
  }
}

function map<T>(outcome: Outcome<undefined>, value: T): Outcome<T> {
  return outcome.kind === "done" ? done(value) : outcome;
}

function exists(path: string): boolean {
  try {
    accessSync(path);
    return true;
  } catch {
    return false;
  }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return undefined;
  }
}
