import { brotliCompressSync, brotliDecompressSync, constants } from "node:zlib";
import type { BrotliEngine } from "../brotli/brotli-engine.js";

// With `info`, the buffer comes with what made it; the type definitions do not know.
interface Decompressed {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

/** Brotli of `node:zlib`: every Node has it. */
export const zlibBrotli: BrotliEngine = {
  compress(source, windowLog) {
    return brotliCompressSync(source, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
        [constants.BROTLI_PARAM_LGWIN]: windowLog,
        [constants.BROTLI_PARAM_SIZE_HINT]: source.length,
      },
    });
  },
  decompressInto(stream, into) {
    // One byte more than belongs there: what fits comes in one piece, and what does not ends with the next byte.
    const options = {
      maxOutputLength: Math.max(1, into.length),
      chunkSize: Math.max(constants.Z_MIN_CHUNK, into.length + 1),
      info: true,
    };
    try {
      const made = brotliDecompressSync(stream, options) as unknown as Decompressed;
      // Node leaves aside what stands behind the end.
      if (made.engine.bytesWritten !== stream.length || made.buffer.length > into.length) {
        return undefined;
      }
      into.set(made.buffer);
      return made.buffer.length;
    } catch {
      return undefined;
    }
  },
};
