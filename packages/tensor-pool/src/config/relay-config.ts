import type { IdRange } from "./id-range.js";

/** Which ends of a bridge a program is. */
export type BridgeRole = "sender" | "receiver" | "both";

/** A stream that a bridge carries. Ids of 0 are left out in the file. spec/tensor-pool.md §19, §22 */
export interface BridgeMapping {
  /** The stream that is carried. */
  readonly source_stream_id: number;
  /** The stream that it becomes; by default the lowest of `dest_stream_id_range` that is free. */
  readonly dest_stream_id: number;
  /** What that stream looks like: the name of a profile; by default the default profile. */
  readonly profile: string;
  /** The stream that metadata and trace links speak of at the far end; by default the one that it becomes. */
  readonly metadata_stream_id: number;
  /** The Aeron stream on which the source's progress is read; 0 for none. */
  readonly source_control_stream_id: number;
  /** The Aeron stream on which it is written at the far end; 0 for none. */
  readonly dest_control_stream_id: number;
}

/** How streams are carried to or from another host. spec/tensor-pool.md §19, §22 */
export interface BridgeSection {
  /** What the bridge is called. */
  readonly instance_id: string;
  /** Which ends this program is; by default both. */
  readonly role: BridgeRole;
  /** The channel of frames. */
  readonly payload_channel: string;
  /** Its stream. */
  readonly payload_stream_id: number;
  /** The channel of announces, QoS and progress. */
  readonly control_channel: string;
  /** Its stream. */
  readonly control_stream_id: number;
  /** The channel of metadata and trace links; empty for none. */
  readonly metadata_channel: string;
  /** Its stream; 0 for none. */
  readonly metadata_stream_id: number;
  /** The Aeron stream on which the sources' metadata is read; 0 for none. */
  readonly source_metadata_stream_id: number;
  /** The MTU of the payload channel, in bytes; by default the one that the channel names, or Aeron's own. */
  readonly mtu_bytes: number;
  /** What a chunk has, in bytes; by default what fits the MTU. */
  readonly chunk_bytes: number;
  /** What a chunk has at most, in bytes. */
  readonly max_chunk_bytes: number;
  /** What a frame has at most, in bytes. */
  readonly max_payload_bytes: number;
  /** Whether chunks carry a checksum, and must. */
  readonly integrity_crc32c: boolean;
  /** After how long a frame that does not come whole is given up, in milliseconds. */
  readonly assembly_timeout_ms: number;
  /** Whether names and meanings are forwarded. */
  readonly forward_metadata: boolean;
  /** Whether is forwarded which frames a frame was made of. */
  readonly forward_tracelink: boolean;
  /** Whether is forwarded how both sides fare. */
  readonly forward_qos: boolean;
  /** Whether is forwarded how far frames are. */
  readonly forward_progress: boolean;
  /** Streams that sources may become. */
  readonly dest_stream_id_range: IdRange | undefined;
  /** The streams that are carried. */
  readonly mappings: readonly BridgeMapping[];
}

/** A stream that is published at a lower rate. spec/tensor-pool.md §19, §22 */
export interface RateLimiterMapping {
  /** The stream that is read. */
  readonly source_stream_id: number;
  /** The stream that is written. */
  readonly dest_stream_id: number;
  /** What that stream looks like: the name of a profile; by default the default profile. */
  readonly profile: string;
  /** Frames a second, 0 for all; by default what the section says. */
  readonly max_rate_hz: number;
  /** The stream that metadata speaks of; by default the one that is written. */
  readonly metadata_stream_id: number;
}

/** How streams are published at a lower rate. spec/tensor-pool.md §19, §22 */
export interface RateLimiterSection {
  /** What the limiter is called. */
  readonly instance_id: string;
  /** The channel of the descriptors of both streams. */
  readonly descriptor_channel: string;
  /** Its stream. */
  readonly descriptor_stream_id: number;
  /** Frames a second where a mapping does not say; 0 for all. */
  readonly max_rate_hz: number;
  /** Whether names and meanings are forwarded. */
  readonly forward_metadata: boolean;
  /** Whether is forwarded how far frames are. */
  readonly forward_progress: boolean;
  /** Whether is forwarded how both sides fare. */
  readonly forward_qos: boolean;
  /** The channel of progress. */
  readonly control_channel: string;
  /** The Aeron stream on which progress is read; 0 for none. */
  readonly source_control_stream_id: number;
  /** The Aeron stream on which it is written; 0 for none. */
  readonly dest_control_stream_id: number;
  /** The channel of QoS. */
  readonly qos_channel: string;
  /** The Aeron stream on which QoS is read; 0 for none. */
  readonly source_qos_stream_id: number;
  /** The Aeron stream on which it is written; 0 for none. */
  readonly dest_qos_stream_id: number;
  /** The folder beneath which the streams that are written lie; by default that of the driver. */
  readonly shm_base_dir: string;
  /** The channel on which the driver of the sources is asked: that of the same file. */
  readonly driver_control_channel: string;
  /** Its stream. */
  readonly driver_control_stream_id: number;
  /** The streams that are limited. */
  readonly mappings: readonly RateLimiterMapping[];
}
