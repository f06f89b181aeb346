import { CodecId } from "@proj/wire-types";

/** Length of the window. spec/xcp.md §15.4 */
const WINDOW_SECONDS = 60;

/** The window holds this much before a share means anything. spec/xcp.md §15.4 */
const ALARM_FROM_BYTES = 1_048_576;

/** A larger share raises the alarm. spec/xcp.md §15.4 */
const ALARM_ABOVE_SHARE = 0.01;

/** Raised when too much of the traffic is JSON. spec/xcp.md §15.4 */
export interface JsonOveruse {
  /** The event's name. */
  readonly name: "xcp.json_overuse";
  /** JSON bytes / all bytes in the window. */
  readonly share: number;
  /** JSON bytes in the window. */
  readonly jsonBytes: number;
  /** All bytes in the window. */
  readonly totalBytes: number;
}

/**
 * Measures how much of one direction's DATA payload is JSON over the last 60 seconds, in bytes on the wire.
 *
 * The window slides in steps of one second. Keep one meter for each direction of a connection and one for the process.
 *
 * @see spec/xcp.md §15.4
 */
export class JsonShareMeter {
  readonly #json = new Float64Array(WINDOW_SECONDS);
  readonly #total = new Float64Array(WINDOW_SECONDS);
  #second = Number.NEGATIVE_INFINITY;
  #jsonBytes = 0;
  #totalBytes = 0;
  #alarmedUs = Number.NEGATIVE_INFINITY;

  /**
   * Counts one payload, and tells when the alarm is due: at most once a minute.
   *
   * @param nowUs Monotonic microseconds.
   * @param bodyCodec The codec that the body really has: JSON text inside bodyCodec 8 counts as JSON.
   * @param bytes Payload bytes on the wire.
   */
  record(nowUs: number, bodyCodec: number, bytes: number): JsonOveruse | undefined {
    this.#advance(nowUs);
    const slot = this.#second % WINDOW_SECONDS;
    this.#total[slot] = (this.#total[slot] ?? 0) + bytes;
    this.#totalBytes += bytes;
    if (bodyCodec === CodecId.JSON) {
      this.#json[slot] = (this.#json[slot] ?? 0) + bytes;
      this.#jsonBytes += bytes;
    }
    const share = this.#jsonBytes / this.#totalBytes;
    if (this.#totalBytes < ALARM_FROM_BYTES || !(share > ALARM_ABOVE_SHARE)) return undefined;
    if (nowUs - this.#alarmedUs < WINDOW_SECONDS * 1_000_000) return undefined;
    this.#alarmedUs = nowUs;
    return {
      name: "xcp.json_overuse",
      share,
      jsonBytes: this.#jsonBytes,
      totalBytes: this.#totalBytes,
    };
  }

  /** The share of JSON in the window that ends at `nowUs`, 0..1; 0 without traffic. */
  share(nowUs: number): number {
    this.#advance(nowUs);
    return this.#totalBytes === 0 ? 0 : this.#jsonBytes / this.#totalBytes;
  }

  // Empties the slots of the seconds that have passed since the last call.
  #advance(nowUs: number): void {
    const second = Math.floor(nowUs / 1_000_000);
    const passed = Math.min(second - this.#second, WINDOW_SECONDS);
    if (!(passed > 0)) return;
    for (let i = 0; i < passed; i++) {
      const slot = (second - i) % WINDOW_SECONDS;
      this.#jsonBytes -= this.#json[slot] ?? 0;
      this.#totalBytes -= this.#total[slot] ?? 0;
      this.#json[slot] = 0;
      this.#total[slot] = 0;
    }
    this.#second = second;
  }
}
