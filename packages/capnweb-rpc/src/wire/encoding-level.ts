/**
 * What crosses a transport: JSON text, the tree that would be stringified, the same with raw bytes,
 * or whatever the structured clone algorithm takes. spec/capnweb.md §2.6
 */
export type EncodingLevel =
  | "string"
  | "jsonCompatible"
  | "jsonCompatibleWithBytes"
  | "structuredClonable";

/** What a level leaves as it is. */
export interface NativeValues {
  /** `["bytes", Uint8Array]` carries the bytes themselves. */
  readonly bytes: boolean;
  /** `undefined`, non-finite numbers, `bigint` and `Date` stand for themselves. */
  readonly scalars: boolean;
  /** The tree becomes text at once: long base64 may be a `PlainText` in it. */
  readonly plainText: boolean;
  /** `Map`, `Set` and `RegExp` cross, with tags of their own: both ends have agreed to it. §5.5 */
  readonly collections?: boolean | undefined;
}

const natives: ReadonlyMap<unknown, NativeValues> = new Map([
  ["string", { bytes: false, scalars: false, plainText: true }],
  ["jsonCompatible", { bytes: false, scalars: false, plainText: false }],
  ["jsonCompatibleWithBytes", { bytes: true, scalars: false, plainText: false }],
  ["structuredClonable", { bytes: true, scalars: true, plainText: false }],
]);

/**
 * Tells what `level` leaves as it is.
 *
 * @throws TypeError for a level that is not one of the four.
 */
export function nativeValues(level: EncodingLevel): NativeValues {
  const found = natives.get(level);
  if (found === undefined) throw new TypeError(`Unknown transport encodingLevel: ${level}`);
  return found;
}
