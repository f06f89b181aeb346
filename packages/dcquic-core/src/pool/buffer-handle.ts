import type { RegisteredBuffer } from "../buffer/registered-buffer.js";
import type { SealingKey } from "../crypto/data-keys.js";
import { PayloadMode } from "../wire/constants.js";
import type { PoolBuffers } from "./pool-port.js";
import { RecordSealer, type SealingSurroundings } from "./record-sealer.js";

/** Notices what its owner lost without giving it back. */
export interface HandleWatch {
  /** Calls `release`, which must not refer to `handle`, when nobody can reach `handle` any more. */
  watch(handle: object, release: () => void): void;
  /** Its owner gave it back. */
  forget(handle: object): void;
}

const BINDING_BYTES = 16;

/**
 * A buffer that is written once and sent any number of times: its bytes are encrypted while they are written, under a key of
 * its own.
 *
 * ```
 * allocated ─write / writeEncrypted─▶ writing ─fill─▶ filled ─drop, and every transfer over─▶ released
 * ```
 *
 * @see spec/dcquic.md §8.3
 */
export class BufferHandle {
  /** Plain bytes it holds; of a buffer that is written encrypted, wire bytes. */
  readonly size: number;
  readonly #buffers: PoolBuffers;
  readonly #buffer: RegisteredBuffer;
  readonly #sealer: RecordSealer;
  #encrypted: { written: number; binding: Uint8Array } | undefined;
  #watch: HandleWatch | undefined;
  #isDropped = false;

  /** Wraps a buffer that was just allocated; `key` is for what goes to one peer only. */
  constructor(
    buffer: RegisteredBuffer,
    size: number,
    surroundings: SealingSurroundings,
    key?: SealingKey,
  ) {
    this.#buffers = surroundings.buffers;
    this.#buffer = buffer;
    this.size = size;
    this.#sealer = new RecordSealer(buffer, size, surroundings, key);
  }

  /** The registered buffer, for announcing. @throws TypeError once the handle is dropped. */
  get registered(): RegisteredBuffer {
    if (this.#isDropped) throw new TypeError("the handle is dropped");
    return this.#buffer;
  }

  /** Whether it can be sent. */
  get isFilled(): boolean {
    return this.#buffer.state === "filled";
  }

  /**
   * Appends plain bytes. They are encrypted now: they may change afterwards.
   *
   * @throws RangeError for more than the buffer holds.
   */
  write(plain: Uint8Array): this {
    if (this.#encrypted !== undefined) throw new TypeError("the buffer holds encrypted bytes");
    this.#sealer.write(plain);
    return this;
  }

  /**
   * Appends bytes that the application encrypted itself and that travel as they are. `binding` is 16 bytes by which it can
   * recognise them; that of the last call counts.
   */
  writeEncrypted(bytes: Uint8Array, binding: Uint8Array): this {
    if (this.#sealer.written > 0) throw new TypeError("the buffer holds plain bytes");
    if (binding.length !== BINDING_BYTES) throw new RangeError(`${binding.length} binding bytes`);
    const written = this.#encrypted?.written ?? 0;
    if (written + bytes.length > this.size) {
      throw new RangeError(`${written + bytes.length} bytes into a buffer of ${this.size}`);
    }
    this.#buffers.write(this.#buffer, written, bytes);
    this.#encrypted = { written: written + bytes.length, binding: binding.slice() };
    return this;
  }

  /** Ends writing. @throws RangeError unless the buffer is full. */
  fill(): this {
    if (this.#encrypted === undefined) {
      this.#sealer.fill();
      return this;
    }
    const { written, binding } = this.#encrypted;
    if (written !== this.size) throw new RangeError(`${written} bytes of ${this.size} written`);
    this.#buffers.fill(this.#buffer, {
      protection: PayloadMode.PreEncrypted,
      recordLog2: 0,
      totalBytes: this.size,
      binding,
      dataKey: undefined,
      messageNumber: 0,
    });
    return this;
  }

  /** Another handle on the same bytes, which must be dropped too. @throws TypeError before the buffer is filled. */
  clone(): BufferHandle {
    this.#buffers.retain(this.registered);
    const clone = new BufferHandle(this.#buffer, this.size, this.#sealer.surroundings);
    return this.#watch === undefined ? clone : clone.watchedBy(this.#watch);
  }

  /** Has `watch` give it back if it is forgotten; returns this. */
  watchedBy(watch: HandleWatch): this {
    this.#watch = watch;
    watch.watch(this, releaseOf(this.#buffers, this.#buffer));
    return this;
  }

  /** Keeps the bytes until the function that it returns is called. @throws TypeError before the buffer is filled. */
  hold(): () => void {
    this.#buffers.retain(this.registered);
    return releaseOf(this.#buffers, this.#buffer);
  }

  /** Gives the handle back; transfers that run keep the bytes. Harmless the second time. */
  drop(): void {
    if (this.#isDropped) return;
    this.#isDropped = true;
    this.#watch?.forget(this);
    this.#buffers.release(this.#buffer);
  }
}

// Outside of the class: it must not keep the handle alive.
function releaseOf(buffers: PoolBuffers, buffer: RegisteredBuffer): () => void {
  return () => buffers.release(buffer);
}
