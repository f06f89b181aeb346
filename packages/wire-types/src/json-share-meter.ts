const SECOND_US = 1_000_000;

/** Length of the window. spec/xcp.md §15.4 */
const WINDOW_SECONDS = 60;

/** The window holds this much before a share means anything. spec/xcp.md §15.4 */
const ALARM_FROM_BYTES = 1_048_576;

/** A larger share raises the alarm. spec/xcp.md §15.4 */
const ALARM_ABOVE_SHARE = 0.01;

/** What the window held when too much of the traffic was JSON. spec/xcp.md §15.4 */
export interface JsonOveruse {
  /** JSON bytes / all bytes. */
  readonly share: number;
  /** JSON bytes. */
  readonly jsonBytes: number;
  /** All bytes. */
  readonly totalBytes: number;
}

/**
 * Measures how much of one direction's DATA payload was JSON over the last 60 seconds, in bytes on the wire.
 *
 * One bucket per second: the window is exact to a second and costs the same whatever the traffic. Keep one meter for each
 * direction of a connection, and one for each of the process.
 *
 * @see spec/xcp.md §15.4
 */
export class JsonShareMeter {
  readonly #json = new Float64Array(WINDOW_SECONDS);
  readonly #total = new Float64Array(WINDOW_SECONDS);
  #jsonBytes = 0;
  #totalBytes = 0;
  #second = 0;
  #alarmAllowedUs = 0;

  /**
   * Counts payload bytes on the wire; several payloads may be added up first.
   *
   * @param nowUs Monotonic microseconds.
   * @param jsonBytes Those of `bytes` that were JSON, whatever bodyCodec said.
   */
  add(nowUs: number, bytes: number, jsonBytes: number): void {
    this.#advance(nowUs);
    const slot = this.#second % WINDOW_SECONDS;
    this.#total[slot] = (this.#total[slot] ?? 0) + bytes;
    this.#totalBytes += bytes;
    this.#json[slot] = (this.#json[slot] ?? 0) + jsonBytes;
    this.#jsonBytes += jsonBytes;
  }

  /** The share of JSON in the window that ends at `nowUs`, 0..1; 0 without traffic. */
  share(nowUs: number): number {
    this.#advance(nowUs);
    return this.#totalBytes === 0 ? 0 : this.#jsonBytes / this.#totalBytes;
  }

  /** Tells whether `xcp.json_overuse` is due now, at most once a minute: what to say in it, or `undefined`. */
  alarm(nowUs: number): JsonOveruse | undefined {
    if (nowUs < this.#alarmAllowedUs) return undefined;
    const share = this.share(nowUs);
    if (share <= ALARM_ABOVE_SHARE || this.#totalBytes < ALARM_FROM_BYTES) return undefined;
    this.#alarmAllowedUs = nowUs + WINDOW_SECONDS * SECOND_US;
    return { share, jsonBytes: this.#jsonBytes, totalBytes: this.#totalBytes };
  }

  // Empties the buckets of the seconds that have passed since the last call.
  #advance(nowUs: number): void {
    const second = Math.floor(nowUs / SECOND_US);
    const passed = Math.min(second - this.#second, WINDOW_SECONDS);
    if (passed <= 0) return;
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
