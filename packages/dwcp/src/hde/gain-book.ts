import type { CodecName } from "../wire/codec.js";
import type { TransferKind } from "../wire/transfer-messages.js";

/** What one way of encoding was chosen for. */
export interface GainKey {
  /** Of the object. */
  readonly kind: TransferKind;
  /** That was chosen. */
  readonly codec: CodecName;
  /** 0 to 9. */
  readonly level: number;
}

/** What that way has brought lately. */
export interface Gain extends GainKey {
  /** Raw bytes that did not have to be sent, per second of a worker; 0 where bytes were stored. */
  readonly savedBytesPerSecond: number;
  /** Raw bytes per second of a worker. */
  readonly rawBytesPerSecond: number;
}

// How fast the averages follow.
const WEIGHT = 0.2;

/**
 * Keeps what encoding costs and gains per kind of object, codec and level, as exponential averages.
 *
 * @see spec/dwcp.md B10
 */
export class GainBook {
  readonly #gains = new Map<string, Gain>();

  /** Notes that `rawBytes` were encoded to `encodedBytes` in so many seconds of a worker. */
  note(key: GainKey, rawBytes: number, encodedBytes: number, seconds: number): void {
    if (!(seconds > 0)) return;
    const { kind, codec, level } = key;
    const name = `${kind} ${codec} ${level}`;
    const saved = Math.max(0, rawBytes - encodedBytes) / seconds;
    const raw = rawBytes / seconds;
    const known = this.#gains.get(name);
    this.#gains.set(name, {
      kind,
      codec,
      level,
      savedBytesPerSecond: follow(known?.savedBytesPerSecond, saved),
      rawBytesPerSecond: follow(known?.rawBytesPerSecond, raw),
    });
  }

  /** All of them. */
  list(): readonly Gain[] {
    return [...this.#gains.values()];
  }
}

function follow(average: number | undefined, fresh: number): number {
  return average === undefined ? fresh : average + WEIGHT * (fresh - average);
}
