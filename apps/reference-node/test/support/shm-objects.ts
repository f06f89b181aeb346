import { readdirSync } from "node:fs";

/** Shared-memory objects that these processes made and that are still there. spec/xcp.md §16.3 */
export function objectsOf(...pids: readonly number[]): readonly string[] {
  if (process.platform !== "linux") return [];
  const creators = new Set(pids.map((pid) => `p${pid}`));
  return readdirSync("/dev/shm").filter((name) => {
    const creator = /^xcp\.[^.]+\.(p\d+)-/.exec(name)?.[1];
    return creator !== undefined && creators.has(creator);
  });
}
