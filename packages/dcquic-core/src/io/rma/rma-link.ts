import type { RmaEndpoint, RmaPeer } from "@proj/native-io";
import { RmaHealth } from "../../negotiate/rma-health.js";
import type { RmaOffer } from "../../negotiate/transport-choice.js";
import type { OfferedBuffers } from "./offered-buffers.js";
import type { ReadSlots } from "./read-slots.js";

/** One provider that this process uses. */
export interface RmaLane {
  /** Its endpoint. */
  readonly endpoint: RmaEndpoint;
  /** What peers are told of it. */
  readonly offer: RmaOffer;
  /** Own memory that peers may read. */
  readonly offered: OfferedBuffers;
  /** Where reads arrive. */
  readonly slots: ReadSlots;
}

/** What a path's handshake came to: the lane that both sides have, and the peer's place on it. */
export class RmaLink {
  /** The lane. */
  readonly lane: RmaLane;
  /** The peer. */
  readonly peer: RmaPeer;
  /** Whether reads are worth trying. */
  readonly health: RmaHealth = new RmaHealth();
  /** Bytes that one read moves at most. */
  readonly maxReadBytes: number;

  /** @throws NativeIoError for an address that is none of this provider. */
  constructor(lane: RmaLane, theirs: RmaOffer) {
    this.lane = lane;
    this.peer = lane.endpoint.connect(theirs.address);
    this.maxReadBytes = Math.min(
      lane.slots.slotBytes,
      lane.offer.maxReadBytes,
      theirs.maxReadBytes,
    );
  }
}
