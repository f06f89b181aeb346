const SLOT_US = 250_000;
const SLOTS = 20;
const WINDOW_SECONDS = (SLOT_US * SLOTS) / 1e6;

/** Counts what arrives over the last five seconds, in slots of a quarter of a second. spec/dwcp.md B17 */
export class GoodputWindow {
  readonly #slots = new Float64Array(SLOTS);
  #newest = 0;

  /** Counts bytes that arrived now. Time does not run backwards. */
  add(nowUs: number, bytes: number): void {
    this.#advance(nowUs);
    const slot = this.#newest % SLOTS;
    this.#slots[slot] = (this.#slots[slot] ?? 0) + bytes;
  }

  /** Bytes per second over the window. */
  perSecond(nowUs: number): number {
    this.#advance(nowUs);
    let bytes = 0;
    for (const slot of this.#slots) bytes += slot;
    return bytes / WINDOW_SECONDS;
  }

  #advance(nowUs: number): void {
    const now = Math.floor(nowUs / SLOT_US);
    const first = Math.max(this.#newest + 1, now - SLOTS + 1);
    for (let slot = first; slot <= now; slot++) this.#slots[slot % SLOTS] = 0;
    this.#newest = Math.max(this.#newest, now);
  }
}
