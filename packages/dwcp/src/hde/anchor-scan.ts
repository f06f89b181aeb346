const FIRST_ROOM = 16_384;

/** The anchors of a piece: positions and hashes side by side, in memory that serves piece after piece. */
export class AnchorScan {
  /** How many there are. */
  count = 0;
  /** Where each ends, from the start of the piece. */
  positions: Int32Array = new Int32Array(FIRST_ROOM);
  /** The hash of the 32 bytes that end there. */
  hashes: Int32Array = new Int32Array(FIRST_ROOM);

  /** Makes room for `anchors` and more; those that are there stay. */
  grow(anchors: number): void {
    for (const name of ["positions", "hashes"] as const) {
      const larger = new Int32Array(Math.max(2 * this[name].length, anchors));
      larger.set(this[name]);
      this[name] = larger;
    }
  }
}
