import * as zlib from "node:zlib";
import { XcpError } from "../errors.js";
import type { ZstdProvider } from "../platform.js";

// Since Node 22.15; the type definitions are those of the oldest Node supported.
interface NodeZstd {
  zstdCompressSync(bytes: Uint8Array, options: object): Buffer;
  zstdDecompressSync(bytes: Uint8Array, options: object): Buffer;
  readonly constants: Readonly<Record<string, number>>;
}

/** The zstd of the running Node, or `undefined` where it has none. */
export function nodeZstd(): ZstdProvider | undefined {
  if (!("zstdCompressSync" in zlib)) return undefined;
  const { zstdCompressSync, zstdDecompressSync, constants } = zlib as unknown as NodeZstd;
  const LEVEL = constants["ZSTD_c_compressionLevel"] as number;
  return {
    compress(bytes, level) {
      const options = { params: { [LEVEL]: level }, pledgedSrcSize: bytes.length };
      return asBytes(zstdCompressSync(bytes, options));
    },
    decompress(frame, maxBytes) {
      try {
        return asBytes(zstdDecompressSync(frame, { maxOutputLength: Math.max(1, maxBytes) }));
      } catch (cause) {
        if (isTooLarge(cause)) {
          throw new XcpError("xcp.decompressed_too_large", `more than ${maxBytes} bytes`, {
            cause,
          });
        }
        throw new XcpError("xcp.compression", "the zstd frame is corrupt", { cause });
      }
    },
  };
}

function isTooLarge(error: unknown): boolean {
  const coded = typeof error === "object" && error !== null && "code" in error;
  return coded && error.code === "ERR_BUFFER_TOO_LARGE";
}

function asBytes(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
