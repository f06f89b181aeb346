/** Bytes that can be read anywhere: an object, a baseline, what a transfer has committed so far. */
export interface ByteSource {
  /** How many there are. */
  readonly length: number;
  /** All of them, where they lie in memory; nobody writes into it. */
  readonly view?: Uint8Array | undefined;
  /**
   * Gives `length` bytes from `offset`, all of them inside. It may be a view: whoever keeps it copies it, and nobody writes
   * into it.
   */
  read(offset: number, length: number): Uint8Array;
  /** Fills `into` with the bytes from `offset`: for sources whose {@link ByteSource.read} would take fresh memory each time. */
  readInto?(offset: number, into: Uint8Array): void;
}

/** Makes a source of bytes in memory; reads are views. */
export function memorySource(bytes: Uint8Array): ByteSource {
  // Without the class of a Buffer, whose views take many times as long to make.
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    length: plain.length,
    view: plain,
    read: (offset, length) => plain.subarray(offset, offset + length),
  };
}

/** Makes a source of the first `length` bytes of `source`, which has as many. */
export function startOf(source: ByteSource, length: number): ByteSource {
  const view = source.view?.subarray(0, length);
  return { length, view, read: (offset, wanted) => source.read(offset, wanted) };
}
