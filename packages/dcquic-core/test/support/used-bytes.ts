import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes of the heap and beside it that are in use, after a collection. */
export function usedBytes(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Bytes of the heap alone: memory beside it goes back some time after a collection. */
export function heapBytes(): number {
  collect();
  return process.memoryUsage().heapUsed;
}
