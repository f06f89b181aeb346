import { classifyPages, MIN_RUN_PAGES, runLength } from "../../hde/page-classes.js";
import { type ObjectSettings } from "../../hde/object-encoder.js";
import { PageKind } from "../../hde/page-ops.js";
import type { UnitBody } from "../../wire/chunk.js";
import { Codec, SLOT_NONE } from "../../wire/codec.js";
import { zeroCrc } from "../../wire/zero-crc.js";
import { storedStep } from "./plain-units.js";
import type { SendSource } from "./send-source.js";

const PLAIN = { codecFlags: 0, baselineSlot: SLOT_NONE, dictionarySlot: 0 } as const;

/**
 * Encodes extents of an object that is stored as it is, apart from its zeros, in this thread: its bytes are in memory and
 * nothing is searched for in them, so that the way to a worker and back would cost more than all there is to do. Units are
 * views, and their bytes are summed once.
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
    const { pageBytes } = this.#settings;
    const start = extent.start - (extent.start % pageBytes);
    const raw = this.#object.source.read(start, extent.end - start);
    return storedUnits(raw, start, unitBytes, this.#settings);
  }
}

/** Makes units of about `unitBytes` of bytes that begin at a page: views of them, and long runs of zeros as what they are. */
export function storedUnits(
  raw: Uint8Array,
  start: number,
  unitBytes: number,
  settings: ObjectSettings,
): UnitBody[] {
  const { pageBytes, platform } = settings;
  const kinds = classifyPages(raw, start, pageBytes, undefined, platform);
  const stepPages = storedStep(unitBytes, settings) / pageBytes;
  const units: UnitBody[] = [];
  for (let page = 0; page < kinds.length;) {
    const zeros = zeroRun(kinds, page);
    const end = zeros > 0 ? page + zeros : storedEnd(kinds, page, stepPages);
    const piece = raw.subarray(page * pageBytes, end * pageBytes);
    units.push(unitOf(piece, start + page * pageBytes, zeros > 0, platform));
    page = end;
  }
  return units;
}

function unitOf(
  raw: Uint8Array,
  rawOffset: number,
  isZero: boolean,
  { crc32 }: Pick<ObjectSettings["platform"], "crc32">,
): UnitBody {
  const place = { rawOffset, rawBytes: raw.length, ...PLAIN };
  if (!isZero) return { ...place, codec: Codec.RAW, rawCrc: crc32(raw), encoded: raw };
  const encoded = raw.subarray(0, 0);
  return { ...place, codec: Codec.ZERO, rawCrc: zeroCrc(raw.length), encoded };
}

// Zeros that are worth a unit: a long run, or all that is left.
function zeroRun(kinds: Uint8Array, page: number): number {
  if (kinds[page] !== PageKind.ZERO) return 0;
  const run = runLength(kinds, page, kinds.length);
  return run >= MIN_RUN_PAGES || page + run === kinds.length ? run : 0;
}

function storedEnd(kinds: Uint8Array, start: number, mostPages: number): number {
  const most = Math.min(kinds.length, start + mostPages);
  let page = start;
  while (page < most && zeroRun(kinds, page) === 0) page += runLength(kinds, page, most);
  return page;
}
