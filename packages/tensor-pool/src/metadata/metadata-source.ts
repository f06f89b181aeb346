import {
  type DataSourceMetaAttributes,
  encodeDataSourceAnnounce,
  encodeDataSourceMeta,
} from "../messages/generated/wire.js";

/** How often a stream says what it is, in nanoseconds. spec/tensor-pool.md §12 */
const PERIOD_NS = 1_000_000_000n;

/** What a stream is called. */
export interface DataSourceIdentity {
  /** The stream. */
  readonly streamId: number;
  /** The producer. */
  readonly producerId: number;
  /** For programs that look for it. */
  readonly name: string;
  /** For people. */
  readonly summary: string;
}

/** What frames mean: `format` is a media type or `sbe:<schema>.<template>`. */
export type MetadataAttribute = DataSourceMetaAttributes;

/** Says what a stream is, each second and on change. spec/tensor-pool.md §12 */
export class MetadataSource {
  readonly #identity: DataSourceIdentity;
  #epoch: bigint;
  #attributes: readonly MetadataAttribute[] = [];
  #metaVersion = 0;
  #nextNs = 0n;

  /** Starts without attributes, in version 0. */
  constructor(identity: DataSourceIdentity, epoch: bigint) {
    this.#identity = identity;
    this.#epoch = epoch;
  }

  /** The version that frames refer to. */
  get metaVersion(): number {
    return this.#metaVersion;
  }

  /** Changes what frames mean; returns the new version. */
  setAttributes(attributes: readonly MetadataAttribute[]): number {
    this.#attributes = attributes;
    this.#metaVersion++;
    this.#nextNs = 0n;
    return this.#metaVersion;
  }

  /** Takes a new generation of the stream's regions. */
  setEpoch(epoch: bigint): void {
    this.#epoch = epoch;
    this.#nextNs = 0n;
  }

  /** Sends everything again soon, because somebody has joined. */
  refresh(): void {
    this.#nextNs = 0n;
  }

  /** Returns the messages that are due: none, or both. */
  due(nowNs: bigint): readonly Uint8Array[] {
    if (nowNs < this.#nextNs) return [];
    this.#nextNs = nowNs + PERIOD_NS;
    const { streamId, producerId, name, summary } = this.#identity;
    const metaVersion = this.#metaVersion;
    const epoch = this.#epoch;
    return [
      encodeDataSourceAnnounce({ streamId, producerId, epoch, metaVersion, name, summary }),
      encodeDataSourceMeta({
        streamId,
        metaVersion,
        timestampNs: nowNs,
        attributes: this.#attributes,
      }),
    ];
  }
}
