import type { RpcSessionOptions } from "../session/rpc-session.js";

/** What one batch may cost its server. spec/capnweb.md §13 */
export interface HttpBatchLimits {
  /** Bytes of the body. */
  readonly maxBodyBytes?: number | undefined;
  /** Messages in the body. */
  readonly maxMessages?: number | undefined;
  /** Milliseconds until the answer goes out with what is ready. */
  readonly maxTimeMs?: number | undefined;
  /** Characters of the streams in an answer; what goes beyond is cut off. */
  readonly maxStreamSize?: number | undefined;
}

/** What may be chosen for the server's side of a batch. */
export interface HttpBatchServerOptions extends RpcSessionOptions {
  /** What one batch may cost. */
  readonly batch?: HttpBatchLimits | undefined;
  /**
   * Sends each result as soon as it is there, to a client that asks for that, where not all of them are
   * there at once; otherwise an answer waits for its slowest call. Default `false`.
   */
  readonly streamAnswer?: boolean | undefined;
  /**
   * Whether this end takes what the package adds to the wire: used in batches whose header
   * `capnweb-extensions` says that the client does, too. Default `false`. spec/capnweb.md §20.7
   */
  readonly extensions?: boolean | undefined;
}

/** The limits of whoever names none: generous, and finite. */
export const DEFAULT_BATCH_LIMITS: { readonly [K in keyof HttpBatchLimits]-?: number } = {
  maxBodyBytes: 64 * 1024 * 1024,
  maxMessages: 100_000,
  maxTimeMs: 300_000,
  maxStreamSize: 64 * 1024 * 1024,
};

/**
 * What a client accepts that reads an answer in parts, and the type of one: each message ends with a
 * line feed.
 */
export const STREAMED_TYPE = "application/x-ndjson";
