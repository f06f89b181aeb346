import { concatBytes } from "@proj/wire-types";
import { XcpError } from "./errors.js";
import type { ZstdProvider } from "./platform.js";
import { inspectZstdFrame } from "./wire/zstd-frame.js";

/** How bodies are compressed. */
export interface CompressOptions {
  /** 1 for latency, 3 for ratio; default 3. */
  readonly level?: number;
}

const MIN_BODY_BYTES = 1024;
const DEFAULT_LEVEL = 3;
// Sampled in two places: a body often starts with a header that says little about the rest.
const SAMPLE_BYTES = 4096;
const MAX_RATIO = 0.9;

/**
 * Compresses a body when that pays: it is larger than 1024 bytes, and at least 10 % are saved, on a sample of 4 KiB first.
 *
 * @returns The zstd frame to send with COMP, or `undefined` when the body is to go as it is.
 * @see spec/xcp.md §11.1
 */
export function compressBody(
  body: Uint8Array,
  zstd: ZstdProvider,
  options: CompressOptions = {},
): Uint8Array | undefined {
  if (zstd.compress === undefined || body.length <= MIN_BODY_BYTES) return undefined;
  const { level = DEFAULT_LEVEL } = options;
  if (body.length > 2 * SAMPLE_BYTES) {
    const sample = sampleOf(body);
    if (zstd.compress(sample, level).length > MAX_RATIO * sample.length) return undefined;
  }
  const frame = zstd.compress(body, level);
  return frame.length <= MAX_RATIO * body.length ? frame : undefined;
}

/**
 * Decompresses the payload of a message with COMP: exactly one zstd frame.
 *
 * @param maxBytes Bounds the output while it is made, whatever the frame declares.
 * @throws XcpError `xcp.compression`, `xcp.decompressed_too_large`
 * @see spec/xcp.md §11.1
 */
export function decompressBody(
  payload: Uint8Array,
  zstd: ZstdProvider,
  maxBytes: number,
): Uint8Array {
  const { contentBytes, maxContentBytes } = inspectZstdFrame(payload);
  if (contentBytes !== undefined && contentBytes > maxBytes) throw tooLarge(contentBytes, maxBytes);
  if (contentBytes !== undefined && contentBytes > maxContentBytes) {
    throw new XcpError(
      "xcp.compression",
      `blocks for less than the declared ${contentBytes} bytes`,
    );
  }
  const body = zstd.decompress(payload, maxBytes);
  if (body.length > maxBytes) throw tooLarge(body.length, maxBytes);
  if (contentBytes !== undefined && contentBytes !== body.length) {
    throw new XcpError("xcp.compression", `${body.length} bytes, declared ${contentBytes}`);
  }
  return body;
}

function sampleOf(body: Uint8Array): Uint8Array {
  const half = SAMPLE_BYTES / 2;
  const middle = Math.floor(body.length / 2);
  return concatBytes([body.subarray(0, half), body.subarray(middle, middle + half)]);
}

function tooLarge(bytes: number, maxBytes: number): XcpError {
  return new XcpError("xcp.decompressed_too_large", `${bytes} bytes, limit ${maxBytes}`);
}
