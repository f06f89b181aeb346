import {
  encodeShmAttachRequest,
  encodeShmDetachRequest,
  encodeShmLeaseKeepalive,
  HugepagesPolicy,
  type Role,
} from "../messages/generated/driver.js";
import { LAYOUT_VERSION } from "../region/layout.js";
import type { GrantedLease } from "./attach-check.js";
import type { LeaseRequest } from "./lease-request.js";

/** Who holds a lease. */
export interface ClientIdentity {
  readonly clientId: number;
  readonly role: Role;
}

/** Encodes the question for a lease. spec/tensor-pool.md §13.2 */
export function attachMessage(
  request: LeaseRequest,
  clientId: number,
  correlationId: bigint,
): Uint8Array {
  const { role, streamId, publishMode, hugepages, desiredNodeId } = request;
  return encodeShmAttachRequest({
    correlationId,
    streamId: streamId ?? 0,
    clientId,
    role,
    expectedLayoutVersion: LAYOUT_VERSION,
    publishMode,
    requireHugepages: hugepages ?? HugepagesPolicy.UNSPECIFIED,
    desiredNodeId,
  });
}

/** Encodes that a lease is given back. spec/tensor-pool.md §13.2 */
export function detachMessage(
  { leaseId, layout }: GrantedLease,
  { clientId, role }: ClientIdentity,
  correlationId: bigint,
): Uint8Array {
  const { streamId } = layout;
  return encodeShmDetachRequest({ correlationId, leaseId, streamId, clientId, role });
}

/** Encodes that a client lives. spec/tensor-pool.md §13.2 */
export function keepaliveMessage(
  { leaseId, layout }: GrantedLease,
  { clientId, role }: ClientIdentity,
  clientTimestampNs: bigint,
): Uint8Array {
  const { streamId } = layout;
  return encodeShmLeaseKeepalive({ leaseId, streamId, clientId, role, clientTimestampNs });
}
