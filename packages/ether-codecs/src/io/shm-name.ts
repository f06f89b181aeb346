import { readlinkSync } from "node:fs";
import { formatHex, type RandomSource, type ShmObjectUri } from "@proj/wire-types";

/** What every object of ours begins with in the POSIX shm namespace. spec/xcp.md §16.1 */
export const SHM_PREFIX = "xcp.";

const RANDOM_BYTES = 8;

/** Who made an object, as its name says. */
export interface ShmCreator {
  /** Process id. */
  readonly pid: number;
  /** The process-id namespace the id belongs to; absent when the name does not say. */
  readonly pidNamespace?: string;
}

/** The name of an object in the POSIX shm namespace. spec/xcp.md §16.1 */
export function objectName({ namespace, name }: Pick<ShmObjectUri, "namespace" | "name">): string {
  return `${SHM_PREFIX}${namespace}.${name}`;
}

/**
 * Makes a name that says who made the object: `p<pid>-<process-id namespace>x<random>`.
 *
 * The namespace keeps containers that share /dev/shm from taking each other's processes for dead ones.
 *
 * @see spec/xcp.md §16.3
 */
export function newShmName(random: RandomSource): string {
  const unique = formatHex(random.fill(new Uint8Array(RANDOM_BYTES)));
  return `p${process.pid}-${pidNamespace()}x${unique}`;
}

/** Finds out who made the object called `object`; `undefined` for a name of another form. */
export function creatorOf(object: string): ShmCreator | undefined {
  const match = /^xcp\..{1,64}\.p([0-9]{1,10})-(?:([0-9]{1,20})x)?[A-Za-z0-9_-]+$/.exec(object);
  if (match === null) return undefined;
  const [, pid, namespace] = match;
  return {
    pid: Number(pid),
    ...(namespace === undefined ? {} : { pidNamespace: namespace }),
  };
}

let ownNamespace: string | undefined;

/** The process-id namespace of this process, `0` where there is no such thing. */
export function pidNamespace(): string {
  ownNamespace ??= readNamespace();
  return ownNamespace;
}

function readNamespace(): string {
  try {
    return /[0-9]+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0] ?? "0";
  } catch {
    return "0";
  }
}
