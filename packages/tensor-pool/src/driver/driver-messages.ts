import { formatShmUri } from "@proj/wire-types";
import type { StreamLayout } from "../announce/announce.js";
import {
  encodeShmAttachResponse,
  encodeShmDetachResponse,
  encodeShmDriverShutdown,
  encodeShmLeaseRevoked,
  type LeaseRevokeReason,
  ResponseCode,
  type ShutdownReason,
} from "../messages/generated/driver.js";
import { HEADER_SLOT_BYTES, LAYOUT_VERSION } from "../region/layout.js";
import type { AttachRefusal } from "./attach-check.js";
import type { Lease } from "./lease-table.js";

/** Longest text in an answer, in bytes. spec/tensor-pool.md §14.1 */
const MAX_TEXT = 1_024;

/** Encodes the answer to an attach that was granted. */
export function attachGranted(
  lease: Omit<Lease, "answer" | "epoch" | "streamId" | "role" | "clientId">,
  layout: StreamLayout,
): Uint8Array {
  return encodeShmAttachResponse({
    correlationId: lease.correlationId,
    code: ResponseCode.OK,
    leaseId: lease.leaseId,
    leaseExpiryTimestampNs: lease.expiryNs,
    streamId: layout.streamId,
    epoch: layout.epoch,
    layoutVersion: LAYOUT_VERSION,
    headerNslots: layout.nslots,
    headerSlotBytes: HEADER_SLOT_BYTES,
    nodeId: lease.nodeId,
    payloadPools: layout.pools.map(({ poolId, strideBytes, uri }) => ({
      poolId,
      poolNslots: layout.nslots,
      strideBytes,
      regionUri: formatShmUri(uri),
    })),
    headerRegionUri: formatShmUri(layout.ring),
    errorMessage: "",
  });
}

/** Encodes the answer to an attach that was refused: all but the reason is null. */
export function attachRefused(correlationId: bigint, refusal: AttachRefusal): Uint8Array {
  return encodeShmAttachResponse({
    correlationId,
    code: refusal.code,
    payloadPools: [],
    headerRegionUri: "",
    errorMessage: refusal.message.slice(0, MAX_TEXT),
  });
}

/** Encodes the answer to a detach. */
export function detachAnswer(
  correlationId: bigint,
  code: ResponseCode,
  errorMessage: string,
): Uint8Array {
  return encodeShmDetachResponse({ correlationId, code, errorMessage });
}

/** Encodes the end of a lease. */
export function leaseRevoked(
  { leaseId, streamId, clientId, role }: Lease,
  reason: LeaseRevokeReason,
  timestampNs: bigint,
  text: string,
): Uint8Array {
  const errorMessage = text.slice(0, MAX_TEXT);
  return encodeShmLeaseRevoked({
    timestampNs,
    leaseId,
    streamId,
    clientId,
    role,
    reason,
    errorMessage,
  });
}

/** Encodes the end of a driver. */
export function driverShutdown(
  reason: ShutdownReason,
  timestampNs: bigint,
  text: string,
): Uint8Array {
  return encodeShmDriverShutdown({ timestampNs, reason, errorMessage: text.slice(0, MAX_TEXT) });
}
