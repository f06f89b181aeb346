import { crc32c } from "@proj/wire-types";
import { Bool, encodeBridgeFrameChunk } from "../messages/generated/bridge.js";
import { HEADER_SLOT_BYTES } from "../region/layout.js";
import { type BridgeLimits, chunkCapacity, chunksOf } from "./bridge-limits.js";

/** A frame on its way over a bridge. */
export interface BridgedFrame {
  /** The stream it comes from. */
  readonly streamId: number;
  /** The epoch there. */
  readonly epoch: bigint;
  /** Its number. */
  readonly seq: number;
  /** Where it comes from, if that was said. */
  readonly traceId: bigint | undefined;
  /** Its 256 bytes in the header ring. */
  readonly header: Uint8Array;
  /** Its payload. */
  readonly payload: Uint8Array;
}

const NO_BYTES = new Uint8Array(0);

/**
 * Yields the messages of a frame, which must not change meanwhile. An empty payload is one chunk of no bytes.
 *
 * @throws `RangeError` for a frame beyond the limits, before the first message.
 */
export function* frameChunks(
  frame: BridgedFrame,
  limits: BridgeLimits,
): Generator<Uint8Array, void, undefined> {
  const { payload, header } = frame;
  const capacity = chunkCapacity(limits);
  const chunkCount = chunksOf(payload.length, limits);
  if (header.length !== HEADER_SLOT_BYTES)
    throw new RangeError(`a header of ${header.length} bytes`);
  if (chunkCount === undefined) {
    throw new RangeError(`${payload.length} bytes in chunks of ${capacity}`);
  }
  for (let chunkIndex = 0; chunkIndex < chunkCount; chunkIndex++) {
    const chunkOffset = chunkIndex * capacity;
    const payloadBytes = payload.subarray(chunkOffset, chunkOffset + capacity);
    const headerBytes = chunkIndex === 0 ? header : NO_BYTES;
    yield encodeBridgeFrameChunk({
      streamId: frame.streamId,
      epoch: frame.epoch,
      seq: BigInt(frame.seq),
      traceId: frame.traceId,
      chunkIndex,
      chunkCount,
      chunkOffset,
      chunkLength: payloadBytes.length,
      payloadLength: payload.length,
      payloadCrc32c: limits.integrityCrc32c ? chunkChecksum(headerBytes, payloadBytes) : 0,
      headerIncluded: chunkIndex === 0 ? Bool.TRUE : Bool.FALSE,
      headerBytes,
      payloadBytes,
    });
  }
}

/** Returns the checksum of a chunk: over its header, where it has one, and its payload. */
export function chunkChecksum(headerBytes: Uint8Array, payloadBytes: Uint8Array): number {
  return crc32c(payloadBytes, crc32c(headerBytes));
}
