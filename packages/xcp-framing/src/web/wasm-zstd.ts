import { concatBytes } from "@proj/wire-types";
import { XcpError } from "../errors.js";
import type { ZstdProvider } from "../platform.js";
import { inspectZstdFrame } from "../wire/zstd-frame.js";

// The compressor hands its output over element by element, which costs eight times its size for a moment.
const ONE_SHOT_BYTES = 4_194_304;
const PIECE_BYTES = 1_048_576;
// Of WebAssembly memory, which never shrinks.
const MAX_OUTPUT_BYTES = 268_435_456;

/**
 * Loads the reference zstd as WebAssembly, for machines without a native one: some 300 kB.
 *
 * @see docs/decisions/0020-zstd-in-webassembly.md
 */
export async function loadWasmZstd(): Promise<ZstdProvider> {
  const [{ Zstd }, { ZSTDDecoder }] = await Promise.all([
    import("@hpcc-js/wasm-zstd"),
    import("zstddec"),
  ]);
  const decoder = new ZSTDDecoder();
  const [encoder] = await Promise.all([Zstd.load(), decoder.init()]);
  return {
    compress(bytes: Uint8Array, level: number): Uint8Array {
      if (bytes.length <= ONE_SHOT_BYTES) return encoder.compress(bytes, level);
      encoder.reset();
      encoder.setCompressionLevel(level);
      const parts: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
        parts.push(encoder.compressChunk(bytes.subarray(at, at + PIECE_BYTES)));
      }
      parts.push(encoder.compressEnd());
      return concatBytes(parts);
    },

    decompress(frame: Uint8Array, maxBytes: number): Uint8Array {
      const { contentBytes, maxContentBytes } = inspectZstdFrame(frame);
      const limit = Math.min(maxBytes, MAX_OUTPUT_BYTES);
      const declared = contentBytes ?? maxContentBytes;
      if (contentBytes !== undefined && contentBytes > limit) throw tooLarge(contentBytes, limit);
      const room = Math.min(declared, limit, maxContentBytes);
      if (room === 0) return new Uint8Array(0);
      // Frames without a checksum say nothing about themselves: the decoder returns no bytes when it fails.
      const content = decoder.decode(frame, room);
      if (content.length > 0) return content;
      if (declared > limit) throw tooLarge(declared, limit);
      throw new XcpError("xcp.compression", "the zstd frame is corrupt");
    },
  };
}

function tooLarge(bytes: number, limit: number): XcpError {
  return new XcpError("xcp.decompressed_too_large", `up to ${bytes} bytes, limit ${limit}`);
}
