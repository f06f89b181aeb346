import type { Http2Stream, Settings } from "node:http2";
import type { ByteStream, TransportInfo } from "@proj/wire-types";
import { resolveXcpLimits, type XcpLimits } from "../limits.js";
import { socketStream } from "./socket-stream.js";
import type { Alpn } from "./tls-options.js";

/** The content type of both bodies. spec/xcp.md §20 */
export const FRAMES_CONTENT_TYPE = "application/vnd.xcp.frames";

/** The path that requests are sent to. spec/xcp.md §20 */
export const FRAMES_PATH = "/xcp";

/** Headers of the form with one stream per channel. spec/xcp.md §20 */
export const SESSION_HEADER = "xcp-session";
/** See {@link SESSION_HEADER}. */
export const CHANNEL_HEADER = "xcp-channel";

/** What TLS negotiates for HTTP/2. */
export const H2_ALPN: Alpn = { name: "h2", required: true };

// Four messages of 1 MiB may be under way on a stream before its sender waits for a window update.
const STREAM_WINDOW_BYTES = 4_194_304;

/** Bytes that all streams of a connection may have under way together. */
export const CONNECTION_WINDOW_BYTES = 16_777_216;

/** MiB that Node lets one connection hold, queues in both directions included. Its own 10 are less than our windows. */
export const SESSION_MEMORY_MIB = 64;

/** Settings that either side announces. */
export function http2Settings(limits: Partial<XcpLimits> | undefined): Settings {
  return {
    enablePush: false,
    initialWindowSize: STREAM_WINDOW_BYTES,
    maxConcurrentStreams: resolveXcpLimits(limits).maxChannels,
  };
}

/** Makes a byte stream of one request's two bodies. */
export function http2Stream(
  stream: Http2Stream,
  info: TransportInfo,
  options: { readonly highWaterBytes?: number },
): ByteStream {
  return socketStream(stream, info, {
    ...options,
    // `close` with a code would end the body first, as if it were whole; this resets the stream and nothing else.
    drop: () => outsideCallbacks(() => stream.destroy(new Error("dropped"))),
  });
}

/**
 * Runs what resets streams or closes sessions in a turn of its own.
 *
 * Node calls back from inside nghttp2, with ticks and microtasks before it returns; a stream that is reset there while
 * its own reset waits in the input makes Node 20 allocate until it dies.
 */
export function outsideCallbacks(action: () => void): void {
  setImmediate(action);
}
