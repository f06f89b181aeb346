import { StreamIds } from "../stream-ids.js";

/** A channel and an Aeron stream on it. */
export interface MessagePlace {
  /** The channel; the same text for all who meet on it. */
  readonly channel: string;
  /** The Aeron stream. */
  readonly streamId: number;
}

/** Where the messages of a host's streams travel. spec/tensor-pool.md §21 */
export interface MessagePlaces {
  /** Where streams are announced. */
  readonly announce: MessagePlace;
  /** Where progress and trace links are. */
  readonly control: MessagePlace;
  /** Where both sides say how they fare. */
  readonly qos: MessagePlace;
  /** Where streams say what they are. */
  readonly metadata: MessagePlace;
}

/** Completes places by the usual streams of a channel. */
export function placesOn(channel: string, given: Partial<MessagePlaces> = {}): MessagePlaces {
  return {
    announce: { channel, streamId: StreamIds.announce },
    control: { channel, streamId: StreamIds.control },
    qos: { channel, streamId: StreamIds.qos },
    metadata: { channel, streamId: StreamIds.metadata },
    ...given,
  };
}

/** Names the place of announces as streams and consumers are told of it. */
export function announcedAt({ announce }: MessagePlaces): {
  readonly announceChannel: string;
  readonly announceStreamId: number;
} {
  return { announceChannel: announce.channel, announceStreamId: announce.streamId };
}
