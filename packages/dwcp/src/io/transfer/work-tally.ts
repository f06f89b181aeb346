import { type Gain, GainBook, type GainKey } from "../../hde/gain-book.js";
import type { CodecName } from "../../wire/codec.js";
import type { NackReason } from "../../wire/transfer-messages.js";

/** Why units were encoded again: what the receiver said, or a worker that died. */
export type FallbackReason = NackReason | "WORKER";

/** Where bytes turned out to be wrong: a unit, a leaf of what was stored, or the object for good. spec/dwcp.md B8 */
export type IntegrityStage = "unit" | "leaf" | "object";

/** What encoding, decoding and verifying came to. Totals only rise while the node lives. spec/dwcp.md B17 */
export interface WorkReading {
  /** Units that were handed to transfers, by codec. */
  readonly units: ReadonlyMap<CodecName, number>;
  /** Units that came and were decoded. */
  readonly decodedUnits: number;
  /** Bytes that workers encoded. */
  readonly originalBytes: number;
  /** Bytes that those were encoded to. */
  readonly encodedBytes: number;
  /** Time that workers took to encode, by the codec that was chosen. */
  readonly encodeSeconds: ReadonlyMap<CodecName, number>;
  /** What encoding gained lately, by kind of object, codec and level. */
  readonly gains: readonly Gain[];
  /** Units that were encoded again, and why. */
  readonly fallbacks: ReadonlyMap<FallbackReason, number>;
  /** Bytes that were not what they should be, and where that came out. */
  readonly integrityFailures: ReadonlyMap<IntegrityStage, number>;
  /** The level that was encoded at last; `undefined` before anything was. */
  readonly level: number | undefined;
}

/** Counts what the transfers of a node come to, those that fail too. */
export class WorkTally implements WorkReading {
  readonly units: Map<CodecName, number> = new Map();
  readonly encodeSeconds: Map<CodecName, number> = new Map();
  readonly fallbacks: Map<FallbackReason, number> = new Map();
  readonly integrityFailures: Map<IntegrityStage, number> = new Map();
  decodedUnits = 0;
  originalBytes = 0;
  encodedBytes = 0;
  level: number | undefined;
  readonly #gains = new GainBook();

  get gains(): readonly Gain[] {
    return this.#gains.list();
  }

  /** A unit was handed to a transfer. */
  encodedUnit(codec: CodecName): void {
    raise(this.units, codec, 1);
  }

  /** A unit that came is decoded. */
  decodedUnit(): void {
    this.decodedUnits += 1;
  }

  /** A worker was busy for so long with so many bytes. */
  spent(key: GainKey, rawBytes: number, encodedBytes: number, seconds: number): void {
    raise(this.encodeSeconds, key.codec, seconds);
    this.originalBytes += rawBytes;
    this.encodedBytes += encodedBytes;
    this.#gains.note(key, rawBytes, encodedBytes, seconds);
  }

  /** A unit has to be encoded again, without something. */
  fellBack(reason: FallbackReason): void {
    raise(this.fallbacks, reason, 1);
  }

  /** Bytes are not what they should be. */
  foundWrong(stage: IntegrityStage): void {
    raise(this.integrityFailures, stage, 1);
  }
}

function raise<K>(totals: Map<K, number>, key: K, by: number): void {
  totals.set(key, (totals.get(key) ?? 0) + by);
}
