import type { BrotliEngine } from "../brotli/brotli-engine.js";
import { brotliWindowLogFor, decompressBrotli } from "../brotli/stream-check.js";
import { DwcpError } from "../errors.js";
import type { DwcpLimits } from "../limits.js";
import type { NetworkReader } from "../wire/network-reader.js";
import type { NetworkWriter } from "../wire/network-writer.js";
import { decodeZstdHeader, decompressFrame } from "../zstd/frame-check.js";
import type { ZstdEngine } from "../zstd/zstd-engine.js";

/** How the three streams of a difference are packed: what BSDIFF and BSDIFF_BROTLI differ in. spec/dwcp.md B5 */
export interface BsdiffPacking {
  /** Packs one stream. */
  write(writer: NetworkWriter, stream: Uint8Array): void;
  /**
   * Unpacks one stream of at most `maxBytes`; its length is checked before anything is allocated.
   *
   * @throws {@link DwcpError} `dwcp.limit`, `dwcp.decode`, `dwcp.protocol`.
   */
  read(reader: NetworkReader, maxBytes: number, limits: WindowLimit): Uint8Array;
}

type WindowLimit = Pick<DwcpLimits, "maxWindowLog">;

/** The highest level: what takes seconds to find is worth packing well. */
const ZSTD_LEVEL = 22;

/** BSDIFF: a length, and a zstd frame that states its content's. */
export function zstdPacking(zstd: ZstdEngine): BsdiffPacking {
  return {
    write(writer, stream) {
      const frame = stream.length === 0 ? stream : zstd.compress(stream, { level: ZSTD_LEVEL });
      writer.varint(frame.length).bytes(frame);
    },
    read(reader, maxBytes, limits) {
      const frame = reader.view(reader.varint());
      if (frame.length === 0) return frame;
      const { contentBytes } = decodeZstdHeader(frame);
      requireWithin(contentBytes, maxBytes);
      return decompressFrame(zstd, frame, contentBytes, limits);
    },
  };
}

/** BSDIFF_BROTLI: the length of the content, which brotli does not state, a length, and a brotli stream. */
export function brotliPacking(brotli: BrotliEngine): BsdiffPacking {
  return {
    write(writer, stream) {
      const windowLog = brotliWindowLogFor(stream.length);
      const packed = stream.length === 0 ? stream : brotli.compress(stream, windowLog);
      writer.varint(stream.length).varint(packed.length).bytes(packed);
    },
    read(reader, maxBytes, limits) {
      const contentBytes = reader.varint();
      const packed = reader.view(reader.varint());
      if (contentBytes === 0 && packed.length === 0) return packed;
      requireWithin(contentBytes, maxBytes);
      return decompressBrotli(brotli, packed, contentBytes, limits);
    },
  };
}

function requireWithin(contentBytes: number, maxBytes: number): void {
  if (contentBytes <= maxBytes) return;
  throw new DwcpError("dwcp.limit", `a stream of ${contentBytes} bytes, limit ${maxBytes}`);
}
