import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { TensorPoolError } from "../errors.js";
import { isAlive } from "./process-alive.js";

const LOCK_FILE = "driver.lock";

/**
 * Makes this process the one driver of a namespace, until the result is called. spec/tensor-pool.md §14.4
 *
 * A lock whose process is dead counts for nothing.
 *
 * @throws TensorPoolError `tensor_pool.driver_active`
 */
export function lockNamespace(folder: string, folderMode: number): () => void {
  mkdirSync(folder, { recursive: true, mode: folderMode });
  const path = join(folder, LOCK_FILE);
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const descriptor = openSync(path, "wx", 0o600);
      writeSync(descriptor, String(process.pid));
      closeSync(descriptor);
      return () => {
        rmSync(path, { force: true });
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    if (isAlive(holder(path))) break;
    rmSync(path, { force: true });
  }
  throw new TensorPoolError("tensor_pool.driver_active", `another driver holds ${path}`);
}

// Whoever released it meanwhile does not hold it.
function holder(path: string): number {
  try {
    return Number(readFileSync(path, "utf8"));
  } catch {
    return 0;
  }
}
