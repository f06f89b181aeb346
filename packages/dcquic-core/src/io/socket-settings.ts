/** How the sockets of one worker are set up. spec/dcquic.md §16.1, §20 */
export interface SocketSettings {
  /** What one flow between two ports may carry, bytes per second; 625 MB (5 Gbit/s) if absent. */
  readonly flowBytesPerSecond?: number;
  /** Whether the kernel splits and joins datagrams; `auto` if absent. */
  readonly segmentation?: "auto" | "off";
  /** Whether ECN bits are read and written; `auto` if absent. */
  readonly ecn?: "auto" | "off";
  /** What the kernel buffers each way; 8 MiB if absent, and 4 MiB on `node:dgram`. */
  readonly bufferBytes?: number;
}
