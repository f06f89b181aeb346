import { encodeUtf8Into, utf8Length } from "@proj/wire-types";

/** Below this many characters a loop beats the call into the text encoder. */
const SHORT_TEXT = 48;

/**
 * Writes Protobuf into a buffer of exactly the size that was measured before.
 *
 * The sizes of values are recorded while measuring and taken back in the same order while writing, so that nothing is
 * measured twice however deep it lies.
 */
export class ProtoWriter {
  readonly #sizes: number[] = [];
  #next = 0;
  #bytes = NOTHING;
  #at = 0;

  /** Keeps a place for a size in the order of writing. */
  reserve(): number {
    return this.#sizes.push(0) - 1;
  }

  /** Fills the place that {@link ProtoWriter.reserve} kept, and returns the size. */
  record(place: number, size: number): number {
    this.#sizes[place] = size;
    return size;
  }

  /** Takes back the next size. */
  size(): number {
    return this.#sizes[this.#next++] ?? 0;
  }

  /** Ends measuring: writing starts in a new buffer of `size` bytes. */
  start(size: number): void {
    this.#bytes = new Uint8Array(size);
    this.#at = 0;
    this.#next = 0;
  }

  /** Returns the buffer; it belongs to the caller. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes;
  }

  /** Writes one byte. */
  byte(value: number): void {
    this.#bytes[this.#at++] = value;
  }

  /** Writes an unsigned LEB128 integer, 0..2^53-1. */
  varint(value: number): void {
    let rest = value;
    while (rest > 0x7fff_ffff) {
      this.#bytes[this.#at++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest >= 0x80) {
      this.#bytes[this.#at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#at++] = rest;
  }

  /** Writes an unsigned LEB128 integer, 0..2^64-1. */
  bigVarint(value: bigint): void {
    let rest = value;
    while (rest >= 0x80n) {
      this.byte(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.byte(Number(rest));
  }

  /** Writes a 64-bit float. */
  f64(value: number): void {
    scratch.setFloat64(0, value, true);
    this.#bytes.set(scratchBytes, this.#at);
    this.#at += 8;
  }

  /** Copies `bytes`. */
  raw(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** Writes `text`, which takes `size` bytes as UTF-8, without its length. */
  text(text: string, size: number): void {
    if (size !== text.length || size >= SHORT_TEXT) {
      encodeUtf8Into(text, this.#bytes.subarray(this.#at, this.#at + size));
    } else {
      for (let i = 0; i < size; i++) this.#bytes[this.#at + i] = text.charCodeAt(i);
    }
    this.#at += size;
  }

  /** Writes the length of `text` and the text. */
  lengthAndText(text: string): void {
    const size = utf8Length(text);
    this.varint(size);
    this.text(text, size);
  }

  /** Hands the rest of the buffer to `write`, which fills `size` bytes at the offset it is given. */
  block(size: number, write: (into: Uint8Array, offset: number) => void): void {
    write(this.#bytes, this.#at);
    this.#at += size;
  }
}

// Shared by all writers that have not started: allocating an empty array each time shows in the encode time.
const NOTHING = new Uint8Array(0);

const scratchBytes = new Uint8Array(8);
const scratch = new DataView(scratchBytes.buffer);
