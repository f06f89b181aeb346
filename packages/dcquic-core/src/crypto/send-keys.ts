import { DcquicError } from "../errors.js";
import { HEADER_BYTES, TAG_BYTES } from "../wire/constants.js";
import type { PacketHeader } from "../wire/packet-header.js";
import type { PacketBatch } from "./packet-batch.js";
import { type ControlKey, controlKeyOf, type ControlKeySource } from "./packet-protection.js";

/** When a key is used up. */
export interface RotationLimits {
  /** Packets after which the next key begins. */
  readonly packets: number;
  /** Bytes after which the next key begins. */
  readonly bytes: number;
}

/** Rotation at 2^23 packets or 2^36 bytes, whichever comes first. spec/dcquic.md §7.3, D-6 */
export const DEFAULT_ROTATION: RotationLimits = { packets: 2 ** 23, bytes: 2 ** 36 };

const HARD_STOP_PACKETS = 2 ** 24;
const MAX_KEY_ID = 2 ** 32 - 1;
const REHANDSHAKE_KEY_ID = 2 ** 32 - 2 ** 16;
const MAX_STALE_JUMP = 2 ** 20;

/**
 * Seals the packets of one worker on one path: numbers them, and moves to the next key before one is used up.
 *
 * Numbers never repeat and never restart, so no nonce is used twice, whatever becomes of the packet.
 *
 * @see spec/dcquic.md §7.3
 */
export class SendKeys {
  readonly #source: ControlKeySource;
  readonly #rotation: RotationLimits;
  #key: ControlKey;
  #nextNumber: number;
  #packets = 0;
  #bytes = 0;
  #rotations = 0;

  /** Starts with `keyId` and `packetNumber`, 0 but for a successor that goes on after a failed worker. */
  constructor(
    source: ControlKeySource,
    rotation: RotationLimits = DEFAULT_ROTATION,
    { keyId = 0, packetNumber = 0 }: { keyId?: number; packetNumber?: number } = {},
  ) {
    if (!(rotation.packets >= 1) || rotation.packets >= HARD_STOP_PACKETS) {
      throw new RangeError(`rotation after ${rotation.packets} packets`);
    }
    this.#source = source;
    this.#rotation = rotation;
    this.#key = controlKeyOf(source, keyId);
    this.#nextNumber = packetNumber;
  }

  /** The current key's number. */
  get keyId(): number {
    return this.#key.keyId;
  }

  /** The number the next packet will have. */
  get nextPacketNumber(): number {
    return this.#nextNumber;
  }

  /** How often the key changed. */
  get rotations(): number {
    return this.#rotations;
  }

  /** Whether there is no key for a further packet: the worker stops sending on the path. */
  get isExhausted(): boolean {
    return this.#key.keyId === MAX_KEY_ID && this.#isSpent();
  }

  /** Whether key ids run out, so that a new path secret is needed. */
  get needsRehandshake(): boolean {
    return this.#key.keyId >= REHANDSHAKE_KEY_ID;
  }

  /**
   * Takes the next packet number and the key it will be sealed under. A number once taken is gone.
   *
   * @throws DcquicError `dcquic.key_exhausted` when there is no further key.
   */
  assign(header: PacketHeader): void {
    if (this.#isSpent()) this.#moveTo(this.#key.keyId + 1);
    header.keyId = this.#key.keyId;
    header.packetNumber = this.#nextNumber;
    this.#nextNumber += 1;
  }

  /** How many packets of so many bytes the current key still takes. */
  burst(packetBytes: number): number {
    const bytes = Math.ceil((this.#rotation.bytes - this.#bytes) / packetBytes);
    return Math.max(0, Math.min(this.#rotation.packets - this.#packets, bytes));
  }

  /** Seals the packet at `offset` whose header {@link SendKeys.assign} completed, before the next is assigned. */
  seal(bytes: Uint8Array, view: DataView, offset: number, header: PacketHeader): void {
    this.#count(header, 1);
    this.#key.seal(bytes, view, offset, header);
  }

  /** Has such a packet sealed with others, under the key it was assigned. */
  sealLater(
    batch: PacketBatch,
    bytes: Uint8Array,
    view: DataView,
    offset: number,
    header: PacketHeader,
  ): void {
    this.#count(header, 1);
    this.#key.sealLater(batch, bytes, view, offset, header);
  }

  /** Has `count` packets sealed that are like the one before but for their numbers; see {@link ControlKey.sealNext}. */
  sealNext(
    batch: PacketBatch,
    bytes: Uint8Array,
    view: DataView,
    offset: number,
    header: PacketHeader,
    strideBytes: number,
    count: number,
  ): void {
    this.#count(header, count);
    this.#key.sealNext(batch, bytes, view, offset, header, strideBytes, count);
  }

  /**
   * Obeys an authenticated STALE_KEY: the next packets use `minKeyId` or a later key. Returns `false` for a jump above
   * 2^20, which is ignored.
   *
   * @see spec/dcquic.md §7.4
   */
  raiseTo(minKeyId: number): boolean {
    if (minKeyId <= this.#key.keyId) return true;
    if (minKeyId - this.#key.keyId > MAX_STALE_JUMP) return false;
    this.#moveTo(minKeyId);
    return true;
  }

  #count({ payloadLength }: PacketHeader, count: number): void {
    this.#packets += count;
    this.#bytes += count * (HEADER_BYTES + payloadLength + TAG_BYTES);
  }

  #isSpent(): boolean {
    return this.#packets >= this.#rotation.packets || this.#bytes >= this.#rotation.bytes;
  }

  #moveTo(keyId: number): void {
    if (keyId > MAX_KEY_ID) {
      throw new DcquicError("dcquic.key_exhausted", `key id ${keyId} does not exist`);
    }
    this.#key = controlKeyOf(this.#source, keyId);
    this.#packets = 0;
    this.#bytes = 0;
    this.#rotations += 1;
  }
}
