import { available, type Capability, missing } from "../capability.js";
import { NativeIoError } from "../errors.js";
import type {
  AeadAlgorithm,
  AeadBatch,
  BatchCrypto,
  KeyRing,
  KeyRingOptions,
} from "./batch-crypto.js";
import { checkKey, checkRows, checkSlot, checkSlots } from "./key-checks.js";

/** What native/crypto.cc exports. A ring is an object only the addon looks into. */
export interface CryptoAddon {
  openssl(): readonly [version: string, lack: string];
  multiBuffer(path: string): readonly [version: string, lack: string];
  createRing(slots: number, multiBuffer: boolean, path: string): object;
  setKey(ring: object, slot: number, algorithm: number, key: Uint8Array, iv: Uint8Array): number;
  dropKey(ring: object, slot: number): void;
  dropAll(ring: object): void;
  seal(ring: object, wire: Uint8Array, plain: Uint8Array, meta: Int32Array, count: number): number;
  open(ring: object, wire: Uint8Array, plain: Uint8Array, meta: Int32Array, count: number): number;
}

// The numbers of native/aead.h.
const ALGORITHMS = { "aes-128-gcm": 0, "aes-256-gcm": 1, "chacha20-poly1305": 2 } as const;

/** Batches by the OpenSSL of the running Node, or by the multi-buffer library. */
export class NativeCrypto implements BatchCrypto {
  readonly #addon: CryptoAddon;
  readonly #library: string | undefined;

  /**
   * `addon` is the object that native/crypto.cc fills.
   *
   * @param library Path of the multi-buffer library, "" for the system's places, `undefined` to leave it alone.
   */
  constructor(addon: CryptoAddon, library: string | undefined) {
    this.#addon = addon;
    this.#library = library;
  }

  /** Loads the multi-buffer library and tests it against OpenSSL, the first time. */
  capabilities(): readonly Capability[] {
    const [openssl, lack] = this.#addon.openssl();
    return [
      lack === ""
        ? available("crypto.openssl", openssl)
        : missing("crypto.openssl", lack, "packets are encrypted one call each, by node:crypto"),
      this.#multiBuffer(),
    ];
  }

  /** Keys of either engine live outside JavaScript's heap. */
  createKeyRing(slots: number, options: KeyRingOptions = {}): KeyRing {
    checkSlots(slots);
    const [openssl, lack] = this.#addon.openssl();
    if (lack !== "") throw new NativeIoError("native_io.unsupported", lack);
    const wide = options.engine === "openssl" ? missingEngine : this.#multiBuffer();
    const ring = this.#addon.createRing(slots, wide.available, this.#library ?? "");
    return new NativeKeyRing(this.#addon, ring, slots, wide.available ? wide.reason : openssl);
  }

  #multiBuffer(): Capability {
    if (this.#library === undefined) return missingEngine;
    const [version, lack] = this.#addon.multiBuffer(this.#library);
    if (lack === "") return available("crypto.multi_buffer", version);
    return missing("crypto.multi_buffer", lack, COST);
  }
}

const COST = "AES-GCM runs at the speed of this Node's OpenSSL";
const missingEngine = missing("crypto.multi_buffer", "not asked for", COST);

class NativeKeyRing implements KeyRing {
  readonly engine: string;
  readonly #addon: CryptoAddon;
  readonly #ring: object;
  readonly #slots: number;
  #open = true;

  constructor(addon: CryptoAddon, ring: object, slots: number, engine: string) {
    this.#addon = addon;
    this.#ring = ring;
    this.#slots = slots;
    this.engine = engine;
  }

  setKey(slot: number, algorithm: AeadAlgorithm, key: Uint8Array, iv: Uint8Array): void {
    const ring = this.#live();
    checkSlot(slot, this.#slots);
    checkKey(algorithm, key, iv);
    if (this.#addon.setKey(ring, slot, ALGORITHMS[algorithm], key, iv) === 1) return;
    throw new NativeIoError("native_io.unsupported", `this OpenSSL lacks ${algorithm}`);
  }

  dropKey(slot: number): void {
    const ring = this.#live();
    checkSlot(slot, this.#slots);
    this.#addon.dropKey(ring, slot);
  }

  seal(batch: AeadBatch, count: number): number {
    checkRows(batch, count);
    return this.#addon.seal(this.#live(), batch.wire, batch.plain, batch.meta, count);
  }

  open(batch: AeadBatch, count: number): number {
    checkRows(batch, count);
    return this.#addon.open(this.#live(), batch.wire, batch.plain, batch.meta, count);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#addon.dropAll(this.#ring);
  }

  #live(): object {
    if (this.#open) return this.#ring;
    throw new NativeIoError("native_io.closed", "the ring of keys is closed");
  }
}
