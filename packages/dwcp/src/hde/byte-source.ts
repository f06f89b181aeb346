/** Bytes that can be read anywhere: an object, a baseline, what a transfer has committed so far. */
export interface ByteSource {
  /** How many there are. */
  readonly length: number;
  /**
   * Gives `length` bytes from `offset`, all of them inside. It may be a view: whoever keeps it copies it, and nobody writes
   * into it.
   */
  read(offset: number, length: number): Uint8Array;
}

/** Makes a source of bytes in memory; reads are views. */
export function memorySource(bytes: Uint8Array): ByteSource {
  return {
    length: bytes.length,
    read: (offset, length) => bytes.subarray(offset, offset + length),
  };
}
