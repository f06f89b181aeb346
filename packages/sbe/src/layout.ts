/** An unsigned integer inside a composite of the framing. */
export interface UnsignedPart {
  /** Bytes from the start of the composite. */
  readonly offset: number;
  /** Bytes of the integer. */
  readonly size: 1 | 2 | 4;
}

/** How the header of a schema's messages lies. */
export interface HeaderLayout {
  /** Bytes of the whole header. */
  readonly size: number;
  /** Whether integers are little-endian. */
  readonly little: boolean;
  /** Bytes of the block that follows. */
  readonly blockLength: UnsignedPart;
  /** Which message it is. */
  readonly templateId: UnsignedPart;
  /** Which schema it belongs to. */
  readonly schemaId: UnsignedPart;
  /** Which version of the schema its writer knew. */
  readonly version: UnsignedPart;
  /** How many groups the message has at its outer level, where the schema counts them. */
  readonly groups?: UnsignedPart;
  /** How many variable-length fields it has there, where the schema counts them. */
  readonly data?: UnsignedPart;
}

/** How the dimensions before the entries of a group lie. */
export interface DimensionLayout {
  /** Bytes of the dimensions. */
  readonly size: number;
  /** Whether integers are little-endian. */
  readonly little: boolean;
  /** Bytes of each entry's block. */
  readonly blockLength: UnsignedPart;
  /** How many entries follow. */
  readonly count: UnsignedPart;
  /** How many groups an entry has, where the schema counts them. */
  readonly groups?: UnsignedPart;
  /** How many variable-length fields an entry has, where the schema counts them. */
  readonly data?: UnsignedPart;
}

/** How the length before variable-length data lies. */
export interface DataLayout {
  /** Bytes of the length. */
  readonly size: 1 | 2 | 4;
  /** Whether the length is little-endian. */
  readonly little: boolean;
  /** The most bytes the data may have. */
  readonly maxLength: number;
  /** How the bytes are text; absent when they are not. */
  readonly text?: TextEncoding;
}

/** How text becomes bytes: `latin1` is also how US-ASCII is read. */
export type TextEncoding = "latin1" | "utf8";

/** Reads an unsigned integer of `size` bytes. */
export function readUnsigned(view: DataView, at: number, size: 1 | 2 | 4, little: boolean): number {
  if (size === 2) return view.getUint16(at, little);
  return size === 4 ? view.getUint32(at, little) : view.getUint8(at);
}

/** Writes an unsigned integer of `size` bytes. */
export function writeUnsigned(
  view: DataView,
  at: number,
  size: 1 | 2 | 4,
  value: number,
  little: boolean,
): void {
  if (size === 2) view.setUint16(at, value, little);
  else if (size === 4) view.setUint32(at, value, little);
  else view.setUint8(at, value);
}

/** The largest unsigned integer that fits into `size` bytes. */
export function largestUnsigned(size: 1 | 2 | 4): number {
  return 2 ** (8 * size) - 1;
}
