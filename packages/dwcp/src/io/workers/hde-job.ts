import type { TrainingResult } from "../../dictionary/train-dictionary.js";
import type { UnitBody } from "../../wire/chunk.js";
import type { CodecName } from "../../wire/codec.js";
import type { ByteBudget } from "./byte-budget.js";
import type { TaskResult, WorkerTask } from "./worker-messages.js";

/** The units of an extent, in ascending order. */
export interface EncodedExtent {
  /** In ascending order. */
  readonly units: readonly UnitBody[];
  /** What it took a worker, in s. */
  readonly seconds: number;
  /** The same, by the codec that was chosen. */
  readonly secondsByCodec: ReadonlyMap<CodecName, number>;
}

/** How a job reaches the pool. */
export interface JobDoor {
  run(task: WorkerTask, transfer?: ArrayBuffer[]): Promise<TaskResult>;
  readonly decoding: ByteBudget;
  close(): void;
}

/** One object that is encoded, or one transfer that is decoded, by a pool. */
export class HdeJob {
  readonly #door: JobDoor;

  /** Made by {@link HdePool.open}. */
  constructor(door: JobDoor) {
    this.#door = door;
  }

  /** Fills the table of the baseline's anchors: from then on moved and similar content is found. */
  async index(): Promise<void> {
    await this.#door.run({ kind: "index" });
  }

  /**
   * Encodes an extent that begins at a page.
   *
   * @param ownBytes How much of the object, from its start, the receiver has acknowledged.
   * @throws DwcpError `dwcp.shutdown`; `dwcp.source_changed` where a file became shorter.
   */
  async encode(
    offset: number,
    length: number,
    level: number,
    ownBytes: number = 0,
  ): Promise<EncodedExtent> {
    const result = await this.#door.run({ kind: "encode", offset, length, level, ownBytes });
    if (result.kind !== "encoded") throw new TypeError(`a worker answered ${result.kind}`);
    const { bytes, seconds, secondsByCodec } = result;
    const units = result.units.map(({ encodedOffset, encodedBytes, ...unit }) => ({
      ...unit,
      encoded: bytes.subarray(encodedOffset, encodedOffset + encodedBytes),
    }));
    return { units, seconds, secondsByCodec };
  }

  /** Hashes the leaves of the object between `from`, where one begins, and `to`: 32 bytes each. */
  async digest(from: number, to: number, leafBytes: number): Promise<Uint8Array<ArrayBuffer>> {
    const result = await this.#door.run({ kind: "digest", from, to, leafBytes });
    if (result.kind !== "digested") throw new TypeError(`a worker answered ${result.kind}`);
    return result.digests;
  }

  /** Trains a dictionary, as `trainDictionary` does. */
  async train(samples: readonly Uint8Array[], maxBytes: number): Promise<TrainingResult> {
    const result = await this.#door.run({ kind: "train", samples, maxBytes });
    if (result.kind !== "judged") throw new TypeError(`a worker answered ${result.kind}`);
    return result.training;
  }

  /** Notes that the receiver has acknowledged a stretch of the object: units may be told to refer to it from then on. */
  async indexOwn(from: number, to: number): Promise<void> {
    await this.#door.run({ kind: "indexOwn", from, to });
  }

  /**
   * Decodes a unit, as `decodeUnit` does, to memory of its own. What is encoded is copied at once; beyond what may be decoded at
   * the same time, units wait.
   */
  async decode(unit: UnitBody): Promise<Uint8Array<ArrayBuffer>> {
    const encoded = new Uint8Array(unit.encoded);
    const { decoding } = this.#door;
    await decoding.take(unit.rawBytes);
    try {
      const task = { kind: "decode", unit: { ...unit, encoded } } as const;
      const result = await this.#door.run(task, [encoded.buffer]);
      if (result.kind !== "decoded") throw new TypeError(`a worker answered ${result.kind}`);
      return result.raw;
    } finally {
      decoding.give(unit.rawBytes);
    }
  }

  /** Lets the workers close what they opened for it. */
  close(): void {
    this.#door.close();
  }
}
