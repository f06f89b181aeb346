import type { SharedRegion } from "@proj/wire-types";
import type { ShmFile, ShmSegmentOptions } from "./shared-memory.js";

/** The longest mapping in one piece: Node 20 makes no `ArrayBuffer` of more over foreign memory. spec/tensor-pool.md §25 */
export const MAX_MAPPING_BYTES: number = 2 ** 32;

/** Mappings begin at a multiple of this, a cache line: more than any atomic needs. */
export const MAPPING_ALIGNMENT_BYTES = 64;

/** One piece of a file that is mapped in pieces. */
export interface Segment {
  /** First byte in the file. */
  readonly offset: number;
  /** Number of bytes. */
  readonly length: number;
}

/**
 * Counts the units that one segment holds: as many as fit {@link MAX_MAPPING_BYTES}.
 *
 * @throws RangeError when a unit is not a multiple of 64 or does not fit.
 */
export function unitsPerSegment(unitBytes: number, maxBytes: number = MAX_MAPPING_BYTES): number {
  const aligned = Number.isSafeInteger(unitBytes) && unitBytes % MAPPING_ALIGNMENT_BYTES === 0;
  if (!aligned || unitBytes < 1 || unitBytes > maxBytes) {
    throw new RangeError(`a unit of ${unitBytes} bytes is not a multiple of 64 up to ${maxBytes}`);
  }
  return Math.floor(maxBytes / unitBytes);
}

/**
 * Divides `sizeBytes` into segments at unit boundaries. A last unit may be shorter than the others.
 *
 * @throws RangeError as {@link unitsPerSegment}, and for more than 65536 segments.
 */
export function planSegments(
  sizeBytes: number,
  unitBytes: number,
  maxBytes: number = MAX_MAPPING_BYTES,
): readonly Segment[] {
  const stride = unitsPerSegment(unitBytes, maxBytes) * unitBytes;
  const count = Math.ceil(sizeBytes / stride);
  if (!(count <= 65_536)) throw new RangeError(`${sizeBytes} bytes need ${count} segments`);
  return Array.from({ length: count }, (_, i) => ({
    offset: i * stride,
    length: Math.min(stride, sizeBytes - i * stride),
  }));
}

/** Maps all of `file` as {@link planSegments} divides it; on failure nothing stays mapped. */
export function mapInSegments(
  file: ShmFile,
  unitBytes: number,
  options: ShmSegmentOptions,
): readonly SharedRegion[] {
  const regions: SharedRegion[] = [];
  try {
    for (const segment of planSegments(file.sizeBytes, unitBytes)) {
      regions.push(file.map({ ...options, ...segment }));
    }
  } catch (thrown) {
    for (const region of regions) region.unmap();
    throw thrown;
  }
  return regions;
}
