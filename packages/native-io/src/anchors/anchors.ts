/** What makes a place in bytes an anchor: a rolling hash over the 32 bytes before it. */
export interface Gear {
  /** One number per byte value, 256 of them: the hash is twice the one before, plus that of the next byte, in 32 bits. */
  readonly table: Int32Array;
  /** The bits of the hash that are 0 at an anchor. */
  readonly mask: number;
}

/** Anchors of one piece of bytes: positions and hashes side by side. */
export interface AnchorList {
  /** Where each ends, from the start of the piece, in ascending order. */
  readonly positions: Int32Array;
  /** Its hash. */
  readonly hashes: Int32Array;
}

/** Bytes that copies may come from, and where their anchors stand. */
export interface AnchoredBytes {
  /** The bytes. */
  readonly bytes: Uint8Array;
  /** A table that {@link Anchors.index} filled with places in them; one without entries finds nothing. */
  readonly slots: Uint32Array;
}

/** The most similar pages that {@link Anchors.similar} gives for one. */
export const SIMILAR_PAGES = 4;

/**
 * Loops over every byte that finding the same content at other places takes: content anchors, as used for references between
 * states of an object.
 *
 * A table has a power of two of entries. The entry of a hash is named by the top bits of its product with 0x9e3779b1; it holds
 * the place behind the anchor that was put there last, or 0. Threads may fill and read one at the same time.
 */
export interface Anchors {
  /** Finds the anchors of `bytes` and returns how many there are. More than `found` has room for: only the first are written. */
  scan(bytes: Uint8Array, gear: Gear, found: AnchorList): number;
  /**
   * Puts the anchors of `bytes`, which stand at `offset`, into a table, without those that end before byte `least` of them.
   *
   * @throws RangeError for a place beyond 32 bits, or a table that is none.
   */
  index(bytes: Uint8Array, offset: number, least: number, gear: Gear, slots: Uint32Array): void;
  /**
   * Finds, for every page of the scanned bytes that `wanted` has a 1 for, the {@link SIMILAR_PAGES} pages that most of its
   * anchors stand in, by the table: at least 2 of them. The first of equals comes first, and −1 fills what is left of a row.
   *
   * @param found Rows of {@link SIMILAR_PAGES} per page; rows of other pages stay.
   * @param except The page at the same place as the first one, or −1: none is similar to the page at its own place.
   */
  similar(
    anchors: AnchorList,
    count: number,
    slots: Uint32Array,
    pageBytes: number,
    wanted: Uint8Array,
    except: number,
    found: Int32Array,
  ): void;
  /**
   * Makes `raw` of copies and literals, and returns of how many: where a copy comes from, or −1, and how many bytes it has, in a
   * row. More than `steps` has room for: only the first are written.
   *
   * Where anchors say, and where the last copy would go on, bytes are compared and extended both ways; copies have 32 bytes at
   * least.
   *
   * @param expected Where the first byte is looked for first.
   * @param sources One or two; the second stands behind the first. The first that finds something decides.
   */
  match(
    raw: Uint8Array,
    expected: number,
    anchors: AnchorList,
    count: number,
    sources: readonly [AnchoredBytes, (AnchoredBytes | undefined)?],
    steps: Float64Array,
  ): number;
}
