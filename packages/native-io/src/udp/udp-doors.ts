import { NativeIoError } from "../errors.js";
import type { UdpAddon } from "./native-udp.js";

// The words around a call, as native/udp.cc numbers them.
const SLOT = 0;
const GENERATION = 1;
const COUNT = 2;
const RESULT = 3;
const WORDS = 4;

// How native/udp.cc packs both into one handle.
const SLOTS = 1024;

/**
 * The two calls that are made all the time.
 *
 * They take no arguments and return nothing, which Node-API charges least for: what they are to do, and what came of it,
 * stands in shared memory. All sockets use the same two functions, so that the engine may call them directly.
 */
export class UdpDoors {
  readonly #words = new Int32Array(new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT));
  readonly #receive: () => void;
  readonly #transmit: () => void;

  /** One for all sockets of an addon. */
  constructor(addon: UdpAddon) {
    [this.#receive, this.#transmit] = addon.doors(this.#words);
  }

  /** Receives for `handle`; the number of rows. */
  receive(handle: number): number {
    this.#name(handle);
    this.#receive();
    return this.#answer();
  }

  /** Transmits for `handle`; the number of rows that are done with. */
  transmit(handle: number, messages: number): number {
    this.#name(handle);
    this.#words[COUNT] = messages;
    this.#transmit();
    return this.#answer();
  }

  #name(handle: number): void {
    this.#words[SLOT] = handle % SLOTS;
    this.#words[GENERATION] = Math.floor(handle / SLOTS);
  }

  #answer(): number {
    const result = this.#words[RESULT] ?? -1;
    if (result < 0) throw new NativeIoError("native_io.closed", "the UDP socket is closed");
    return result;
  }
}
