import type { StreamLayout } from "../announce/announce.js";
import { checkAnnounce } from "../announce/announce.js";
import { ResponseCode, type ShmAttachResponse } from "../messages/generated/driver.js";
import { ClockDomain } from "../messages/generated/wire.js";

/** A lease as the driver granted it, found to be right. */
export interface GrantedLease {
  /** Its number. */
  readonly leaseId: bigint;
  /** The regions that it is for. */
  readonly layout: StreamLayout;
  /** The node id that comes with it, if any. */
  readonly nodeId: number | undefined;
  /** When it ends without keepalives, in nanoseconds of the driver's clock; `undefined` where that was not said. */
  readonly expiryNs: bigint | undefined;
}

/**
 * Checks the answer to an attach that was granted. spec/tensor-pool.md §14.3
 *
 * @param streamId The stream that was asked for; `undefined` where the driver was to choose.
 * @returns The lease, or the sentence that says what is wrong with the answer.
 */
export function checkGranted(
  response: ShmAttachResponse,
  streamId: number | undefined,
  producerId: number,
): GrantedLease | string {
  if (response.code !== ResponseCode.OK) return `code ${response.code}`;
  const { leaseId, epoch, layoutVersion, headerNslots, headerSlotBytes } = response;
  if (leaseId === undefined) return "no lease id";
  if (response.streamId === undefined) return "no stream id";
  if (streamId !== undefined && response.streamId !== streamId) {
    return `stream ${response.streamId}, not ${streamId}`;
  }
  if (epoch === undefined) return "no epoch";
  if (layoutVersion === undefined || headerNslots === undefined || headerSlotBytes === undefined) {
    return "a part of the layout is missing";
  }
  const layout = checkAnnounce({
    streamId: response.streamId,
    producerId,
    epoch,
    announceTimestampNs: 0n,
    announceClockDomain: ClockDomain.MONOTONIC,
    layoutVersion,
    headerNslots,
    headerSlotBytes,
    payloadPools: response.payloadPools,
    headerRegionUri: response.headerRegionUri,
  });
  if (typeof layout === "string") return layout;
  const { nodeId, leaseExpiryTimestampNs: expiryNs } = response;
  return { leaseId, layout, nodeId, expiryNs };
}
