const MIN_WINDOW_LOG = 17;
const MAX_WINDOW_LOG = 27;

/** Gives the window that covers a source and its prefix, as a power of two within the protocol's limit. spec/dwcp.md B11 */
export function windowLogFor(sourceBytes: number, prefixBytes: number): number {
  const needed = Math.ceil(Math.log2(Math.max(1, sourceBytes + prefixBytes)));
  return Math.min(MAX_WINDOW_LOG, Math.max(MIN_WINDOW_LOG, needed));
}
