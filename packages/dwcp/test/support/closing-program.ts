// A process in which nothing is alive but a pool that it closes, while the answer to a task lies in its queue.
import { HdePool } from "#src/io/workers/hde-pool.js";

const LEAF_BYTES = 65_536;
/** Far longer than hashing one leaf takes. */
const BUSY_MS = 500;

const pool = new HdePool(1);
const bytes = new Uint8Array(new SharedArrayBuffer(LEAF_BYTES));
const job = pool.openSource({ kind: "shared", bytes });
await job.digest(0, LEAF_BYTES, LEAF_BYTES);
job.digest(0, LEAF_BYTES, LEAF_BYTES).catch(() => undefined);
const due = performance.now() + BUSY_MS;
while (performance.now() < due);
await pool.close();
process.send?.("closed");
