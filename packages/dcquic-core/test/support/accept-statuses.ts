import { FrameType } from "#src/wire/constants.js";
import type { RawPeer } from "./raw-peer.js";

/** Lets the engine send, and lists the statuses of its ACCEPTs. */
export function acceptStatuses(peer: RawPeer): readonly number[] {
  return peer
    .read(peer.transmit())
    .filter(({ type }) => type === FrameType.TransferAccept)
    .flatMap(({ frame }) => {
      const { count, entries } = frame as { count: number; entries: { status: number }[] };
      return entries.slice(0, count).map(({ status }) => status);
    });
}
