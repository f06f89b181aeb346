/** What a bridge carries and keeps. spec/tensor-pool.md §19, §22 */
export interface BridgeLimits {
  /** The MTU of the payload channel, in bytes; by default Aeron's own. */
  readonly mtuBytes: number;
  /** What a chunk has, in bytes; by default what fits the MTU. */
  readonly chunkBytes: number;
  /** What a chunk has at most, in bytes. */
  readonly maxChunkBytes: number;
  /** What a frame has at most, in bytes; checked before memory is taken. */
  readonly maxPayloadBytes: number;
  /** Whether chunks carry a checksum, and must. */
  readonly integrityCrc32c: boolean;
  /** After how long a frame that does not come whole is given up, in nanoseconds. */
  readonly assemblyTimeoutNs: bigint;
  /** Frames that may be open at once. */
  readonly maxOpen: number;
}

const MTU_BYTES = 1_408;
/** What is left to the headers of a chunk, in bytes. spec/tensor-pool.md §19 */
export const CHUNK_OVERHEAD_BYTES = 128;

/** The limits of a bridge that says nothing. */
export const DEFAULT_BRIDGE_LIMITS: BridgeLimits = {
  mtuBytes: MTU_BYTES,
  chunkBytes: MTU_BYTES - CHUNK_OVERHEAD_BYTES,
  maxChunkBytes: 65_535,
  maxPayloadBytes: 2 ** 30,
  integrityCrc32c: false,
  assemblyTimeoutNs: 250_000_000n,
  maxOpen: 16,
};

/** Chunks that a frame may have. */
export const MAX_CHUNKS = 65_535;

/** What a chunk carries at most under these limits, in bytes. @throws `RangeError` where that is nothing. */
export function chunkCapacity(limits: BridgeLimits): number {
  const { chunkBytes, mtuBytes, maxChunkBytes } = limits;
  const bytes = Math.min(chunkBytes, mtuBytes - CHUNK_OVERHEAD_BYTES, maxChunkBytes);
  if (!(bytes >= 1)) throw new RangeError(`chunks of ${bytes} bytes`);
  return bytes;
}

/** In how many chunks a payload crosses under these limits; `undefined` where it does not. An empty one is one chunk. */
export function chunksOf(payloadBytes: number, limits: BridgeLimits): number | undefined {
  const count = Math.max(1, Math.ceil(payloadBytes / chunkCapacity(limits)));
  return payloadBytes > limits.maxPayloadBytes || count > MAX_CHUNKS ? undefined : count;
}
