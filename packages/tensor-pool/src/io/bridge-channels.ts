import type { Client } from "@proj/aeron";
import { decodeAnnounce } from "../announce/announce.js";
import type { BridgeLimits } from "../bridge/bridge-limits.js";
import type { ForwardingOptions } from "../bridge/forwarded-message.js";
import type { MessagePlace, MessagePlaces } from "./message-places.js";

/** Where the two ends of a bridge meet: channels that reach the other host. spec/tensor-pool.md §19, §21 */
export interface BridgeChannels {
  /** The client that carries everything. */
  readonly client: Client;
  /** The channel of frames. */
  readonly payloadChannel: string;
  /** Its stream; by default 3000. */
  readonly payloadStreamId?: number;
  /** The channel of announces, QoS and progress; by default that of frames. */
  readonly controlChannel?: string;
  /** Its stream; by default 3001. */
  readonly controlStreamId?: number;
  /** The channel of metadata and trace links; by default that of frames. */
  readonly metadataChannel?: string;
  /** Its stream; by default 3002. */
  readonly metadataStreamId?: number;
  /** What a chunk and a frame may have. */
  readonly limits?: Partial<BridgeLimits>;
  /** What is forwarded besides frames. */
  readonly forward?: Partial<ForwardingOptions>;
  /** Where the messages of this host's streams travel; by default on the usual streams of their channel. */
  readonly places?: Partial<MessagePlaces>;
}

/** One end of a bridge. */
export interface BridgeEnd {
  /** What it has counted, by name. */
  counters(): Readonly<Record<string, number>>;
  /** Ends it. */
  close(): void;
}

/** Returns the streams on which the ends meet, by what travels there. */
export function meetingPoints(
  options: BridgeChannels,
): Record<"payload" | "control" | "metadata", MessagePlace> {
  const { payloadChannel } = options;
  return {
    payload: { channel: payloadChannel, streamId: options.payloadStreamId ?? 3_000 },
    control: {
      channel: options.controlChannel ?? payloadChannel,
      streamId: options.controlStreamId ?? 3_001,
    },
    metadata: {
      channel: options.metadataChannel ?? payloadChannel,
      streamId: options.metadataStreamId ?? 3_002,
    },
  };
}

/** Reads a message as an announce of stream `streamId`; `undefined` for anything else. */
export function announceOf(
  view: DataView,
  offset: number,
  length: number,
  streamId: number,
): Exclude<ReturnType<typeof decodeAnnounce>, string> | undefined {
  try {
    const layout = decodeAnnounce(view, offset, length);
    return typeof layout === "string" || layout.streamId !== streamId ? undefined : layout;
  } catch {
    // Another kind of message, or none: it says nothing of the source.
    return undefined;
  }
}
