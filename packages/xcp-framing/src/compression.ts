import type { ZstdProvider } from "./platform.js";
export interface CompressOptions {
  /** 1 for latency, 3 (default) for ratio. */
  readonly level?: number;
}
/** The zstd frame to send with COMP, or `undefined` when the body is to go as it is. */
export function compressBody(
  body: Uint8Array,
  zstd: ZstdProvider,
  options: CompressOptions = {},
): Uint8Array | undefined {
  void [body, zstd, options];
  throw new Error("to be filled");
}
/** @throws XcpError `xcp.compression`, `xcp.decompressed_too_large` */
export function decompressBody(
  payload: Uint8Array,
  zstd: ZstdProvider,
  maxBytes: number,
): Uint8Array {
  void [payload, zstd, maxBytes];
  throw new Error("to be filled");
}
