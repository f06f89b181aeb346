import type { SchemaKey } from "@proj/wire-types";
import type { FrameHeader, MsgId, Tag } from "./wire/header.js";

/** A message to send. The connection owns `body` from the call on: do not change its bytes afterwards. */
export interface OutgoingMessage {
  /** DATA (0x0100) unless given; application types start at 0x0200. spec/xcp.md §7, §17 */
  readonly msgType?: number;
  /** How `body` is encoded; must have been negotiated. */
  readonly bodyCodec: number;
  /** What the body claims to be. */
  readonly schemaKey?: SchemaKey;
  /** Tags of the header. */
  readonly tags?: readonly Tag[];
  /** The body, whole or as a stream that is read no faster than the transport takes it. */
  readonly body: Uint8Array | AsyncIterable<Uint8Array>;
  /** The ordered sequence to send it in; a reply always goes back on the channel of its request. */
  readonly channelId?: number;
  /** `"never"` keeps a secret body from being compressed; a number is a zstd level. Default: the connection's. §11.1 */
  readonly compress?: "auto" | "never" | number;
  /** Total bytes of a streamed body, where known: sent as `xcp.len`, so that the receiver can check it. */
  readonly bodyBytes?: number;
}

/** A whole message that arrived: its CRC, tag and compression were checked, its body was not decoded. */
export interface IncomingMessage {
  /** The channel it came on. */
  readonly channelId: number;
  /** spec/xcp.md §7 */
  readonly msgType: number;
  /** How `body` is encoded. */
  readonly bodyCodec: number;
  /** What the body claims to be. */
  readonly schemaKey: SchemaKey | undefined;
  /** The peer's id of the message; 0 = unnumbered. */
  readonly msgId: MsgId;
  /** The message it answers; 0 = none. */
  readonly inReplyTo: MsgId;
  /** Tags of the (first) header. */
  readonly tags: readonly Tag[];
  /** The decrypted, decompressed body. It belongs to the receiver; it may share its buffer with other messages. */
  readonly body: Uint8Array;
}

/** How one message is sent. */
export interface RequestOptions {
  /** Milliseconds until it fails with `xcp.timeout`; 0 = never. Default: the connection's `requestTimeoutMs`. */
  readonly timeoutMs?: number;
  /** Cancels it: an unfinished chunk train is aborted, the call fails with `xcp.cancelled`. */
  readonly signal?: AbortSignal;
  /** Times it is sent at most, counting the first. Default 5; streamed bodies are sent once. */
  readonly attempts?: number;
  /** Asks for an ACK: the message is sent again until the receiver has accepted it. */
  readonly acknowledge?: boolean;
  /** Whether it may run twice: then a client repeats it even where it cannot know whether it ran. Default false. */
  readonly idempotent?: boolean;
  /** Learns the id under which the message travels, before it leaves, and again should the id change. */
  readonly onMsgId?: (msgId: number) => void;
  /** The id it had in an earlier connection of the same session, so that it runs once. §10 */
  readonly resumeMsgId?: number;
}

/** Receives one message chunk by chunk; nothing of it is kept by the connection. */
export interface StreamSink {
  /** Takes the next bytes of the body; while the promise is pending, the peer is slowed down. */
  chunk(bytes: Uint8Array): void | Promise<void>;
  /** The message is complete; the result is the reply, as with {@link MessageHandler}. */
  end(): OutgoingMessage | undefined | Promise<OutgoingMessage | undefined>;
  /** The message will never be complete: what was received must not be used as if it were. */
  abort(error: unknown): void;
}

/** Decides at a message's first chunk whether it is streamed; `undefined` gathers it as usual. */
export type StreamHandler = (header: FrameHeader) => StreamSink | undefined;
