/** Bytes with the view that starts where they do. */
export interface Slab {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** Makes a slab of so many bytes, or of the given ones. */
export function slabOf(from: number | Uint8Array): Slab {
  const bytes = typeof from === "number" ? new Uint8Array(from) : new Uint8Array(from);
  return { bytes, view: new DataView(bytes.buffer) };
}
