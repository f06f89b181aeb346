import { Role } from "../messages/generated/driver.js";
import { poolBytes, ringBytes } from "../region/layout.js";
import type { LeaseReport, StreamReport } from "./driver-report.js";
import type { LeaseTable } from "./lease-table.js";
import type { PoolStream } from "./stream-table.js";

/** Reports what streams there are, and who uses them. */
export function streamReports(streams: Iterable<PoolStream>, leases: LeaseTable): StreamReport[] {
  return [...streams].map(({ streamId, epoch, profile, regions }) => {
    const { nslots, pools } = profile;
    const all = pools.reduce(
      (sum, { strideBytes }) => sum + poolBytes(nslots, strideBytes),
      ringBytes(nslots),
    );
    return {
      streamId,
      epoch,
      producerId: leases.producerOf(streamId)?.clientId ?? 0,
      consumers: [...leases].filter(
        (lease) => lease.streamId === streamId && lease.role === Role.CONSUMER,
      ).length,
      nslots,
      bytes: regions === undefined ? 0 : all,
    };
  });
}

/** Reports the active leases. */
export function leaseReports(leases: LeaseTable, nowNs: bigint): LeaseReport[] {
  return [...leases].map(({ leaseId, streamId, clientId, role, epoch, nodeId, expiryNs }) => ({
    leaseId,
    streamId,
    clientId,
    role: role === Role.PRODUCER ? "producer" : "consumer",
    epoch,
    nodeId,
    expiresInNs: expiryNs - nowNs,
  }));
}
