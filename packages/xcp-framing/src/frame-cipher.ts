import { ChunkMemory } from "./chunk-memory.js";
import { Epoch, type KeySource, ROTATION_LIMITS, type RotationLimits } from "./epoch.js";
import { XcpError } from "./errors.js";
import { NonceGuard } from "./nonce-guard.js";
import { CRC_BYTES, Flag, type Profile, TAG_BYTES } from "./wire/constants.js";
import {
  aadOf,
  type Crc32c,
  defaultCrcOrder,
  encodeCrc,
  encodeFrameHead,
  type Frame,
} from "./wire/frame.js";
import type { ReceivedFrame } from "./wire/frame-event.js";
import type { Allocate } from "./wire/payload-buffer.js";

/** What a {@link FrameSealer} or a {@link FrameOpener} is made with; the key is copied. */
export interface FrameCipherOptions extends KeySource {
  /** The platform's memory. */
  readonly allocate?: Allocate | undefined;
  /** When epoch 0 begins. */
  readonly nowUs: number;
  /** Limits of an epoch, at most those of §12. */
  readonly rotation?: Partial<RotationLimits>;
}

// A receiver counts what is sent again too, a sealer does not: it leaves room for that.
const SEALER_SHARE = 0.95;
const AGE_TOLERANCE_US = 300_000_000;
const PREVIOUS_KEPT_US = 60_000_000;

/**
 * Encrypts the frames of one direction, and moves to the next epoch before the keys of one are used up.
 *
 * @see spec/xcp.md §12
 */
export class FrameSealer {
  readonly #source: KeySource;
  readonly #limits: RotationLimits;
  readonly #guard = new NonceGuard();
  readonly #allocate: Allocate;
  readonly #chunks: ChunkMemory;
  #epoch: Epoch;

  /** Starts in epoch 0. */
  constructor(options: FrameCipherOptions) {
    this.#source = keySourceOf(options);
    this.#allocate = options.allocate ?? zeroed;
    this.#chunks = new ChunkMemory(this.#allocate);
    this.#limits = {
      maxAgeUs: SEALER_SHARE * ROTATION_LIMITS.maxAgeUs,
      maxBytes: SEALER_SHARE * ROTATION_LIMITS.maxBytes,
      maxFrames: SEALER_SHARE * ROTATION_LIMITS.maxFrames,
      ...options.rotation,
    };
    this.#epoch = new Epoch(this.#source, 0, options.nowUs);
  }

  /** The epoch of the last frame. */
  get epoch(): number {
    return this.#epoch.number;
  }

  /**
   * Encrypts a frame whose payload is plaintext and returns the frame as it goes on the wire.
   *
   * CRYPT and KPHASE are added to its flags. A frame that is to be sent again is sent as these bytes, never sealed again.
   * Those of a message of several frames, which is never repeated in its epoch, may be `released`.
   *
   * @param chunkIndex Of the frame in its message, 0 when that has one frame.
   * @throws RangeError for msgId 0, and for a nonce that this epoch used before.
   */
  sealFrame(
    nowUs: number,
    profile: Profile,
    frame: Frame,
    chunkIndex: number,
    crc32c: Crc32c,
  ): Uint8Array {
    const { header, payload } = frame;
    const length = payload.length + TAG_BYTES;
    this.#rotateBefore(nowUs, length);
    this.#guard.claim(header, chunkIndex, (frame.flags & Flag.MORE) === 0 ? "last" : "more");
    const phase = this.#epoch.phase === 0 ? 0 : Flag.KPHASE;
    const flags = (frame.flags & ~Flag.KPHASE) | Flag.CRYPT | phase;
    const head = encodeFrameHead(profile, flags, header, length);
    const size = head.length + length + CRC_BYTES;
    const isChunk = chunkIndex > 0 || (flags & Flag.MORE) !== 0;
    const whole = isChunk ? this.#chunks.take(size) : this.#allocate(size);
    whole.set(head);
    const crcAt = head.length + length;
    const sealed = whole.subarray(head.length, crcAt);
    this.#epoch.seal(header, chunkIndex, aadOf(profile, whole), payload, sealed);
    whole.set(encodeCrc(crc32c(sealed), defaultCrcOrder(profile)), crcAt);
    return whole;
  }

  /** Takes back the frames among `parts` whose memory can be used again, because nothing refers to them any more. */
  released(parts: readonly Uint8Array[]): void {
    for (const part of parts) this.#chunks.giveBack(part);
  }

  /** Moves to the next epoch although the keys of this one are not used up, so that an id may be sealed anew. */
  rotate(nowUs: number): void {
    const next = new Epoch(this.#source, this.#epoch.number + 1, nowUs);
    this.#epoch.erase();
    this.#epoch = next;
    this.#guard.startEpoch();
  }

  /** Overwrites the keys. Nothing can be sealed any more. */
  erase(): void {
    this.#epoch.erase();
    this.#source.key.fill(0);
  }

  #rotateBefore(nowUs: number, bytes: number): void {
    const spent = this.#epoch.isSpent(nowUs, this.#limits, { frames: 1, bytes });
    // An epoch that sealed nothing yet has room for a frame of any size.
    const tooOld = nowUs - this.#epoch.beganUs >= this.#limits.maxAgeUs;
    if (spent && (!this.#epoch.unused || tooOld)) this.rotate(nowUs);
  }
}

/**
 * Decrypts the frames of one direction and follows its sender from epoch to epoch.
 *
 * The keys of the epoch before are kept for 60 s, because channels overtake each other; those of the next are used only
 * once a tag verified under them.
 *
 * @see spec/xcp.md §12
 */
export class FrameOpener {
  readonly #source: KeySource;
  readonly #limits: RotationLimits;
  readonly #allocate: Allocate;
  #epoch: Epoch;
  #previous: Epoch | undefined;
  #previousUntilUs = 0;
  #next: Epoch | undefined;

  /** Starts in epoch 0. */
  constructor(options: FrameCipherOptions) {
    this.#source = keySourceOf(options);
    this.#allocate = options.allocate ?? zeroed;
    const limits = { ...ROTATION_LIMITS, ...options.rotation };
    this.#limits = { ...limits, maxAgeUs: limits.maxAgeUs + AGE_TOLERANCE_US };
    this.#epoch = new Epoch(this.#source, 0, options.nowUs);
  }

  /** The latest epoch under which a tag verified. */
  get epoch(): number {
    return this.#epoch.number;
  }

  /**
   * Decrypts a frame's payload. Nothing of it is given out unless its tag verifies.
   *
   * @param chunkIndex Of {@link ChunkAssembler.indexOf}; 0 for control frames.
   * @param into Where the plaintext goes, of just its length; new memory where it is absent.
   * @throws XcpError `xcp.decrypt_failed`, which the caller counts; `xcp.key_expired`
   */
  open(nowUs: number, frame: ReceivedFrame, chunkIndex: number, into?: Uint8Array): Uint8Array {
    if (this.#previous !== undefined && nowUs >= this.#previousUntilUs) this.#forgetPrevious();
    const { header, payload } = frame;
    if (header.msgId === 0) throw failed("an encrypted frame without msgId");
    if (payload.length < TAG_BYTES) throw failed(`${payload.length} bytes cannot hold a tag`);
    const phase = (frame.flags & Flag.KPHASE) === 0 ? 0 : 1;
    const plaintext = into ?? plainView(this.#allocate(payload.length - TAG_BYTES));
    const opened =
      phase === this.#epoch.phase
        ? this.#tryOpen(nowUs, this.#epoch, frame, chunkIndex, plaintext)
        : this.#openOther(nowUs, frame, chunkIndex, plaintext);
    if (!opened) throw failed(`no key of epoch ${this.#epoch.number} or next to it fits`);
    return plaintext;
  }

  /** Overwrites the keys. Nothing can be opened any more. */
  erase(): void {
    this.#epoch.erase();
    this.#forgetPrevious();
    this.#next?.erase();
    this.#source.key.fill(0);
  }

  // KPHASE differs from the current epoch's: the one before, then the one after.
  #openOther(nowUs: number, frame: ReceivedFrame, chunkIndex: number, into: Uint8Array): boolean {
    const previous = this.#previous;
    if (previous !== undefined && this.#tryOpen(nowUs, previous, frame, chunkIndex, into)) {
      return true;
    }
    this.#next ??= new Epoch(this.#source, this.#epoch.number + 1, nowUs);
    if (!this.#next.open(frame.header, chunkIndex, frame.aad, frame.payload, into)) return false;
    this.#advance(nowUs, this.#next);
    return true;
  }

  // One frame may pass a limit, as the sender's count and this one differ by what is on the way; the second is refused.
  #tryOpen(
    nowUs: number,
    epoch: Epoch,
    frame: ReceivedFrame,
    chunkIndex: number,
    into: Uint8Array,
  ): boolean {
    const spent = epoch.isSpent(nowUs, this.#limits, { frames: 0, bytes: 0 });
    const opened = epoch.open(frame.header, chunkIndex, frame.aad, frame.payload, into);
    if (!opened || !spent) return opened;
    throw new XcpError("xcp.key_expired", `epoch ${epoch.number} is past its limits`);
  }

  #advance(nowUs: number, next: Epoch): void {
    this.#forgetPrevious();
    this.#previous = this.#epoch;
    this.#previousUntilUs = nowUs + PREVIOUS_KEPT_US;
    next.beganUs = nowUs;
    this.#epoch = next;
    this.#next = undefined;
  }

  #forgetPrevious(): void {
    this.#previous?.erase();
    this.#previous = undefined;
  }
}

function keySourceOf(options: FrameCipherOptions): KeySource {
  const { crypto, salt, direction } = options;
  return { crypto, salt, direction, key: new Uint8Array(options.key) };
}

function failed(message: string): XcpError {
  return new XcpError("xcp.decrypt_failed", message);
}

function zeroed(bytes: number): Uint8Array {
  return new Uint8Array(bytes);
}

// Whatever subclass the platform's memory is of: the application gets this.
function plainView({ buffer, byteOffset, length }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, length);
}
