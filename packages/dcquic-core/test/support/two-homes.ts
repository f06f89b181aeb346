import type { TransportPool } from "@proj/dcquic-core";
import { RequestRouter } from "#src/router/request-router.js";

/** One name in four is surely at home where one is wanted: that none of so many is never happens. */
const MAX_CHANCES = 256;

/** Whether a peer's home is this one of two workers, whatever either of them has to do. */
function isSurelyAt(home: number, peer: string): boolean {
  const workers = [0, 1].map((worker) => ({
    worker,
    nic: 0,
    nicBytesPerSecond: 1,
    queuedBytes: () => (worker === home ? 1 : 0),
  }));
  return new RequestRouter(workers).assign(peer) === home;
}

/**
 * Makes pools for a caller of two workers to call: the first two are at home at one worker each for certain. Ports are chosen
 * by the system, and names of ports by chance are now and then all at home at one worker.
 */
export async function poolsAtBothWorkers(
  count: number,
  make: () => Promise<TransportPool>,
): Promise<TransportPool[]> {
  const sure = new Map<number, TransportPool>();
  const others: TransportPool[] = [];
  for (let made = 0; sure.size < 2 || others.length < count - 2; made++) {
    if (made === count + MAX_CHANCES) throw new Error("names of ports all have the same home");
    const pool = await make();
    const home = [0, 1].find((worker) => !sure.has(worker) && isSurelyAt(worker, pool.name));
    if (home !== undefined) sure.set(home, pool);
    else if (others.length < count - 2) others.push(pool);
    else await pool.close();
  }
  return [...sure.values(), ...others];
}
