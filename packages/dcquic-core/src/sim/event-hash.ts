import type { EngineEvent } from "../engine/events.js";
import { formatId } from "../wire/id64.js";

const HASH_PRIME = 0x01000193;

/** A number that any difference in any event, or in the order of events, changes. */
export class EventHash {
  #hash = 0x811c9dc5;

  /** The number so far. */
  get value(): number {
    return this.#hash >>> 0;
  }

  /** Takes an event that a host tells. */
  note(nowUs: number, host: number, event: EngineEvent): void {
    this.#mix(Math.floor(nowUs * 1000));
    this.#mix(host);
    this.#mixText(event.kind);
    if ("transfer" in event) this.#mixText(formatId(event.transfer));
    if ("status" in event) this.#mix(event.status);
    if ("what" in event) this.#mixText(event.what);
    if ("state" in event) this.#mixText(event.state);
  }

  #mixText(text: string): void {
    for (let i = 0; i < text.length; i++) this.#mix(text.charCodeAt(i));
  }

  #mix(value: number): void {
    this.#hash = Math.imul(this.#hash ^ (value >>> 0), HASH_PRIME);
    this.#hash = Math.imul(this.#hash ^ Math.floor(value / 2 ** 32), HASH_PRIME);
  }
}
