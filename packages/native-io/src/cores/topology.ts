import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { done, type Outcome, refused } from "../outcome.js";
import { parseCpuList } from "./cpu-list.js";

/** One logical processor. */
export interface Cpu {
  /** The kernel's number. */
  readonly id: number;
  /** Number of its core within its package; logical processors of one core share its units. */
  readonly core: number;
  /** Number of its package, which is a chip in a socket. */
  readonly package: number;
  /** Number of its memory node; 0 where the machine has but one. */
  readonly node: number;
  /** The logical processors of its core, itself among them. */
  readonly siblings: readonly number[];
}

/** One memory node. */
export interface NumaNode {
  /** The kernel's number. */
  readonly id: number;
  /** Its processors that are in use. */
  readonly cpus: readonly number[];
  /** Relative cost of reaching each node's memory from here, in the order of the nodes; 10 is its own. */
  readonly distances: readonly number[];
}

/** One network card. */
export interface NetworkCard {
  /** The name of its interface. */
  readonly name: string;
  /** Its memory node, or `undefined` where it has none. */
  readonly node: number | undefined;
  /** What its link carries, in bits per second, or `undefined` where the kernel does not know. */
  readonly bitsPerSecond: number | undefined;
}

/** What the machine is made of. */
export interface CpuTopology {
  /** The processors that are in use, in ascending order. */
  readonly cpus: readonly Cpu[];
  /** The memory nodes, in ascending order; at least one. */
  readonly nodes: readonly NumaNode[];
  /** Interfaces that have hardware behind them. */
  readonly networkCards: readonly NetworkCard[];
  /** Processors that the kernel gives no thread that was not pinned there (`isolcpus`, isolated partitions). */
  readonly isolated: readonly number[];
  /** Processors without a timer tick while one thread runs (`nohz_full`). */
  readonly tickless: readonly number[];
}

const MAX_NODES = 1024;
const MEGABIT = 1e6;

/**
 * Reads processors, memory nodes and network cards.
 *
 * @param root Where sysfs is mounted; a folder with the same files for tests.
 */
export function readTopology(root = "/sys"): Outcome<CpuTopology> {
  const cpuFolder = join(root, "devices/system/cpu");
  const online = listOf(join(cpuFolder, "online"));
  if (online === undefined || online.length === 0) {
    return refused("ENOENT", `no list of processors in ${cpuFolder}`);
  }
  const nodes = readNodes(root, online);
  const nodeOf = new Map(nodes.flatMap(({ id, cpus }) => cpus.map((cpu) => [cpu, id] as const)));
  return done({
    cpus: online.map((id) => readCpu(cpuFolder, id, nodeOf.get(id) ?? 0)),
    nodes,
    networkCards: readNetworkCards(root),
    isolated: listOf(join(cpuFolder, "isolated")) ?? [],
    tickless: listOf(join(cpuFolder, "nohz_full")) ?? [],
  });
}

function readCpu(folder: string, id: number, node: number): Cpu {
  const topology = join(folder, `cpu${id}/topology`);
  return {
    id,
    core: numberOf(join(topology, "core_id")) ?? id,
    package: numberOf(join(topology, "physical_package_id")) ?? 0,
    node,
    siblings: listOf(join(topology, "thread_siblings_list")) ?? [id],
  };
}

// A kernel without NUMA has no such folder: its memory is one node.
function readNodes(root: string, online: readonly number[]): readonly NumaNode[] {
  const folder = join(root, "devices/system/node");
  const ids = (listOf(join(folder, "online")) ?? []).slice(0, MAX_NODES);
  if (ids.length === 0) return [{ id: 0, cpus: online, distances: [10] }];
  const used = new Set(online);
  return ids.map((id) => {
    const cpus = listOf(join(folder, `node${id}/cpulist`)) ?? [];
    const distances = textOf(join(folder, `node${id}/distance`)) ?? "";
    return {
      id,
      cpus: cpus.filter((cpu) => used.has(cpu)),
      distances: distances.split(/\s+/).filter(Boolean).map(Number),
    };
  });
}

function readNetworkCards(root: string): readonly NetworkCard[] {
  const folder = join(root, "class/net");
  return namesIn(folder).flatMap((name) => {
    if (!namesIn(join(folder, name)).includes("device")) return [];
    const node = numberOf(join(folder, name, "device/numa_node"));
    const megabits = numberOf(join(folder, name, "speed"));
    // The kernel writes −1 where the card belongs to no node, and where its link has no speed.
    return [
      {
        name,
        node: node === undefined || node < 0 ? undefined : node,
        bitsPerSecond: megabits === undefined || megabits <= 0 ? undefined : megabits * MEGABIT,
      },
    ];
  });
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch {
    return [];
  }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return undefined;
  }
}

function listOf(file: string): readonly number[] | undefined {
  const text = textOf(file);
  return text === undefined ? undefined : parseCpuList(text);
}

function numberOf(file: string): number | undefined {
  const text = textOf(file);
  return text !== undefined && /^-?\d{1,9}$/.test(text) ? Number(text) : undefined;
}
