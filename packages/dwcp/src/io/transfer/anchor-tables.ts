import { DwcpError } from "../../errors.js";
import { anchorSlots } from "../../hde/anchor-index.js";
import type { HdePool } from "../workers/hde-pool.js";
import { lengthOf, type SourceSpec } from "../workers/source-spec.js";

/** The table of a baseline's anchors, in memory that threads share. */
export type AnchorTable = Uint32Array<SharedArrayBuffer>;

/** What tables may take when no transfer uses them. */
const MAX_CACHED_BYTES = 134_217_728;

/**
 * Keeps the tables of the baselines that were used last: a table depends on nothing but the content that its id names, and
 * making one means to read all of it.
 */
export class AnchorTables {
  readonly #pool: HdePool;
  readonly #maxBytes: number;
  // The one that was used last is at the end.
  readonly #kept = new Map<string, Promise<AnchorTable>>();
  readonly #sizes = new Map<string, number>();

  /** `maxBytes` bounds what is kept; one table that exceeds it alone is not. */
  constructor(pool: HdePool, maxBytes: number = MAX_CACHED_BYTES) {
    this.#pool = pool;
    this.#maxBytes = maxBytes;
  }

  /** Bytes of the tables that are kept. */
  get bytes(): number {
    return [...this.#sizes.values()].reduce((sum, each) => sum + each, 0);
  }

  /** Gives the table of the content that `id` names, which is read from `spec` where the table is not at hand. */
  async of(id: string, spec: SourceSpec): Promise<AnchorTable> {
    const making = this.#kept.get(id) ?? this.#make(id, spec);
    this.#kept.delete(id);
    this.#kept.set(id, making);
    const table = await making;
    if (this.#kept.get(id) === making) this.#sizes.set(id, table.byteLength);
    for (const oldest of this.#kept.keys()) {
      if (this.bytes <= this.#maxBytes) break;
      this.#forget(oldest);
    }
    return table;
  }

  // Without a table only what stayed at its place is found: worse, not wrong.
  async #make(id: string, spec: SourceSpec): Promise<AnchorTable> {
    try {
      return await this.#pool.index(spec);
    } catch (error) {
      this.#forget(id);
      if (!(error instanceof DwcpError) || error.code !== "dwcp.decode") throw error;
      return anchorSlots(lengthOf(spec));
    }
  }

  #forget(id: string): void {
    this.#kept.delete(id);
    this.#sizes.delete(id);
  }
}
