import { isWireError } from "@proj/wire-types";
import { EtherCodes } from "../errors.js";
import type { Ether } from "../ether.js";

/** Why the sender no longer needs an object. spec/xcp.md §16.3 */
export type LeaseEnd = "acknowledged" | "refused" | "released" | "connectionLost" | "leaseOver";

/** An Ether whose large attachments lie outside its body. */
export interface PlacedEther {
  /** What to send: URIs stand for what was placed. The very same object when nothing was. */
  readonly ether: Ether;
  /** Number of objects made for it. */
  readonly objects: number;
  /** Gives the objects up, once it is known what became of the message; harmless afterwards. */
  settle(end: LeaseEnd): void;
}

/** Puts large attachments where a peer on the same host finds them. */
export interface AttachmentOutbox {
  /** Places what the policy says; where there is no room, attachments stay inline. */
  place(ether: Ether): PlacedEther;
}

/**
 * Sends an Ether with its large attachments beside it, and once more with all of them inline when the receiver cannot
 * reach them.
 *
 * @param send Encodes and sends one Ether with ACKREQ; resolves once it is acknowledged, rejects with the error of the
 * NACK or of the connection.
 * @throws what `send` throws, apart from the first ERR_SHM_UNAVAILABLE.
 * @see spec/xcp.md §16.3
 */
export async function sendPlaced<T>(
  ether: Ether,
  outbox: AttachmentOutbox,
  send: (ether: Ether) => Promise<T>,
): Promise<T> {
  const placed = outbox.place(ether);
  try {
    const result = await send(placed.ether);
    placed.settle("acknowledged");
    return result;
  } catch (thrown) {
    placed.settle(isWireError(thrown) && thrown.scope === "message" ? "refused" : "connectionLost");
    if (placed.objects === 0 || !isShmUnavailable(thrown)) throw thrown;
    return await send(ether);
  }
}

/** Tells whether a failure is the receiver's ERR_SHM_UNAVAILABLE, from whichever package. spec/xcp.md §9 */
export function isShmUnavailable(thrown: unknown): boolean {
  return isWireError(thrown) && thrown.wire === EtherCodes["ether.shm_unavailable"].wire;
}
