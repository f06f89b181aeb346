import { formatHex, parseHex, type RandomSource } from "@proj/wire-types";
import { RecentMap } from "../sched/recent-map.js";
import type { CryptoBackend, PacketAead } from "./backend.js";

const DATA_KEY_BYTES = 32;
const KEY_HASH_BYTES = 16;
const CACHED_SCHEDULES = 4096;
const POOLED_MESSAGES = 2 ** 20;
const POOLED_LIFE_US = 3_600_000_000;

/** A data key and the number of a message under it. */
export interface NumberedDataKey {
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** No two messages of a key share it. */
  readonly messageNumber: number;
}

/** A data key ready to seal one message. */
export interface SealingKey extends NumberedDataKey {
  /** Its cipher. */
  readonly aead: PacketAead;
}

/** Draws a data key for one buffer, whose message number is 0. spec/dcquic.md §7.3 */
export function drawDataKey(random: RandomSource): NumberedDataKey {
  return { key: random.fill(new Uint8Array(DATA_KEY_BYTES)), messageNumber: 0 };
}

/** The first 16 bytes of SHA-256 of a data key, by which RETIRE_DATA_KEY names it. §7.4 */
export function dataKeyHash(crypto: CryptoBackend, key: Uint8Array): Uint8Array {
  return crypto.sha256([key]).slice(0, KEY_HASH_BYTES);
}

/**
 * Numbers many small messages to one peer under one data key, which is replaced after 2^20 messages or an hour.
 *
 * Never share it between peers: every recipient can read everything under it. §7.3
 */
export class DataKeyPool {
  readonly #random: RandomSource;
  readonly #crypto: CryptoBackend;
  #current: Omit<SealingKey, "messageNumber"> | undefined;
  #sinceUs = 0;
  #messages = 0;

  /** Draws keys from `random`, for ciphers of `crypto`. */
  constructor(random: RandomSource, crypto: CryptoBackend) {
    this.#random = random;
    this.#crypto = crypto;
  }

  /** Gives the next message its key and number. */
  next(nowUs: number): SealingKey {
    if (this.#messages >= POOLED_MESSAGES || nowUs - this.#sinceUs >= POOLED_LIFE_US) {
      this.#current = undefined;
    }
    if (this.#current === undefined) {
      const { key } = drawDataKey(this.#random);
      this.#current = { key, aead: this.#crypto.aead(key) };
      this.#sinceUs = nowUs;
      this.#messages = 0;
    }
    return { ...this.#current, messageNumber: this.#messages++ };
  }
}

/** Remembers the ciphers of the data keys that were used last, up to 4096. §7.3 */
export class DataKeyCache {
  readonly #crypto: CryptoBackend;
  // The oldest is the one unused for longest.
  readonly #byKey: RecentMap<string, PacketAead>;

  /** Starts empty. */
  constructor(crypto: CryptoBackend, capacity: number = CACHED_SCHEDULES) {
    this.#crypto = crypto;
    this.#byKey = new RecentMap(capacity);
  }

  /** How many ciphers are remembered. */
  get size(): number {
    return this.#byKey.size;
  }

  /** The cipher of a data key. */
  aead(key: Uint8Array): PacketAead {
    const name = formatHex(key);
    const known = this.#byKey.get(name);
    const cipher = known ?? this.#crypto.aead(key);
    this.#byKey.renew(name, cipher);
    return cipher;
  }

  /** Obeys an authenticated RETIRE_DATA_KEY; `false` when no key has that hash. */
  retire(hash: Uint8Array): boolean {
    for (const name of this.#byKey.keys()) {
      if (!this.#crypto.equal(dataKeyHash(this.#crypto, parseHex(name)), hash)) continue;
      return this.#byKey.delete(name);
    }
    return false;
  }
}
