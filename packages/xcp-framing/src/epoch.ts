import { deriveKeys, deriveNonce, type Direction } from "./key-schedule.js";
import type { Aead, CryptoProvider } from "./platform.js";
import type { FrameHeader } from "./wire/header.js";

/** How much one epoch's keys may be used. spec/xcp.md §12 */
export interface RotationLimits {
  /** Since the epoch began. */
  readonly maxAgeUs: number;
  /** Payload bytes on the wire. */
  readonly maxBytes: number;
  /** Frames. */
  readonly maxFrames: number;
}

/** 24 h, 2 · 10^9 bytes, 2^32 frames. spec/xcp.md §12 */
export const ROTATION_LIMITS: RotationLimits = {
  maxAgeUs: 86_400_000_000,
  maxBytes: 2_000_000_000,
  maxFrames: 4_294_967_296,
};

/** What the keys of every epoch come from. */
export interface KeySource {
  /** The platform's cryptography. */
  readonly crypto: CryptoProvider;
  /** K, 32 bytes. */
  readonly key: Uint8Array;
  /** The session's salt, of {@link deriveSalt}. */
  readonly salt: Uint8Array;
  /** Which way the frames travel. */
  readonly direction: Direction;
}

/** One epoch of one direction: its keys and how much they were used. */
export class Epoch {
  /** Counted from 0; its parity is KPHASE. */
  readonly number: number;
  /** When it began: set again when an epoch that was derived ahead takes over. */
  beganUs: number;
  readonly #crypto: CryptoProvider;
  readonly #aeadKey: Uint8Array;
  readonly #nonceKey: Uint8Array;
  readonly #aead: Aead;
  #erased = false;
  #bytes = 0;
  #frames = 0;

  /** Derives the keys. */
  constructor(source: KeySource, number: number, nowUs: number) {
    const { crypto, key, salt, direction } = source;
    const { aeadKey, nonceKey } = deriveKeys(crypto, key, salt, direction, number);
    this.number = number;
    this.beganUs = nowUs;
    this.#crypto = crypto;
    this.#aeadKey = aeadKey;
    this.#nonceKey = nonceKey;
    this.#aead = crypto.chacha20Poly1305(aeadKey);
  }

  /** KPHASE of its frames: 0 or 1. */
  get phase(): number {
    return this.number % 2;
  }

  /** Whether nothing was sealed or opened yet. */
  get unused(): boolean {
    return this.#frames === 0;
  }

  /** Whether the keys reached a limit, or would with `frames` more of `bytes` in all. */
  isSpent(
    nowUs: number,
    limits: RotationLimits,
    more: { readonly frames: number; readonly bytes: number },
  ): boolean {
    return (
      nowUs - this.beganUs >= limits.maxAgeUs ||
      this.#bytes + more.bytes > limits.maxBytes ||
      this.#frames + more.frames > limits.maxFrames
    );
  }

  /** Encrypts one chunk to `into` and counts it. The caller sees to it that the nonce is not used twice. */
  seal(
    header: FrameHeader,
    chunkIndex: number,
    aad: Uint8Array,
    plaintext: Uint8Array,
    into: Uint8Array,
  ): void {
    if (this.#erased) throw new TypeError("the keys were erased");
    const nonce = deriveNonce(this.#crypto, this.#nonceKey, header, chunkIndex);
    this.#aead.seal(nonce, aad, plaintext, into);
    this.#count(into.length);
  }

  /** Decrypts one chunk to `into` and counts it; `false` when its tag does not verify. */
  open(
    header: FrameHeader,
    chunkIndex: number,
    aad: Uint8Array,
    sealed: Uint8Array,
    into: Uint8Array,
  ): boolean {
    if (this.#erased) return false;
    const nonce = deriveNonce(this.#crypto, this.#nonceKey, header, chunkIndex);
    const opened = this.#aead.open(nonce, aad, sealed, into);
    if (opened) this.#count(sealed.length);
    return opened;
  }

  /** Overwrites the keys: nothing is opened any more, and to seal is a mistake. */
  erase(): void {
    this.#erased = true;
    this.#aead.erase();
    this.#aeadKey.fill(0);
    this.#nonceKey.fill(0);
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    this.#frames++;
  }
}
