/** How an embedded driver behaves. spec/aeron.md §11 */
export interface DriverOptions {
  /** After how long a silent client is forgotten, in milliseconds. */
  readonly clientLivenessTimeoutMs: number;
  /** Bytes of a term where a channel does not say. */
  readonly termLength: number;
  /** The largest frame where a channel does not say. */
  readonly mtu: number;
  /** After how long a hole that a dead writer left is closed, in milliseconds. */
  readonly unblockTimeoutMs: number;
  /** How long a drained publication stays for clients that still look at it, in milliseconds. */
  readonly lingerMs: number;
  /** How long a reader with `tether=false` may be behind the window, in milliseconds. */
  readonly untetheredWindowLimitMs: number;
  /** How long its place is kept after it was told that its image is gone, in milliseconds. */
  readonly untetheredLingerMs: number;
  /** After how long it joins again, in milliseconds. */
  readonly untetheredRestingMs: number;
  /** How many clients there may be at once. */
  readonly maxClients: number;
  /** How many publications there may be at once. */
  readonly maxPublications: number;
  /** Checks the token of a request to stop; without it, such requests are ignored. */
  readonly mayTerminate?: (token: Uint8Array) => boolean;
}

/** The options of a driver that says nothing. Descriptors of tensors are small: 16 MiB terms hold seconds of them. */
export const DEFAULT_DRIVER_OPTIONS: DriverOptions = {
  clientLivenessTimeoutMs: 10_000,
  termLength: 16_777_216,
  mtu: 1_408,
  unblockTimeoutMs: 15_000,
  lingerMs: 5_000,
  untetheredWindowLimitMs: 5_000,
  untetheredLingerMs: 5_000,
  untetheredRestingMs: 10_000,
  maxClients: 1_000,
  maxPublications: 1_000,
};
