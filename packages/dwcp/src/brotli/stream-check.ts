import { DwcpError } from "../errors.js";
import type { DwcpLimits } from "../limits.js";
import type { BrotliEngine } from "./brotli-engine.js";

/** The longest window of RFC 7932, 16 MiB: what is beyond it is another format. */
const MAX_WINDOW_LOG = 24;
// The shortest one whose streams begin with a single bit.
const MIN_WINDOW_LOG = 16;
// What a window keeps for itself. RFC 7932 §9.1
const WINDOW_GAP_BYTES = 16;

/** The window that reaches over all of so many bytes: a longer one would only cost memory at both ends. */
export function brotliWindowLogFor(bytes: number): number {
  const needed = Math.ceil(Math.log2(bytes + WINDOW_GAP_BYTES));
  return Math.min(MAX_WINDOW_LOG, Math.max(MIN_WINDOW_LOG, needed));
}

// The window of a brotli stream, from its first byte, as a power of 2. spec/dwcp.md B5
function brotliWindowLogOf(stream: Uint8Array): number {
  const first = stream[0];
  if (first === undefined) throw refused("no brotli stream");
  if ((first & 1) === 0) return 16;
  const long = (first >> 1) & 7;
  if (long > 0) return 17 + long;
  const short = (first >> 4) & 7;
  if (short === 1) throw refused("a brotli stream with a large window");
  return short === 0 ? 17 : 8 + short;
}

/**
 * Decompresses one stream to exactly `rawBytes`. Its window is checked before anything is allocated.
 *
 * @throws {@link DwcpError} `dwcp.decode`.
 * @see spec/dwcp.md B3, B5
 */
export function decompressBrotli(
  engine: BrotliEngine,
  stream: Uint8Array,
  rawBytes: number,
  limits: Pick<DwcpLimits, "maxWindowLog">,
): Uint8Array {
  const windowLog = brotliWindowLogOf(stream);
  if (windowLog > limits.maxWindowLog) {
    throw refused(`a brotli window of 2^${windowLog} bytes, limit 2^${limits.maxWindowLog}`);
  }
  const into = new Uint8Array(rawBytes);
  if (engine.decompressInto(stream, into) !== rawBytes) {
    throw refused(`a brotli stream that is not one of ${rawBytes} bytes`);
  }
  return into;
}

function refused(message: string): DwcpError {
  return new DwcpError("dwcp.decode", message);
}
