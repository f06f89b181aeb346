import { type ObjectSettings } from "../../hde/object-encoder.js";
import type { UnitBody } from "../../wire/chunk.js";
import { PayloadPool } from "../net/payload-pool.js";
import { FileSource } from "../store/file-source.js";
import { storedStep } from "./plain-units.js";
import type { SendSource } from "./send-source.js";
import { storedUnits } from "./stored-extents.js";

/**
 * Encodes extents of a file that is stored as it is, apart from its zeros: the system's threads read a unit at a time into memory that
 * sockets send, and that is read into again once the peer has the unit. A worker would read into fresh memory and sum it, and this
 * thread would sum it once more.
 *
 * The memory is one transfer's: what a peer claims to have too early can only show it other bytes of the same object.
 */
export class StoredFile {
  readonly #file: FileSource;
  readonly #settings: ObjectSettings;
  readonly #memory = new PayloadPool();
  // Of memory that one unit fills, its bytes. Where zeros were left out several units may share it.
  readonly #filledBy = new WeakMap<ArrayBufferLike, number>();

  private constructor(file: FileSource, settings: ObjectSettings) {
    this.#file = file;
    this.#settings = settings;
  }

  /** Of an object that can be encoded so: a whole file, and settings that ask for no search. */
  static of({ source }: SendSource, settings: ObjectSettings): StoredFile | undefined {
    if (settings.level !== 0 || !(source instanceof FileSource)) return undefined;
    return new StoredFile(source, settings);
  }

  /** Raw bytes of an extent that makes a unit of about `unitBytes`. */
  extentBytes(unitBytes: number): number {
    return storedStep(unitBytes, this.#settings);
  }

  /**
   * Encodes an extent, with the rest of its first page.
   *
   * @throws DwcpError `dwcp.source_changed` where the file became shorter.
   */
  async encode(extent: { readonly start: number; readonly end: number }): Promise<UnitBody[]> {
    const start = extent.start - (extent.start % this.#settings.pageBytes);
    const raw = this.#memory.take(extent.end - start);
    await this.#file.fill(start, raw);
    const units = storedUnits(raw, start, raw.length, this.#settings);
    const stored = units.filter(({ encoded }) => encoded.length > 0);
    if (stored.length === 0) this.#memory.give(raw);
    if (stored[0]?.encoded.length === raw.length) this.#filledBy.set(raw.buffer, raw.length);
    return units;
  }

  /** The peer has a unit, of which no other copy was ever under way: its memory may be used again. */
  landed({ encoded }: UnitBody): void {
    if (this.#filledBy.get(encoded.buffer) !== encoded.length) return;
    this.#filledBy.delete(encoded.buffer);
    this.#memory.give(encoded);
  }
}
