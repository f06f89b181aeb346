const SECOND_US = 1_000_000;
const WINDOW_SECONDS = 60;
const ALARM_SHARE = 0.01;
const ALARM_MIN_BYTES = 1024 * 1024;

/**
 * Measures which part of the DATA bytes of the last 60 s was JSON, in one direction.
 *
 * One bucket per second, so the window is exact to a second and costs the same whatever the traffic.
 *
 * @see spec/xcp.md §15.4
 */
export class CodecShare {
  readonly #json = new Float64Array(WINDOW_SECONDS);
  readonly #all = new Float64Array(WINDOW_SECONDS);
  #jsonBytes = 0;
  #allBytes = 0;
  #second = 0;
  #alarmAllowedUs = 0;

  /** Counts `bytes` of DATA payloads on the wire, of which `jsonBytes` were JSON. */
  add(nowUs: number, bytes: number, jsonBytes: number): void {
    this.#advance(nowUs);
    const slot = this.#second % WINDOW_SECONDS;
    this.#all[slot] = (this.#all[slot] ?? 0) + bytes;
    this.#allBytes += bytes;
    this.#json[slot] = (this.#json[slot] ?? 0) + jsonBytes;
    this.#jsonBytes += jsonBytes;
  }

  /** JSON bytes / all bytes of the window; 0 without traffic. */
  share(nowUs: number): number {
    this.#advance(nowUs);
    return this.#allBytes === 0 ? 0 : this.#jsonBytes / this.#allBytes;
  }

  /** Whether to raise `xcp.json_overuse` now: true at most once a minute. */
  alarm(nowUs: number): boolean {
    if (nowUs < this.#alarmAllowedUs) return false;
    if (this.share(nowUs) <= ALARM_SHARE || this.#allBytes < ALARM_MIN_BYTES) return false;
    this.#alarmAllowedUs = nowUs + WINDOW_SECONDS * SECOND_US;
    return true;
  }

  #advance(nowUs: number): void {
    const second = Math.floor(nowUs / SECOND_US);
    const steps = Math.min(second - this.#second, WINDOW_SECONDS);
    if (steps <= 0) return;
    for (let i = 1; i <= steps; i++) {
      const slot = (second - steps + i) % WINDOW_SECONDS;
      this.#jsonBytes -= this.#json[slot] ?? 0;
      this.#allBytes -= this.#all[slot] ?? 0;
      this.#json[slot] = 0;
      this.#all[slot] = 0;
    }
    this.#second = second;
  }
}
