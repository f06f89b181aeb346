import { crc32c } from "@proj/wire-types";
import {
  encodeMetaBlobAnnounce,
  encodeMetaBlobChunk,
  encodeMetaBlobComplete,
} from "../messages/generated/wire.js";

/** What a chunk has at most, in bytes. spec/tensor-pool.md §12 */
export const MAX_BLOB_CHUNK_BYTES = 65_536;

/** A blob of metadata: something too long for an attribute. */
export interface MetaBlob {
  /** The stream. */
  readonly streamId: number;
  /** The version of the metadata that it belongs to. */
  readonly metaVersion: number;
  /** What it is; the two sides know. */
  readonly blobType: number;
  /** What it holds. */
  readonly bytes: Uint8Array;
}

/**
 * Yields the messages of a blob: its announce, its chunks in order, its end. Take them as the transport takes them.
 *
 * @param chunkBytes What a chunk has, at most {@link MAX_BLOB_CHUNK_BYTES}.
 */
export function* blobMessages(
  blob: MetaBlob,
  chunkBytes: number = MAX_BLOB_CHUNK_BYTES,
): Generator<Uint8Array, void, undefined> {
  if (!(chunkBytes > 0 && chunkBytes <= MAX_BLOB_CHUNK_BYTES)) {
    throw new RangeError(`chunks of ${chunkBytes} bytes, limit ${MAX_BLOB_CHUNK_BYTES}`);
  }
  const { streamId, metaVersion, blobType, bytes } = blob;
  const checksum = BigInt(crc32c(bytes));
  const totalLen = BigInt(bytes.length);
  yield encodeMetaBlobAnnounce({ streamId, metaVersion, blobType, totalLen, checksum });
  for (let offset = 0; offset < bytes.length; offset += chunkBytes) {
    yield encodeMetaBlobChunk({
      streamId,
      metaVersion,
      chunkOffset: BigInt(offset),
      bytes: bytes.subarray(offset, offset + chunkBytes),
    });
  }
  yield encodeMetaBlobComplete({ streamId, metaVersion, checksum });
}
