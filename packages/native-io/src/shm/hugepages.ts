import { readFileSync } from "node:fs";
import { available, type Capability, missing } from "../capability.js";

/** Examines huge pages: a mounted hugetlbfs and pages set aside for it. */
export function hugepagesCapability(): Capability {
  const name = "shm.hugepages";
  const cost = "large pools use small pages: more misses of the address cache";
  const mount = hugetlbfsMounts()[0];
  if (mount === undefined) return missing(name, "no hugetlbfs is mounted", cost);
  const free = hugePagesFree();
  if (free === 0) return missing(name, `${mount} is mounted, no huge page is free`, cost);
  return available(name, `${mount}, ${free} pages free`);
}

/** Where hugetlbfs is mounted. */
export function hugetlbfsMounts(): readonly string[] {
  const lines = readLines("/proc/self/mounts").map((line) => line.split(" "));
  return lines.filter((fields) => fields[2] === "hugetlbfs").map((fields) => fields[1] ?? "");
}

function hugePagesFree(): number {
  const line = readLines("/proc/meminfo").find((each) => each.startsWith("HugePages_Free:"));
  return Number(line?.split(":")[1] ?? 0);
}

function readLines(path: string): readonly string[] {
  try {
    return readFileSync(path, "utf8").split("\n");
  } catch {
    return [];
  }
}
