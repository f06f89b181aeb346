import { DwcpError } from "../../errors.js";
import { decodeUnit } from "../../hde/decode-unit.js";
import type { HdePlatform } from "../../hde/hde-platform.js";
import type { DwcpLimits } from "../../limits.js";
import type { UsableSlots } from "../../session/incoming-transfers.js";
import type { ArrivedUnit, UnitBody } from "../../wire/chunk.js";
import { Codec, SLOT_SELF } from "../../wire/codec.js";
import type { OfferMessage } from "../../wire/transfer-messages.js";
import type { ObjectStore } from "../store/object-store.js";
import type { HdeJob } from "../workers/hde-job.js";
import type { HdePool } from "../workers/hde-pool.js";
import type { JobSpec } from "../workers/worker-messages.js";

/** A dictionary that stays until it is released. */
export interface UsedDictionary {
  readonly bytes: Uint8Array;
  release(): void;
}

/** What units of a transfer are decoded by. */
export interface UnitDecoderContext {
  readonly offer: OfferMessage;
  readonly store: ObjectStore;
  readonly pool: HdePool;
  readonly platform: HdePlatform;
  /** Finds a dictionary by its id, and keeps it until it is released. */
  readonly dictionary: (id: string) => UsedDictionary | undefined;
}

/** Decodes the units of one transfer in workers, with the baselines and dictionaries of its offer that are here. */
export class UnitDecoder {
  /** What of the offer is here, and was checked. */
  readonly slots: UsableSlots;
  readonly #job: HdeJob;
  readonly #context: Parameters<typeof decodeUnit>[1];
  readonly #dictionaries: UsedDictionary[] = [];

  /** `part` is what has arrived of the object itself. */
  constructor(
    context: UnitDecoderContext,
    part: { readonly path: string; readonly length: number },
    limits: DwcpLimits,
  ) {
    const { offer, platform, pool } = context;
    const baselines = this.#baselinesOf(context);
    const dictionaries = this.#dictionariesOf(context);
    const own = { kind: "file", path: part.path, length: part.length } as const;
    this.slots = {
      baselines: baselines.map(({ slot }) => slot),
      dictionaries: dictionaries.map(({ slot }) => slot),
    };
    this.#context = {
      platform,
      limits,
      pageBytes: offer.pageBytes,
      baseline: () => undefined,
      dictionary: () => undefined,
    };
    this.#job = pool.open({
      pageBytes: offer.pageBytes,
      chunkBytes: 0,
      maxUnitRawBytes: limits.maxUnitRawBytes,
      maxEncodedBytes: limits.maxFrameBytes,
      algorithm: "none",
      baselines: [...baselines, { slot: SLOT_SELF, spec: own }],
      dictionaries,
    });
  }

  /**
   * Decodes a unit; the bytes may be a view into it.
   *
   * @throws DwcpError what `decodeUnit` does; `details.slot` is the slot where the unit refers to one.
   */
  async decode(unit: ArrivedUnit): Promise<Uint8Array> {
    // Nothing is to be done for these that is worth the way to a worker.
    const isPlain =
      unit.codec === Codec.RAW || (unit.codec === Codec.ZERO && unit.rawBytes < 65_536);
    if (isPlain) return decodeUnit(unit, this.#context);
    try {
      return await this.#job.decode(unit);
    } catch (cause) {
      if (!(cause instanceof DwcpError) || !usesOwnData(unit)) throw cause;
      const details = { slot: SLOT_SELF };
      throw new DwcpError(cause.code, cause.message, { cause, details });
    }
  }

  /** Lets go of everything; units that are being decoded still come. */
  close(): void {
    this.#job.close();
    for (const dictionary of this.#dictionaries.splice(0)) dictionary.release();
  }

  #baselinesOf({ offer, store }: UnitDecoderContext): NonNullable<JobSpec["baselines"]> {
    return offer.baselines.flatMap(({ slot, id, length }) => {
      const source = store.baseline(id, length);
      source?.close();
      if (source === undefined) return [];
      return [{ slot, spec: { kind: "file", path: source.path, length } as const }];
    });
  }

  #dictionariesOf({
    offer,
    dictionary,
  }: UnitDecoderContext): { slot: number; bytes: Uint8Array }[] {
    return offer.dictionaries.flatMap(({ slot, id }) => {
      const used = dictionary(id);
      if (used === undefined || slot === 0) return [];
      this.#dictionaries.push(used);
      return [{ slot, bytes: used.bytes }];
    });
  }
}

// Whatever else such a unit lacks, it can come again without own data, and then say so.
function usesOwnData({ codec, baselineSlot }: UnitBody): boolean {
  return baselineSlot === SLOT_SELF || codec === Codec.JOINT_ZSTD;
}
