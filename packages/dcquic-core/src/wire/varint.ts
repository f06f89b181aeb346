/** The largest varint that a decoder accepts. spec/dcquic.md §17.1 */
export const MAX_VARINT: number = Number.MAX_SAFE_INTEGER;

const WORD = 2 ** 32;

/**
 * How many bytes the shortest form of `value` takes: 1, 2, 4 or 8.
 *
 * @throws RangeError for what is not an integer in 0 … 2^53−1.
 */
export function varintSize(value: number): number {
  if (!(value >= 0 && value <= MAX_VARINT) || !Number.isInteger(value)) {
    throw new RangeError(`${value} is not a varint`);
  }
  if (value < 64) return 1;
  if (value < 16_384) return 2;
  return value < 1_073_741_824 ? 4 : 8;
}

/** How many bytes the varint takes that begins with `first`. */
export function varintSizeOf(first: number): number {
  return 1 << (first & 3);
}

/** Writes the shortest form of `value` at `offset`, which must have room for {@link varintSize}, and returns the size. */
export function putVarint(view: DataView, offset: number, value: number): number {
  const size = varintSize(value);
  if (size === 1) view.setUint8(offset, value << 2);
  else if (size === 2) view.setUint16(offset, (value << 2) | 1, true);
  else if (size === 4) view.setUint32(offset, ((value << 2) | 2) >>> 0, true);
  else {
    view.setUint32(offset, (((value % 2 ** 30) << 2) | 3) >>> 0, true);
    view.setUint32(offset + 4, Math.floor(value / 2 ** 30), true);
  }
  return size;
}

/** Reads a varint whose bytes are all there; more than {@link MAX_VARINT} when it does not fit a number. */
export function getVarint(view: DataView, offset: number): number {
  const first = view.getUint8(offset);
  switch (first & 3) {
    case 0:
      return first >>> 2;
    case 1:
      return view.getUint16(offset, true) >>> 2;
    case 2:
      return view.getUint32(offset, true) >>> 2;
    default:
      return (view.getUint32(offset, true) + WORD * view.getUint32(offset + 4, true) - 3) / 4;
  }
}
