import { equalValues } from "../equal-values.js";
import { emptyMap, type Value, type ValueMap } from "../value.js";

/**
 * Finds the entries that all maps have in common: what a batch says once instead of once per row.
 *
 * @see spec/xcp.md §14.7, §22
 */
export function sharedEntries(maps: readonly ValueMap[]): ValueMap {
  const [first] = maps;
  if (first === undefined) return emptyMap();
  // Ethers made together often hold one and the same map.
  if (maps.every((map) => map === first)) return first;
  const shared = emptyMap();
  for (const [key, value] of Object.entries(first)) {
    if (maps.every((map) => map === first || sameEntry(map, key, value))) shared[key] = value;
  }
  return shared;
}

/** Leaves out of `map` what is in `shared`, which {@link sharedEntries} found. */
export function withoutShared(map: ValueMap, shared: ValueMap): ValueMap {
  const own = emptyMap();
  for (const key of Object.keys(map)) {
    if (!Object.hasOwn(shared, key)) own[key] = map[key] ?? null;
  }
  return own;
}

function sameEntry(map: ValueMap, key: string, value: Value): boolean {
  if (!Object.hasOwn(map, key)) return false;
  const other = map[key];
  return other === value || (other !== undefined && equalValues(other, value));
}
