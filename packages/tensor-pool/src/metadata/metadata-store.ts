import type { DataSourceAnnounce, DataSourceMeta } from "../messages/generated/wire.js";
import type { MetadataAttribute } from "./metadata-source.js";

/** What is known of a stream's metadata. */
export interface StreamMetadata {
  /** The name, once it was announced. */
  readonly announce: DataSourceAnnounce | undefined;
  /** The version of the attributes. */
  readonly metaVersion: number;
  /** What frames of that version mean. */
  readonly attributes: readonly MetadataAttribute[];
}

/** Streams that are remembered at most: who announces more than these is not believed. */
const MAX_STREAMS = 65_536;

/** Remembers what streams say of themselves. spec/tensor-pool.md §12 */
export class MetadataStore {
  readonly #streams = new Map<number, StreamMetadata>();

  /** What is known of a stream. */
  get(streamId: number): StreamMetadata | undefined {
    return this.#streams.get(streamId);
  }

  /** Takes a name. A new epoch may start its versions over. */
  announced(announce: DataSourceAnnounce): void {
    const known = this.#streams.get(announce.streamId);
    if (known?.announce !== undefined && announce.epoch < known.announce.epoch) return;
    const renewed = known?.announce !== undefined && announce.epoch > known.announce.epoch;
    const kept = known === undefined || renewed ? { metaVersion: 0, attributes: [] } : known;
    this.#set(announce.streamId, { ...kept, announce });
  }

  /** Takes attributes; returns whether they are news. */
  described(meta: DataSourceMeta): boolean {
    const known = this.#streams.get(meta.streamId);
    if (known !== undefined && meta.metaVersion < known.metaVersion) return false;
    const news = known === undefined || meta.metaVersion > known.metaVersion;
    const { metaVersion, attributes } = meta;
    this.#set(meta.streamId, { announce: known?.announce, metaVersion, attributes });
    return news;
  }

  #set(streamId: number, metadata: StreamMetadata): void {
    if (this.#streams.has(streamId) || this.#streams.size < MAX_STREAMS) {
      this.#streams.set(streamId, metadata);
    }
  }
}
