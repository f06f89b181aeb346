import type { EngineEvent } from "../engine/events.js";

const HASH_PRIME = 0x01000193;

/** A number that any difference in any event, or in the order of events, changes. */
export class EventHash {
  readonly #number = new DataView(new ArrayBuffer(8));
  #hash = 0x811c9dc5;

  /** The number so far. */
  get value(): number {
    return this.#hash >>> 0;
  }

  /** Takes an event that a host tells, with everything that it says. */
  note(nowUs: number, host: number, event: EngineEvent): void {
    this.#mixNumber(nowUs);
    this.#mixNumber(host);
    this.#mixAny(event);
  }

  #mixAny(value: unknown): void {
    switch (typeof value) {
      case "number":
        return this.#mixNumber(value);
      case "string":
        return this.#mixText(value);
      case "boolean":
        return this.#mix(value ? 1 : 2);
      case "object":
        if (value instanceof Uint8Array) return this.#mixBytes(value);
        if (value !== null) return this.#mixFields(value);
        break;
      default:
    }
    this.#mix(3);
  }

  // In the order in which they were set, which is that of the code.
  #mixFields(fields: object): void {
    for (const [key, value] of Object.entries(fields)) {
      this.#mixText(key);
      this.#mixAny(value);
    }
  }

  // Every bit, so that fractions of a microsecond count, and words in one order on every machine.
  #mixNumber(value: number): void {
    this.#number.setFloat64(0, value, true);
    this.#mix(this.#number.getUint32(0, true));
    this.#mix(this.#number.getUint32(4, true));
  }

  #mixText(text: string): void {
    this.#mix(text.length);
    for (let i = 0; i < text.length; i++) this.#mix(text.charCodeAt(i));
  }

  #mixBytes(bytes: Uint8Array): void {
    const { length } = bytes;
    this.#mix(length);
    const words = new DataView(bytes.buffer, bytes.byteOffset, length);
    let at = 0;
    for (; at + 4 <= length; at += 4) this.#mix(words.getUint32(at, true));
    for (; at < length; at++) this.#mix(words.getUint8(at));
  }

  #mix(word: number): void {
    this.#hash = Math.imul(this.#hash ^ word, HASH_PRIME);
  }
}
