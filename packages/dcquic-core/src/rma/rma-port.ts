import type { RegisteredBuffer } from "../buffer/registered-buffer.js";
import type { PathId } from "../engine/events.js";
import type { RmaOffer } from "../negotiate/transport-choice.js";
import type { Id64 } from "../wire/id64.js";

/**
 * Bytes that one key covers: keys of one NIC name the regions of a buffer in order, and all but the last are this long.
 *
 * @see docs/decisions/0106-reading-memory.md
 */
export const RMA_REGION_BYTES = 4_194_304;

/** What opens one region of a buffer to its readers. spec/dcquic.md §17.4 */
export interface RmaKey {
  /** Index of the NIC. */
  readonly nic: number;
  /** Number of the provider. */
  readonly provider: number;
  /** The remote key. */
  readonly rkey: Id64;
  /** What an offset is added to. */
  readonly base: Id64;
}

/** A path as memory access sees it. */
export interface RmaPath {
  /** Its number. */
  readonly id: PathId;
  /** How the peer's memory can be read, as its HELLO says. */
  readonly rmaOffers: readonly RmaOffer[];
}

/** Bytes of a transfer that are to be read from the announcer's memory. */
export interface RmaRead {
  /** The path. */
  readonly path: PathId;
  /** The transfer here. */
  readonly transfer: Id64;
  /** The pull that this is the answer to. */
  readonly pullSeq: number;
  /** Where they begin in the message; wire bytes. */
  readonly wireOffset: number;
  /** How many. */
  readonly length: number;
  /** Where they begin in the region. */
  readonly regionOffset: number;
  /** What opens the region. */
  readonly key: RmaKey;
}

/**
 * Memory of peers, read without their programs taking part. A driver lends it to its engine, and tells what became of reads
 * by `rmaArrived` and `rmaFailed`.
 *
 * A key is no access control: only ciphertext is ever offered, and what is read counts once its records verify.
 *
 * @see spec/dcquic.md §16.3
 */
export interface RmaPort {
  /** Opens a filled buffer to the peer of a path, until it is withdrawn as often. Empty where that cannot be. */
  offer(path: RmaPath, buffer: RegisteredBuffer): readonly RmaKey[];
  /** Ends an offer; where it failed, or its reader gave up a read, only once no late one can be under way. */
  withdraw(nowUs: number, buffer: RegisteredBuffer, how: "drained" | "failed"): void;
  /** Starts to read, or says that it cannot now. */
  read(nowUs: number, path: RmaPath, read: RmaRead): boolean;
}
