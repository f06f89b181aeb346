/** Why nothing was offered. spec/aeron.md §8 */
export const OfferResult = {
  /** Nobody is subscribed. */
  notConnected: -1,
  /** The readers are a whole window behind. */
  backPressured: -2,
  /** The log was just being rotated: try again at once. */
  adminAction: -3,
  /** The publication was closed. */
  closed: -4,
  /** The stream has come to the end of what positions can count. */
  maxPositionExceeded: -5,
} as const;

/** How a message is offered. */
export interface OfferOptions {
  /** 64 bits that travel in the header of each of its frames; 0 by default. */
  readonly reservedValue?: bigint;
}
