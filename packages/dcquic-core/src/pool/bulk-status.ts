import { DcquicError } from "../errors.js";

const STATUS_BYTES = 16;

/**
 * Encodes the status message with which a bulk transfer is answered: 8 bytes of zero, which later versions may use, and the
 * number of plain bytes that were placed, u64 little-endian.
 *
 * @see spec/dcquic.md §4, docs/decisions/0102-messages-of-streams.md
 */
export function encodeBulkStatus(placedBytes: number): Uint8Array {
  const bytes = new Uint8Array(STATUS_BYTES);
  new DataView(bytes.buffer).setBigUint64(8, BigInt(placedBytes), true);
  return bytes;
}

/** Decodes it. @throws DcquicError `dcquic.malformed` */
export function decodeBulkStatus(bytes: Uint8Array): number {
  if (bytes.length !== STATUS_BYTES) {
    throw new DcquicError("dcquic.malformed", `a bulk status of ${bytes.length} bytes`);
  }
  const placed = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(8, true);
  if (placed > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new DcquicError("dcquic.malformed", `a bulk status of ${placed} bytes placed`);
  }
  return Number(placed);
}
