import { DwcpError } from "../errors.js";
import type { DwcpLimits } from "../limits.js";
import { FLAG_PACKED_LISTS } from "../wire/codec.js";
import { NetworkReader } from "../wire/network-reader.js";
import { NetworkWriter } from "../wire/network-writer.js";
import { decodeZstdHeader, decompressFrame } from "../zstd/frame-check.js";
import type { ZstdEngine } from "../zstd/zstd-engine.js";

/** Lists longer than this are compressed. spec/dwcp.md B5 */
const PACK_LISTS_ABOVE = 64;
/** What the lists of a unit may take once they are unpacked, in bytes. */
export const MAX_LIST_BYTES = 1_048_576;

const LEVEL = 3;

/** The lists of a unit as they go on the wire. */
export interface PackedLists {
  readonly bytes: Uint8Array;
  readonly flags: number;
}

/** Compresses lists that are long enough and get shorter by it. spec/dwcp.md B5 */
export function packLists(lists: Uint8Array, zstd: ZstdEngine): PackedLists {
  if (lists.length > PACK_LISTS_ABOVE) {
    const frame = zstd.compress(lists, { level: LEVEL });
    if (frame.length + 4 < lists.length) {
      const writer = new NetworkWriter(frame.length + 4).varint(frame.length).bytes(frame);
      return { bytes: writer.view(), flags: FLAG_PACKED_LISTS };
    }
  }
  return { bytes: lists, flags: 0 };
}

/**
 * Gives a reader of a unit's lists: one over the unpacked bytes, or `reader` itself.
 *
 * @throws {@link DwcpError} `dwcp.decode`, `dwcp.limit`, `dwcp.protocol`.
 */
export function openLists(
  reader: NetworkReader,
  flags: number,
  zstd: ZstdEngine,
  limits: Pick<DwcpLimits, "maxWindowLog">,
): NetworkReader {
  if ((flags & FLAG_PACKED_LISTS) === 0) return reader;
  const frame = reader.view(reader.varint());
  const { contentBytes } = decodeZstdHeader(frame);
  if (contentBytes > MAX_LIST_BYTES) {
    throw new DwcpError("dwcp.limit", `lists of ${contentBytes} bytes, limit ${MAX_LIST_BYTES}`);
  }
  return new NetworkReader(decompressFrame(zstd, frame, contentBytes, limits));
}
