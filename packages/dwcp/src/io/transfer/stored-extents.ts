import { type ObjectSettings, ObjectEncoder } from "../../hde/object-encoder.js";
import type { UnitBody } from "../../wire/chunk.js";
import { cutStored } from "./plain-units.js";
import type { SendSource } from "./send-source.js";

/**
 * Encodes extents of an object that is stored as it is, apart from its zeros, in this thread: its bytes are in memory and
 * nothing is searched for in them, so that the way to a worker and back would cost more than all there is to do. Units are views.
 */
export class StoredExtents {
  readonly #object: SendSource;
  readonly #settings: ObjectSettings;

  constructor(object: SendSource, settings: ObjectSettings) {
    this.#object = object;
    this.#settings = settings;
  }

  /** Whether an object can be encoded so: `settings` ask for no search, and nothing has to be read. */
  static fits({ spec }: SendSource, { level }: ObjectSettings): boolean {
    return level === 0 && spec.kind === "shared";
  }

  /** Encodes an extent, with the rest of its first page, to units of about `unitBytes`. */
  encode(extent: { readonly start: number; readonly end: number }, unitBytes: number): UnitBody[] {
    const settings = { ...this.#settings, chunkBytes: unitBytes };
    const { platform, pageBytes } = settings;
    const encoder = new ObjectEncoder(this.#object.source, undefined, settings);
    const start = extent.start - (extent.start % pageBytes);
    const units = [...encoder.encode(start, extent.end - start)];
    return units.flatMap((unit) => cutStored(unit, unitBytes, { platform, settings }));
  }
}
