/** The channel that all meet on who say nothing else. spec/tensor-pool.md §21 */
export const DEFAULT_CHANNEL = "aeron:ipc?term-length=4m";

/** The Aeron streams on which messages travel. spec/tensor-pool.md §21 */
export const StreamIds = {
  control: 1_000,
  announce: 1_001,
  descriptor: 1_100,
  qos: 1_200,
  metadata: 1_300,
} as const;

/** The Aeron streams of discovery. spec/tensor-pool.md §21 */
export const DiscoveryStreamIds = {
  request: 7_000,
  response: 7_004,
} as const;
