const DICTIONARY_MAGIC = [0x37, 0xa4, 0x30, 0xec];

/**
 * Makes a prefix safe for engines that only take dictionaries: one that begins as a trained dictionary does gets a zero byte
 * in front. Distances count from a prefix's end, so the frames are the same.
 */
export function plainPrefix(prefix: Uint8Array): Uint8Array {
  if (!DICTIONARY_MAGIC.every((byte, at) => prefix[at] === byte)) return prefix;
  const padded = new Uint8Array(prefix.length + 1);
  padded.set(prefix, 1);
  return padded;
}
