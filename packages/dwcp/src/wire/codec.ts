/** How the bytes of a unit are encoded. spec/dwcp.md B5 */
export const Codec = {
  RAW: 0,
  ZSTD: 1,
  ZERO: 2,
  SAME: 3,
  XOR_ZSTD: 4,
  PREFIX_ZSTD: 5,
  PAGES: 6,
  COPYLIT: 7,
  BSDIFF: 8,
  JOINT_ZSTD: 9,
  BSDIFF_BROTLI: 10,
} as const;

/** The name of a codec. */
export type CodecName = keyof typeof Codec;

/** The number of a codec. */
export type CodecNumber = (typeof Codec)[CodecName];

/** Codec flag: the lists of operations and ranges are a zstd frame. spec/dwcp.md B5 */
export const FLAG_PACKED_LISTS = 0x01;

/** Baseline slot: none. spec/dwcp.md B5 */
export const SLOT_NONE = 0xffff;
/** Baseline slot: what this transfer itself has committed so far. spec/dwcp.md B5 */
export const SLOT_SELF = 0xfffe;

const names: ReadonlyMap<number, CodecName> = new Map(
  Object.entries(Codec).map(([name, number]) => [number, name as CodecName]),
);

/** Finds the name of `codec`, or `undefined` where the specification has none. */
export function codecNameOf(codec: number): CodecName | undefined {
  return names.get(codec);
}

/** Tells whether `codec` is one of the specification. */
export function isCodec(codec: number): codec is CodecNumber {
  return names.has(codec);
}
