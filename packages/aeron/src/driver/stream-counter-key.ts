import { ByteWriter } from "@proj/wire-types";

/** Characters of a channel that fit into the key of a counter. spec/aeron.md §6 */
const CHANNEL_IN_KEY = 92;

/** What the counter of a stream belongs to. */
export interface StreamIdentity {
  /** The command that made it. */
  readonly registrationId: bigint;
  /** Who writes. */
  readonly sessionId: number;
  /** The stream. */
  readonly streamId: number;
  /** The channel. */
  readonly channel: string;
}

/** Returns the key of a stream's counter. */
export function streamCounterKey(stream: StreamIdentity): Uint8Array {
  const channel = stream.channel.slice(0, CHANNEL_IN_KEY);
  return new ByteWriter()
    .i64(stream.registrationId)
    .i32(stream.sessionId)
    .i32(stream.streamId)
    .i32(channel.length)
    .text(channel)
    .copy();
}

/** Returns the label of a stream's counter. */
export function streamCounterLabel(name: string, stream: StreamIdentity): string {
  const { registrationId, sessionId, streamId, channel } = stream;
  return `${name}: ${registrationId} ${sessionId} ${streamId} ${channel}`;
}
