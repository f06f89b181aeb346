/** What a flyweight lies on before it is wrapped around a buffer. */
const NOTHING = new DataView(new ArrayBuffer(0));

/**
 * A fixed block of fields, read in place: the base of all generated decoders.
 *
 * It owns no bytes and keeps no values: every getter reads the buffer under it.
 */
export abstract class BlockDecoder {
  /** The buffer being read. */
  view: DataView = NOTHING;
  /** Where the block starts in `view`. */
  at = 0;
  /** Bytes of the block as it was written, which may be more or fewer than this reader knows. */
  blockLength = 0;
  /** The version of the schema it was written with. */
  version = 0;

  /** Tells whether a field that ends at byte `end` and exists since version `since` was written. */
  protected has(end: number, since: number): boolean {
    return end <= this.blockLength && since <= this.version;
  }

  /** Lays this flyweight over a block that the caller has checked to be inside `view`. */
  protected lay(view: DataView, at: number, blockLength: number, version: number): void {
    this.view = view;
    this.at = at;
    this.blockLength = blockLength;
    this.version = version;
  }
}

/** A composite type, read in place. The field that holds it lays it. */
export abstract class CompositeDecoder extends BlockDecoder {
  /** Lays this composite at `at`, inside a block that was checked. */
  wrap(view: DataView, at: number, size: number, version: number): this {
    this.lay(view, at, size, version);
    return this;
  }
}
