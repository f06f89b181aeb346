import type { TrainingResult } from "../../dictionary/train-dictionary.js";
import type { DwcpCode } from "../../errors.js";
import type { DeltaAlgorithm } from "../../hde/delta-algorithm.js";
import type { UnitBody } from "../../wire/chunk.js";
import type { CodecName } from "../../wire/codec.js";
import type { SourceSpec } from "./source-spec.js";

/** What all units of a job have in common. */
export interface JobSpec {
  /** Not 0 once the job is closed: what is still to be encoded is for nobody then. */
  readonly closed: Int32Array<SharedArrayBuffer>;
  /** Bytes of a page. */
  readonly pageBytes: number;
  /** What a unit should come to, encoded. */
  readonly chunkBytes: number;
  /** What a unit may cover. */
  readonly maxUnitRawBytes: number;
  /** What a unit may come to, encoded. */
  readonly maxEncodedBytes: number;
  /** How differences are found. */
  readonly algorithm: DeltaAlgorithm;
  /** What a sample has to shrink by, or else bytes are stored. */
  readonly minRatio?: number | undefined;
  /** Whether the receiver decodes units that refer to a baseline and to own data at once. */
  readonly joint?: "agreed" | "refused" | undefined;
  /** Whether the receiver decodes streams of best mode that are packed by brotli. */
  readonly brotli?: "agreed" | "refused" | undefined;
  /** The object that is sent, at the sender. */
  readonly object?: SourceSpec | undefined;
  /** What the object is sent against, and the table of its anchors. */
  readonly baseline?:
    | {
        readonly slot: number;
        readonly spec: SourceSpec;
        readonly slots: Uint32Array<SharedArrayBuffer>;
      }
    | undefined;
  /** The table of the anchors of what the receiver has acknowledged of the object. */
  readonly ownSlots?: Uint32Array<SharedArrayBuffer> | undefined;
  /** What units without a baseline may be compressed with. */
  readonly dictionary?: { readonly slot: number; readonly bytes: Uint8Array } | undefined;
  /** Baselines to decode against, by slot; `SLOT_SELF` is what has arrived of the object itself. */
  readonly baselines?: readonly { readonly slot: number; readonly spec: SourceSpec }[] | undefined;
  /** Dictionaries to decode with, by slot. */
  readonly dictionaries?:
    | readonly { readonly slot: number; readonly bytes: Uint8Array }[]
    | undefined;
}

/** What a worker is asked to do. */
export type WorkerTask =
  | {
      readonly kind: "encode";
      readonly offset: number;
      readonly length: number;
      readonly level: number;
      /** How much of the object, from its start, units may refer to. */
      readonly ownBytes: number;
    }
  | { readonly kind: "decode"; readonly unit: UnitBody }
  | { readonly kind: "index" }
  /** Hashes the leaves of the object between two offsets. */
  | {
      readonly kind: "digest";
      readonly from: number;
      readonly to: number;
      readonly leafBytes: number;
    }
  | { readonly kind: "train"; readonly samples: readonly Uint8Array[]; readonly maxBytes: number }
  /** The receiver has acknowledged this stretch of the object: its anchors go into the table of own data. */
  | { readonly kind: "indexOwn"; readonly from: number; readonly to: number };

/** From the pool to a worker. */
export type ToWorker =
  | { readonly kind: "open"; readonly job: number; readonly spec: JobSpec }
  | { readonly kind: "close"; readonly job: number }
  | { readonly kind: "task"; readonly job: number; readonly id: number; readonly task: WorkerTask };

/** A unit whose encoded bytes lie in the buffer that comes with it. */
export interface PackedUnit extends Omit<UnitBody, "encoded"> {
  readonly encodedOffset: number;
  readonly encodedBytes: number;
}

/** What came out of a task. */
export type TaskResult =
  | {
      readonly kind: "encoded";
      readonly units: readonly PackedUnit[];
      readonly bytes: Uint8Array<ArrayBuffer>;
      /** How long it took, in s. */
      readonly seconds: number;
      /** The same, by the codec that was chosen. */
      readonly secondsByCodec: ReadonlyMap<CodecName, number>;
    }
  | { readonly kind: "decoded"; readonly raw: Uint8Array<ArrayBuffer> }
  | { readonly kind: "digested"; readonly digests: Uint8Array<ArrayBuffer> }
  | { readonly kind: "indexed" }
  | { readonly kind: "judged"; readonly training: TrainingResult };

/** From a worker to the pool. */
export type FromWorker =
  | { readonly kind: "done"; readonly id: number; readonly result: TaskResult }
  | {
      readonly kind: "failed";
      readonly id: number;
      /** `undefined` for what is no error of this package. */
      readonly code: DwcpCode | undefined;
      readonly message: string;
    };
