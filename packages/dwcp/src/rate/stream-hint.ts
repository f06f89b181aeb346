/** How many streams a session may have. spec/dwcp.md B16 */
export interface StreamBounds {
  /** Fewer than half of these are too few. */
  readonly minStreams: number;
  /** Never more. */
  readonly maxStreams: number;
  /** Before anything is measured. */
  readonly initialStreams: number;
}

/**
 * Computes the published starting hint, `bandwidth_mbps / (latency_ms × 0.1)`, rounded down and kept within the bounds.
 *
 * It falls with latency although the need rises: it is where measuring begins, not where it ends. Values that mean nothing
 * (not finite, negative bandwidth, latency of 0 or less) give `initialStreams`.
 *
 * @see spec/dwcp.md A1, B13
 */
export function hintStreams(
  bandwidthMegabits: number,
  latencyMs: number,
  bounds: StreamBounds,
): number {
  const meaningful =
    Number.isFinite(bandwidthMegabits) &&
    Number.isFinite(latencyMs) &&
    bandwidthMegabits >= 0 &&
    latencyMs > 0;
  const hint = meaningful
    ? Math.floor(bandwidthMegabits / (latencyMs * 0.1))
    : bounds.initialStreams;
  return Math.min(bounds.maxStreams, Math.max(bounds.minStreams, hint));
}

/**
 * Computes how long units should be: a quarter of what one stream carries in a round trip, 32 KiB to `largestBytes`.
 *
 * @param streamRate Bytes per second of one stream; without a measurement the result is `largestBytes`.
 * @see spec/dwcp.md B13
 */
export function unitTarget(streamRate: number, rttUs: number, largestBytes: number): number {
  const quarter = (streamRate * rttUs) / 4e6;
  if (!(quarter > 0) || !Number.isFinite(quarter)) return largestBytes;
  return Math.round(Math.min(largestBytes, Math.max(LEAST_UNIT_BYTES, quarter)));
}

/**
 * Computes how long units of stored bytes should be: `unitBytes`, and no shorter than what all streams send in 1 ms, up to 1 MiB. What a
 * unit costs both processes besides its bytes, about 0.1 ms, is little beside that. No stream takes longer than 20 ms for one.
 *
 * @param rate Bytes per second of all streams.
 * @see spec/dwcp.md B13
 */
export function storedUnitTarget(rate: number, streams: number, unitBytes: number): number {
  const least = Math.min(rate * STORED_SECONDS, (rate / Math.max(1, streams)) * UNATTENDED_SECONDS);
  return Math.round(Math.max(unitBytes, Math.min(MOST_STORED_BYTES, least)));
}

/**
 * Computes what may wait in the kernel unsent on one stream: what it sends while its process is not looked after, 32 KiB to
 * 128 KiB, in powers of two. What waits there is lost when the stream breaks.
 *
 * @param streamRate Bytes per second of one stream.
 * @see spec/dwcp.md B13
 */
export function unsentTarget(streamRate: number): number {
  let bytes = LEAST_UNSENT_BYTES;
  while (bytes < MOST_UNSENT_BYTES && bytes < streamRate * UNATTENDED_SECONDS) bytes *= 2;
  return bytes;
}

const LEAST_UNIT_BYTES = 32_768;
const STORED_SECONDS = 0.001;
const MOST_STORED_BYTES = 1_048_576;
const LEAST_UNSENT_BYTES = 32_768;
const MOST_UNSENT_BYTES = 131_072;
const UNATTENDED_SECONDS = 0.02;
